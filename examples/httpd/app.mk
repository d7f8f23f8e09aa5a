# SPDX-License-Identifier: MIT
PARTS_httpd := net disk
