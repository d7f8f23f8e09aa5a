/* SPDX-License-Identifier: MIT */
/* Large TCP segments out of a stack that knows only small ones. */
#pragma once

#include "net/packet.h"

/*
 * Marks a packet of the stack, with all its headers, that is longer than the link takes: to be cut
 * into segments that fit mtu (bytes of IP packet). The caller lets offload_prepare check it.
 */
void tso_mark(struct packet *packet, uint16_t mtu);
