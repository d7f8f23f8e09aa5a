# SPDX-License-Identifier: MIT
PARTS_echo := net
PORT_echo := 7
