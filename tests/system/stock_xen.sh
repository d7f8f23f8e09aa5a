#!/bin/sh
# SPDX-License-Identifier: MIT
# Rule: stock Xen with Linux as dom0 runs our images from their own configurations (`make xen-test` in short).
# timeout: 400
exec tests/stock/xen-test short
