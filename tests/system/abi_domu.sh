#!/bin/sh
# SPDX-License-Identifier: MIT
# Rule: what the rules of the ABI say of an ordinary domain holds in one, beside dom0 that takes the processor.
exec tests/stock/abi-domu lamina
