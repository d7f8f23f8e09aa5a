/* SPDX-License-Identifier: MIT */
/*
 * Which packets belong together: those of one flow keep their order, so they take one queue.
 */
#pragma once

#include "net/packet.h"

/*
 * A number that is the same for all packets of a flow: of addresses and ports of TCP and UDP, of
 * addresses alone for other IP and for fragments, of the Ethernet addresses for all else.
 */
uint32_t packet_flow(const struct packet *packet);
