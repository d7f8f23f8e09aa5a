/* SPDX-License-Identifier: MIT */
/* Rule: no frame makes the software offloads read or write outside it, or lose a page. */
// uses: net/offload.c net/checksum.c net/packet.c
#include "tests/host/netpacket.h"

static void segment(struct packet *packet)
{
	struct list segments = LIST_INIT(segments), *node;

	offload_segment(packet, &segments);
	while ((node = list_pop_front(&segments))) {
		struct packet *one = list_entry(node, struct packet, link);

		offload_finish(one);
		packet_put(one);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct packet *packet;

	if (size < 6 || size > 20000)
		return 0;
	packet = packet_alloc_len((uint32_t)size - 4);
	packet_write(packet, 0, data + 4, (uint32_t)size - 4);
	packet->gso = data[0] % 3;
	packet->gso_size = get16(data + 1);
	if (offload_prepare(packet))
		packet_put(packet);
	else if (packet->gso)
		segment(packet);
	else {
		offload_finish(packet);
		packet_put(packet);
	}
	return 0;
}
