/* SPDX-License-Identifier: MIT */
/*
 * Flows: all packets of a connection have one number, fragments that of their addresses, and many
 * connections spread over the queues.
 */

// uses: net/flow.c
#include "net/flow.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static uint8_t frame[128];
static struct packet packet;

static uint32_t flow(uint32_t len)
{
	packet.frag_count = 1;
	packet.frags[0] = (struct packet_frag){ .data = frame, .len = len };
	packet.len = len;
	return packet_flow(&packet);
}

static void ipv4(uint8_t protocol, uint16_t from, uint16_t to)
{
	memset(frame, 0, sizeof(frame));
	frame[12] = 0x08;
	frame[14] = 0x45;
	frame[14 + 9] = protocol;
	memcpy(frame + 14 + 12, "\x0a\x00\x02\x0f\x0a\x00\x02\x10", 8);
	memcpy(frame + 34, &from, 2);
	memcpy(frame + 36, &to, 2);
}

static void test_ipv4(void)
{
	uint32_t tcp, ports, udp, addresses;

	ipv4(6, 1000, 80);
	tcp = flow(60);
	frame[46] = 0xff; /* flags of TCP */
	assert(flow(128) == tcp);
	ipv4(6, 1001, 80);
	ports = flow(60);
	ipv4(17, 1000, 80);
	udp = flow(60);
	assert(tcp != ports && tcp != udp);
	/* The first fragment and the others stay together. */
	frame[14 + 6] = 0x20;
	addresses = flow(60);
	frame[14 + 6] = 0;
	frame[14 + 7] = 8;
	frame[34] = 0x77;
	assert(flow(60) == addresses && addresses != udp);
	/* "Don't fragment" is no fragment. */
	ipv4(17, 1000, 80);
	frame[14 + 6] = 0x40;
	assert(flow(60) == udp);
}

/* Headers that lie about their length are not followed out of the piece. */
static void test_short(void)
{
	ipv4(6, 1000, 80);
	frame[14] = 0x4f;
	flow(34);
	frame[14] = 0x45;
	flow(34);
	flow(33);
	flow(14);
	assert(flow(13) == 0);
}

static void test_spread(void)
{
	unsigned int hits[4] = { 0 };

	for (uint16_t port = 32768; port < 33768; port++) {
		ipv4(6, port, 80);
		hits[flow(60) % 4]++;
	}
	for (int i = 0; i < 4; i++)
		assert(hits[i] > 150 && hits[i] < 350);
}

int main(void)
{
	test_ipv4();
	test_short();
	test_spread();
	puts("ok");
	return 0;
}
