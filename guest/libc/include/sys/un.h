/* SPDX-License-Identifier: MIT */
/* Addresses of local sockets; no such sockets exist here (socket says EAFNOSUPPORT). */
#pragma once

#include <sys/socket.h>

struct sockaddr_un {
	uint8_t sun_len;
	sa_family_t sun_family;
	char sun_path[104];
};
