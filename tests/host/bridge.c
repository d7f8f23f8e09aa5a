/* SPDX-License-Identifier: MIT */
/* The bridge: where frames go, what it learns and forgets, and what a hostile port cannot do. */

// uses: net/bridge.c
#include "net/bridge.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define SECOND 1000000000ULL

static struct bridge bridge;
static uint64_t now;

/* One frame between the nth stations; the group bit of a station number is bit 15. */
static int frame(unsigned int port, unsigned int to, unsigned int from)
{
	uint8_t addresses[12] = {
		[0] = to & 0x8000 ? 0x33 : 0x02,
		[4] = (uint8_t)(to >> 8),
		[5] = (uint8_t)to,
		[6] = from & 0x8000 ? 0x33 : 0x02,
		[10] = (uint8_t)(from >> 8),
		[11] = (uint8_t)from,
	};

	return bridge_decide(&bridge, port, addresses, now);
}

static void start(uint16_t limit)
{
	bridge_init(&bridge, 0x123456789abcdefULL);
	now = SECOND;
	for (int i = 0; i < 4; i++)
		assert(bridge_add_port(&bridge, limit) == i);
}

static void test_learning(void)
{
	start(64);
	assert(frame(0, 2, 1) == BRIDGE_FLOOD);
	assert(frame(1, 1, 2) == 0);
	assert(frame(0, 2, 1) == 1);
	assert(frame(2, 0x8001, 3) == BRIDGE_FLOOD);
	assert(frame(2, 1, 0x8003) == BRIDGE_DROP); /* no station sends from a group */
	assert(frame(1, 2, 9) == BRIDGE_DROP);      /* both on one port */
	assert(frame(3, 1, 2) == 0);                /* 2 moves to port 3 */
	assert(frame(0, 2, 1) == 3);
	assert(bridge.learned[1] == 1 && bridge.learned[3] == 1);
}

static void test_ageing(void)
{
	start(64);
	frame(0, 2, 1);
	now += BRIDGE_AGE_NS;
	assert(frame(1, 1, 2) == 0);
	now += 1;
	assert(frame(1, 1, 2) == BRIDGE_FLOOD);
	assert(bridge.learned[0] == 0);
}

static void test_link_local(void)
{
	uint8_t stp[12] = { 0x01, 0x80, 0xc2, 0, 0, 0x0f, 2, 0, 0, 0, 0, 1 };

	start(64);
	assert(bridge_decide(&bridge, 0, stp, now) == BRIDGE_DROP);
	stp[5] = 0x10;
	assert(bridge_decide(&bridge, 0, stp, now) == BRIDGE_FLOOD);
}

static void test_share(void)
{
	start(8);
	for (unsigned int i = 0; i < 0x4000; i++)
		frame(0, 0x8000, 100 + i);
	assert(bridge.learned[0] <= 8);
	frame(1, 0x8000, 2);
	for (unsigned int i = 0; i < 0x4000; i++)
		frame(0, 0x8000, 100 + i);
	assert(frame(2, 2, 3) == 1);
}

static void test_ports(void)
{
	start(64);
	frame(0, 2, 1);
	frame(1, 1, 2);
	bridge_remove_port(&bridge, 0);
	assert(frame(1, 1, 2) == BRIDGE_FLOOD);
	assert(bridge_add_port(&bridge, 8) == 0 && bridge.learned[0] == 0);
	for (int i = 4; i < BRIDGE_PORTS; i++)
		assert(bridge_add_port(&bridge, 8) == i);
	assert(bridge_add_port(&bridge, 8) == -ENOSPC);
}

/* Counters agree with the table after any sequence of frames and ports. */
static void test_random(void)
{
	start(32);
	srand(1);
	for (int i = 0; i < 200000; i++) {
		unsigned int port = (unsigned int)rand() % 4;
		unsigned int count[BRIDGE_PORTS] = { 0 };
		int to;

		now += (uint64_t)(rand() % 1000) * (SECOND / 100);
		to = frame(port, (unsigned int)rand() % 2000, (unsigned int)rand() % 2000);
		assert(to == BRIDGE_FLOOD || to == BRIDGE_DROP || (to >= 0 && to < 4));
		assert(to != (int)port);
		if (i % 1000)
			continue;
		for (unsigned int s = 0; s < BRIDGE_SETS * BRIDGE_WAYS; s++) {
			struct bridge_entry *e = &bridge.table[s / BRIDGE_WAYS][s % BRIDGE_WAYS];

			if (e->seen)
				count[e->port]++;
		}
		for (int p = 0; p < BRIDGE_PORTS; p++)
			assert(count[p] == bridge.learned[p] && count[p] <= 32);
	}
}

int main(void)
{
	test_learning();
	test_ageing();
	test_link_local();
	test_share();
	test_ports();
	test_random();
	puts("bridge: ok");
	return 0;
}
