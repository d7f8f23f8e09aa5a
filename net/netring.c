/* SPDX-License-Identifier: MIT */
/* Decoding of netif slots (xen/io/netif.h: "Guest transmit", "Guest receive", "Extra Info"). */

#include "net/netring.h"

#include <errno.h>
#include <string.h>

/* Extras overlay the slots of both rings, in their first eight bytes. */
static struct netif_extra_info extra_of(const void *slot)
{
	struct netif_extra_info extra;

	memcpy(&extra, slot, sizeof(extra));
	return extra;
}

static int decode_gso(const struct netif_extra_info *extra, struct netring_packet *packet)
{
	if (!extra->u.gso.size)
		return -EBADMSG;
	switch (extra->u.gso.type) {
	case XEN_NETIF_GSO_TYPE_TCPV4:
		packet->gso = PACKET_GSO_TCPV4;
		break;
	case XEN_NETIF_GSO_TYPE_TCPV6:
		packet->gso = PACKET_GSO_TCPV6;
		break;
	default:
		return -EBADMSG;
	}
	packet->gso_size = extra->u.gso.size;
	return 0;
}

/* An order for the multicast filter: one address, which must be a group's. */
static int decode_mcast(const struct netif_extra_info *extra, struct netring_packet *packet)
{
	if (!(extra->u.mcast.addr[0] & 1))
		return -EBADMSG;
	packet->mcast = extra->type == XEN_NETIF_EXTRA_TYPE_MCAST_ADD ? NETRING_MCAST_ADD :
									NETRING_MCAST_DEL;
	memcpy(packet->mcast_addr, extra->u.mcast.addr, sizeof(packet->mcast_addr));
	return 0;
}

static int decode_extra(const struct netif_extra_info *extra, struct netring_packet *packet)
{
	if (packet->gso || packet->mcast)
		return -EBADMSG;
	switch (extra->type) {
	case XEN_NETIF_EXTRA_TYPE_GSO:
		return decode_gso(extra, packet);
	case XEN_NETIF_EXTRA_TYPE_MCAST_ADD:
	case XEN_NETIF_EXTRA_TYPE_MCAST_DEL:
		return decode_mcast(extra, packet);
	default:
		return -EBADMSG;
	}
}

/*
 * Walks the extras that follow the first slot. One of a kind that we do not offer makes the packet
 * bad, an endless chain the ring.
 */
static int decode_extras(const void *slots, size_t slot_size, uint32_t count,
			 struct netring_packet *packet)
{
	bool more = true;
	int err = 0;

	packet->extra_first = 1;
	while (more) {
		struct netif_extra_info extra;

		if (packet->extra_count == NETRING_EXTRAS_MAX)
			return -EPROTO;
		if (packet->slots == count)
			return -EAGAIN;
		extra = extra_of((const char *)slots + packet->slots * slot_size);
		packet->slots++;
		packet->extra_count++;
		more = extra.flags & XEN_NETIF_EXTRA_FLAG_MORE;
		if (decode_extra(&extra, packet))
			err = -EBADMSG;
	}
	return err;
}

static bool in_page(uint32_t offset, uint32_t len)
{
	return offset <= PAGE_SIZE && len <= PAGE_SIZE - offset;
}

/* One more piece; more than a packet may have are counted but not kept. */
static int add_data(struct netring_packet *packet, uint32_t data, struct netring_slot slot)
{
	if (data >= NETRING_CHAIN_MAX)
		return -EPROTO;
	if (data >= NETRING_DATA_MAX)
		return -EBADMSG;
	packet->data[packet->data_count++] = slot;
	return 0;
}

/* A worse error replaces a lesser one: -EBADMSG still consumes the chain, the others do not. */
static int worse(int old, int new)
{
	return new == 0 || old == -EPROTO || (old && new == -EBADMSG) ? old : new;
}

static struct netring_slot tx_slot(const struct netif_tx_request *req, uint32_t index)
{
	return (struct netring_slot){
		.slot = index,
		.ref = req->gref,
		.id = req->id,
		.offset = req->offset,
		.len = req->size,
	};
}

/*
 * The first slot's size is the whole packet's (netif.h), so its own part is what the others leave.
 */
static int settle_tx_sizes(struct netring_packet *packet)
{
	uint32_t others = 0;

	for (uint32_t i = 1; i < packet->data_count; i++)
		others += packet->data[i].len;
	if (others >= packet->len || packet->len < ETH_HEADER_LEN)
		return -EBADMSG;
	packet->data[0].len = (uint16_t)(packet->len - others);
	for (uint32_t i = 0; i < packet->data_count; i++)
		if (!packet->data[i].len || !in_page(packet->data[i].offset, packet->data[i].len))
			return -EBADMSG;
	return 0;
}

int netring_decode_tx(const struct netif_tx_request *slots, uint32_t count,
		      struct netring_packet *packet)
{
	const struct netif_tx_request *req = slots;
	uint32_t data = 1;
	int err;

	memset(packet, 0, offsetof(struct netring_packet, data));
	if (!count)
		return -EAGAIN;
	packet->slots = 1;
	packet->flags = req->flags;
	packet->len = req->size;
	err = add_data(packet, 0, tx_slot(req, 0));
	if (req->flags & NETTXF_extra_info)
		err = worse(err, decode_extras(slots, sizeof(*slots), count, packet));
	while (err != -EPROTO && err != -EAGAIN && req->flags & NETTXF_more_data) {
		if (packet->slots == count)
			return -EAGAIN;
		req = &slots[packet->slots];
		err = worse(err, add_data(packet, data++, tx_slot(req, packet->slots)));
		packet->slots++;
	}
	if (err)
		return err;
	if (packet->mcast) {
		err = packet->data_count > 1 ? -EBADMSG : 0;
		packet->data_count = 0;
		packet->len = 0;
		return err;
	}
	return settle_tx_sizes(packet);
}

int netring_decode_rx(const struct netif_rx_response *slots, uint32_t count,
		      struct netring_packet *packet)
{
	const struct netif_rx_response *rsp = slots;
	uint32_t data = 0, index = 0;
	int err = 0;

	memset(packet, 0, offsetof(struct netring_packet, data));
	if (!count)
		return -EAGAIN;
	packet->flags = rsp->flags;
	packet->slots = 1;
	if (rsp->flags & NETRXF_extra_info)
		err = decode_extras(slots, sizeof(*slots), count, packet);
	for (;;) {
		struct netring_slot slot = { .slot = index, .id = rsp->id, .offset = rsp->offset };

		if (err == -EPROTO || err == -EAGAIN)
			return err;
		if (rsp->status <= 0 || !in_page(rsp->offset, (uint32_t)rsp->status))
			err = worse(err, -EBADMSG);
		else
			slot.len = (uint16_t)rsp->status;
		err = worse(err, add_data(packet, data++, slot));
		packet->len += slot.len;
		if (!(rsp->flags & NETRXF_more_data))
			break;
		if (packet->slots == count)
			return -EAGAIN;
		index = packet->slots++;
		rsp = &slots[index];
	}
	if (!err && (packet->mcast || packet->len < ETH_HEADER_LEN || packet->len > PACKET_LEN_MAX))
		err = -EBADMSG;
	return err;
}

void netring_gso_extra(struct netif_extra_info *extra, uint8_t gso, uint16_t size)
{
	*extra = (struct netif_extra_info){
		.type = XEN_NETIF_EXTRA_TYPE_GSO,
		.u.gso = {
			.size = size,
			.type = gso == PACKET_GSO_TCPV4 ? XEN_NETIF_GSO_TYPE_TCPV4 :
							  XEN_NETIF_GSO_TYPE_TCPV6,
		},
	};
}
