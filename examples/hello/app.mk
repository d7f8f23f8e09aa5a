# SPDX-License-Identifier: MIT
# Needs neither network nor disk.
PARTS_hello :=
