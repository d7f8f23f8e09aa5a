/* SPDX-License-Identifier: MIT */
/*
 * The checks between a netif ring and its use: what a peer put into copied slots is decoded into a
 * packet's description, or refused. Pure: no ring, no grants, no memory but the arguments'. The
 * slots are private copies, so that nothing changes between check and use.
 *
 * Names follow the header: tx is from the frontend to the backend, rx the other way.
 */
#pragma once

#include "lib/ring.h"

#include <xen/io/netif.h>

#include "net/packet.h"

/* A packet may take this many slots with data (XEN_NETIF_NR_SLOTS_MIN), and extras beside them. */
#define NETRING_DATA_MAX   XEN_NETIF_NR_SLOTS_MIN
#define NETRING_EXTRAS_MAX (XEN_NETIF_EXTRA_TYPE_MAX - 1)
#define NETRING_SLOTS_MAX  (NETRING_DATA_MAX + NETRING_EXTRAS_MAX)

/* Chains longer than allowed are skipped up to here; a longer one is no mistake any more. */
#define NETRING_CHAIN_MAX 64U

struct netring_slot {
	uint32_t slot;   /* index into the slots that were given */
	grant_ref_t ref; /* tx only */
	uint16_t id;
	uint16_t offset;
	uint16_t len;
};

enum netring_mcast {
	NETRING_MCAST_NONE,
	NETRING_MCAST_ADD,
	NETRING_MCAST_DEL,
};

struct netring_packet {
	uint32_t slots;       /* consumed: data and extras */
	uint32_t extra_first; /* index of the first extra, extra_count of them */
	uint32_t extra_count;
	uint32_t len;
	uint16_t flags; /* of the first slot */
	uint8_t gso;    /* enum packet_gso */
	uint8_t mcast; /* enum netring_mcast; tx: no packet then, but an order for the filter */
	uint8_t mcast_addr[6];
	uint16_t gso_size;
	uint16_t data_count;
	struct netring_slot data[NETRING_DATA_MAX];
};

/*
 * Decodes the packet at the start of `count` request slots.
 *	0	   packet is complete and sane
 *	-EBADMSG   it is to be refused; packet->slots and the extras tell what to answer
 *	-EAGAIN    the packet goes on behind the slots that were given
 *	-EPROTO    nothing can be believed any more: disconnect
 */
int netring_decode_tx(const struct netif_tx_request *slots, uint32_t count,
		      struct netring_packet *packet);

/*
 * The same for response slots on the frontend's side. A packet that the backend marks as failed is
 * -EBADMSG.
 */
int netring_decode_rx(const struct netif_rx_response *slots, uint32_t count,
		      struct netring_packet *packet);

/* Fills one extra slot of either ring. gso is not PACKET_GSO_NONE. */
void netring_gso_extra(struct netif_extra_info *extra, uint8_t gso, uint16_t size);
