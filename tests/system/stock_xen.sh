#!/bin/sh
# SPDX-License-Identifier: MIT
# Rule: stock Xen with Linux as dom0 creates hello from its own configuration (`make xen-test` in short).
# timeout: 900
exec tests/stock/xen-test hello
