/* SPDX-License-Identifier: MIT */
/* Decoding of netif slots: what is accepted, refused packet by packet, and ends the connection. */

// uses: net/netring.c
#include "net/netring.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static struct netif_tx_request tx[80];
static struct netif_rx_response rx[80];
static struct netring_packet packet;

static struct netif_tx_request *request(int slot, uint16_t offset, uint16_t size, uint16_t flags)
{
	tx[slot] = (struct netif_tx_request){
		.gref = 100 + (grant_ref_t)slot,
		.offset = offset,
		.size = size,
		.flags = flags,
		.id = (uint16_t)(slot + 1),
	};
	return &tx[slot];
}

static void response(int slot, uint16_t offset, int16_t status, uint16_t flags)
{
	rx[slot] = (struct netif_rx_response){
		.id = (uint16_t)slot,
		.offset = offset,
		.status = status,
		.flags = flags,
	};
}

static void gso(void *slot, uint8_t type, uint16_t size, bool more)
{
	struct netif_extra_info extra;

	netring_gso_extra(&extra, type, size);
	extra.flags = more;
	memcpy(slot, &extra, sizeof(extra));
}

static void test_tx_single(void)
{
	request(0, 10, 1514, NETTXF_csum_blank);
	assert(netring_decode_tx(tx, 1, &packet) == 0);
	assert(packet.slots == 1 && packet.len == 1514 && packet.data_count == 1);
	assert(packet.data[0].ref == 100 && packet.data[0].offset == 10);
	assert(packet.flags == NETTXF_csum_blank && packet.gso == PACKET_GSO_NONE);

	request(0, 0, 4096, 0);
	assert(netring_decode_tx(tx, 1, &packet) == 0);
	request(0, 1, 4096, 0);
	assert(netring_decode_tx(tx, 1, &packet) == -EBADMSG && packet.slots == 1);
	request(0, 0xffff, 60, 0);
	assert(netring_decode_tx(tx, 1, &packet) == -EBADMSG);
	request(0, 0, 13, 0);
	assert(netring_decode_tx(tx, 1, &packet) == -EBADMSG);
	assert(netring_decode_tx(tx, 0, &packet) == -EAGAIN);
}

static void test_tx_chain(void)
{
	request(0, 0, 9000, NETTXF_more_data);
	request(1, 0, 4096, NETTXF_more_data);
	request(2, 96, 4000, 0);
	assert(netring_decode_tx(tx, 5, &packet) == 0);
	assert(packet.slots == 3 && packet.data_count == 3);
	assert(packet.data[0].len == 904 && packet.data[2].len == 4000);
	assert(netring_decode_tx(tx, 2, &packet) == -EAGAIN); /* cut off */
	request(2, 97, 4000, 0);
	assert(netring_decode_tx(tx, 5, &packet) == -EBADMSG && packet.slots == 3);
	request(2, 0, 904 + 4000, 0); /* nothing left for the first slot */
	assert(netring_decode_tx(tx, 5, &packet) == -EBADMSG);
	request(2, 0, 0, 0);
	assert(netring_decode_tx(tx, 5, &packet) == -EBADMSG); /* an empty piece */
}

static void test_tx_long(void)
{
	for (int i = 0; i < 80; i++)
		request(i, 0, i ? 10 : 1000, NETTXF_more_data);
	tx[17].flags = 0;
	assert(netring_decode_tx(tx, 80, &packet) == 0 && packet.data_count == 18);
	tx[17].flags = NETTXF_more_data;
	tx[18].flags = 0;
	assert(netring_decode_tx(tx, 80, &packet) == -EBADMSG && packet.slots == 19);
	tx[18].flags = NETTXF_more_data;
	assert(netring_decode_tx(tx, 80, &packet) == -EPROTO);
}

static void test_tx_extras(void)
{
	request(0, 0, 3000, NETTXF_extra_info | NETTXF_more_data | NETTXF_csum_blank);
	gso(&tx[1], PACKET_GSO_TCPV6, 1440, false);
	request(2, 0, 1000, 0);
	assert(netring_decode_tx(tx, 3, &packet) == 0);
	assert(packet.slots == 3 && packet.extra_first == 1 && packet.extra_count == 1);
	assert(packet.gso == PACKET_GSO_TCPV6 && packet.gso_size == 1440);
	assert(packet.data[1].slot == 2 && packet.data[0].len == 2000);

	gso(&tx[1], PACKET_GSO_TCPV4, 0, false);
	assert(netring_decode_tx(tx, 3, &packet) == -EBADMSG && packet.slots == 3);
	((struct netif_extra_info *)&tx[1])->type = XEN_NETIF_EXTRA_TYPE_MCAST_ADD;
	assert(netring_decode_tx(tx, 3, &packet) == -EBADMSG && packet.slots == 3);
	gso(&tx[1], PACKET_GSO_TCPV4, 1440, true);
	assert(netring_decode_tx(tx, 2, &packet) == -EAGAIN);
	for (int i = 1; i < 10; i++)
		gso(&tx[i], PACKET_GSO_TCPV4, 1440, true);
	assert(netring_decode_tx(tx, 10, &packet) == -EPROTO);
}

/* An order for the multicast filter is a request of its own, without a packet. */
static void test_tx_multicast(void)
{
	struct netif_extra_info order = {
		.type = XEN_NETIF_EXTRA_TYPE_MCAST_ADD,
		.u.mcast.addr = { 0x01, 0, 0x5e, 1, 2, 3 },
	};

	request(0, 0, 0, NETTXF_extra_info);
	memcpy(&tx[1], &order, sizeof(order));
	assert(netring_decode_tx(tx, 2, &packet) == 0);
	assert(packet.mcast == NETRING_MCAST_ADD && packet.slots == 2 && !packet.data_count);
	assert(memcmp(packet.mcast_addr, order.u.mcast.addr, 6) == 0);
	order.type = XEN_NETIF_EXTRA_TYPE_MCAST_DEL;
	memcpy(&tx[1], &order, sizeof(order));
	assert(netring_decode_tx(tx, 2, &packet) == 0 && packet.mcast == NETRING_MCAST_DEL);
	/* Of one station, or with a packet behind it: refused as a whole. */
	request(0, 0, 0, NETTXF_extra_info | NETTXF_more_data);
	request(2, 0, 100, 0);
	assert(netring_decode_tx(tx, 3, &packet) == -EBADMSG && packet.slots == 3);
	request(0, 0, 0, NETTXF_extra_info);
	order.u.mcast.addr[0] = 0x02;
	memcpy(&tx[1], &order, sizeof(order));
	assert(netring_decode_tx(tx, 2, &packet) == -EBADMSG && packet.slots == 2);
	/* A backend has no such orders. */
	response(0, 0, 100, NETRXF_extra_info);
	order.u.mcast.addr[0] = 0x01;
	memcpy(&rx[1], &order, sizeof(order));
	assert(netring_decode_rx(rx, 2, &packet) == -EBADMSG && packet.slots == 2);
}

static void test_rx(void)
{
	response(0, 0, 4096, NETRXF_extra_info | NETRXF_more_data | NETRXF_data_validated);
	gso(&rx[1], PACKET_GSO_TCPV4, 1460, false);
	response(2, 2, 4094, NETRXF_more_data);
	response(3, 0, 100, 0);
	assert(netring_decode_rx(rx, 4, &packet) == 0);
	assert(packet.len == 8290 && packet.slots == 4 && packet.data_count == 3);
	assert(packet.data[1].slot == 2 && packet.data[1].offset == 2);
	for (uint32_t n = 0; n < 4; n++)
		assert(netring_decode_rx(rx, n, &packet) == -EAGAIN);
	response(2, 3, 4094, NETRXF_more_data);
	assert(netring_decode_rx(rx, 4, &packet) == -EBADMSG && packet.slots == 4);
	response(2, 0, NETIF_RSP_ERROR, NETRXF_more_data);
	assert(netring_decode_rx(rx, 4, &packet) == -EBADMSG && packet.slots == 4);
	response(0, 0, 0, 0);
	assert(netring_decode_rx(rx, 4, &packet) == -EBADMSG && packet.slots == 1);
	response(0, 0, 32767, 0);
	assert(netring_decode_rx(rx, 4, &packet) == -EBADMSG);
	for (int i = 0; i < 80; i++)
		response(i, 0, 4096, NETRXF_more_data);
	assert(netring_decode_rx(rx, 80, &packet) == -EPROTO);
}

int main(void)
{
	test_tx_single();
	test_tx_chain();
	test_tx_long();
	test_tx_extras();
	test_tx_multicast();
	test_rx();
	puts("netring: ok");
	return 0;
}
