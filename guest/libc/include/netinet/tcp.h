/* SPDX-License-Identifier: MIT */
/* Options of TCP sockets (level IPPROTO_TCP); lwIP's numbers. */
#pragma once

#define TCP_NODELAY   1
#define TCP_KEEPALIVE 2 /* idle time in milliseconds */
#define TCP_KEEPIDLE  3 /* the same in seconds */
#define TCP_KEEPINTVL 4 /* seconds between probes */
#define TCP_KEEPCNT   5 /* probes before giving up */
