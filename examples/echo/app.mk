# SPDX-License-Identifier: MIT
PARTS_echo := net
