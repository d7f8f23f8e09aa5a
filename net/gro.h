/* SPDX-License-Identifier: MIT */
/*
 * Generic receive offload: what arrived as neighbouring segments of one TCP connection goes on as
 * one large packet, so that bridge, ring and stack work once for all of them. Pure but for the
 * memory of packets.
 */
#pragma once

#include "net/packet.h"

/*
 * Joins packets of a burst, linked by `link`, that came whole from a wire. What is joined is a GSO
 * packet, BLANK, which cut again gives the segments that came, bit by bit. Everything else stays as
 * it is; nothing overtakes a packet of its own connection. A segment whose checksum is wrong is
 * never joined.
 */
void gro_join(struct list *burst);
