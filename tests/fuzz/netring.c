/* SPDX-License-Identifier: MIT */
/* Rule: whatever a peer puts into netif slots, what is decoded lies within its slots and pages. */
// uses: net/netring.c
#include "net/netring.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void check(const struct netring_packet *packet, int err, uint32_t count)
{
	uint32_t sum = 0;

	if (err == -EAGAIN || err == -EPROTO)
		return;
	if (packet->slots == 0 || packet->slots > count ||
	    packet->extra_first + packet->extra_count > packet->slots + 1 ||
	    packet->data_count > NETRING_DATA_MAX)
		abort();
	if (err)
		return;
	for (uint32_t i = 0; i < packet->data_count; i++) {
		const struct netring_slot *slot = &packet->data[i];

		if (slot->slot >= packet->slots || slot->offset + slot->len > PAGE_SIZE ||
		    !slot->len)
			abort();
		sum += slot->len;
	}
	if (packet->mcast) {
		if (packet->data_count || packet->slots != packet->extra_count + 1 ||
		    !(packet->mcast_addr[0] & 1))
			abort();
		return;
	}
	if (sum != packet->len || packet->len < ETH_HEADER_LEN ||
	    packet->data_count + packet->extra_count != packet->slots)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct netif_tx_request tx[NETRING_CHAIN_MAX + 8];
	static struct netif_rx_response rx[NETRING_CHAIN_MAX + 8];
	struct netring_packet packet;
	uint32_t count;

	memcpy(tx, data, MIN(size, sizeof(tx)));
	count = (uint32_t)MIN(size / sizeof(tx[0]), ARRAY_SIZE(tx));
	check(&packet, netring_decode_tx(tx, count, &packet), count);
	memcpy(rx, data, MIN(size, sizeof(rx)));
	count = (uint32_t)MIN(size / sizeof(rx[0]), ARRAY_SIZE(rx));
	check(&packet, netring_decode_rx(rx, count, &packet), count);
	return 0;
}
