/* SPDX-License-Identifier: MIT */
/*
 * A learning bridge (IEEE 802.1D, 7.7 and 7.9) as pure logic: which port a frame goes to. It owns
 * no packets and no devices, and there is no spanning tree: whoever attaches two uplinks of one
 * network to it makes a loop. The caller serialises.
 *
 * Ports are hostile. A source address is learned on the port where it was seen last, but each port
 * may fill only its share of the table, so that one that invents addresses cannot push all others
 * out; and the table's places depend on a secret.
 */
#pragma once

#include "lib/bitops.h"
#include "lib/types.h"

#define BRIDGE_PORTS  256
#define BRIDGE_AGE_NS (300 * 1000000000ULL) /* 802.1D's default: five minutes */
#define BRIDGE_WAYS   4
#define BRIDGE_SETS   256

/* What bridge_decide answers when it is no port number. */
#define BRIDGE_FLOOD (-1) /* to every port but the one that it came from */
#define BRIDGE_DROP  (-2)

struct bridge_entry {
	uint64_t seen; /* ns; 0: free */
	uint64_t mac : 48;
	uint64_t port : 8;
};

struct bridge {
	uint64_t secret;
	BITMAP(ports, BRIDGE_PORTS);
	uint16_t learned[BRIDGE_PORTS];
	uint16_t limit[BRIDGE_PORTS];
	struct bridge_entry table[BRIDGE_SETS][BRIDGE_WAYS];
};

void bridge_init(struct bridge *bridge, uint64_t secret);

/* A new port that may have up to `limit` addresses. Its number, or -ENOSPC. */
int bridge_add_port(struct bridge *bridge, uint16_t limit);

/* Forgets the port and its addresses. */
void bridge_remove_port(struct bridge *bridge, unsigned int port);

/*
 * Learns from a frame's first 12 bytes, destination and source, which came in by a port, and says
 * where the frame goes. now: nanoseconds of a clock that never goes back, not 0.
 */
int bridge_decide(struct bridge *bridge, unsigned int port, const uint8_t addresses[12],
		  uint64_t now);
