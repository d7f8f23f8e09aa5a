/* SPDX-License-Identifier: MIT */
/*
 * A frontend that keeps no protocol, against dom0's backends: it connects with good or bad ring
 * references, publishes requests of nonsense under any index, changes its state at will, sends the
 * store messages of all kinds, and vanishes with requests in flight.
 */
#include "torture.h"
#include <xen/io/xs_wire.h>

#define RINGS 4
static char rings[RINGS][PAGE_SIZE] ALIGNED(PAGE_SIZE);
static char data[PAGE_SIZE] ALIGNED(PAGE_SIZE);
enum { REF_RING = 8, REF_DATA = REF_RING + RINGS };

static evtchn_port_t ports[2];
static const char *const devices[] = { "device/vif/0", "device/vbd/51712" };

static void key_write(unsigned int device, const char *key, uint64_t value)
{
	static const char *const words[] = {
		"", "-1", "x", "4294967296", "99999999999999999999", "0x10", "1 2", "\xff"
	};
	char path[64];

	str_format(path, sizeof(path), "%s/%s", devices[device], key);
	if (one_in(16))
		store_write(path, "%s", pick(words));
	else
		store_write(path, "%lu", one_in(16) ? wild_number() : value);
}

/* The requests in the rings: some would be good, were it not for the others. */
static void rings_fill(void)
{
	for (unsigned int i = 0; i < RINGS; i++) {
		wild_fill(rings[i], PAGE_SIZE);
		for (unsigned int at = 64; one_in(4) && at + 12 <= PAGE_SIZE; at += 4)
			*(uint32_t *)(rings[i] + at) = REF_DATA + random_below(8);
		for (unsigned int at = 0; at < 4; at++) /* mostly of an empty ring */
			((uint32_t *)rings[i])[at] = one_in(32) ? (uint32_t)wild_number() : at & 1;
	}
}

/* As blkif and netif lay a ring out: req_prod, req_event, rsp_prod, rsp_event, then requests. */
static void rings_move(void)
{
	volatile uint32_t *ring = (uint32_t *)pick(rings);

	switch (random_below(4)) {
	case 0:
		ring[0] += random_below(4);
		break;
	case 1:
		ring[0] += random_below(400);
		break;
	case 2:
		ring[random_below(4)] = (uint32_t)wild_number();
		break;
	default:
		wild_fill((char *)ring + 64 + random_below(2000), 512);
	}
	event_send(pick(ports));
}

static void grants_give(void)
{
	for (unsigned int i = 0; i < RINGS; i++)
		grant_give(REF_RING + i, 0, rings[i], 0);
	for (unsigned int i = 0; i < 8; i++)
		grant_give(REF_DATA + i, 0, data, one_in(2) ? GTF_readonly : 0);
}

static void connect(unsigned int device)
{
	ports[device] = event_alloc(DOMID_SELF, 0);
	key_write(device, "event-channel", ports[device]);
	if (device) {
		key_write(device, "ring-ref", REF_RING + 2);
		store_write("device/vbd/51712/protocol", one_in(4) ? "x86_32-abi" : "x86_64-abi");
		if (one_in(4)) {
			key_write(device, "ring-page-order", 1);
			key_write(device, "ring-ref0", REF_RING + 2);
			key_write(device, "ring-ref1", REF_RING + 3);
		}
	} else {
		key_write(device, "tx-ring-ref", REF_RING);
		key_write(device, "rx-ring-ref", REF_RING + 1);
		key_write(device, "request-rx-copy", 1);
		key_write(device, "feature-rx-notify", 1);
		key_write(device, "feature-sg", random_below(2));
		key_write(device, "feature-gso-tcpv4", random_below(2));
	}
	key_write(device, "state", 3 + random_below(2));
}

static void store_message(void)
{
	static const char *const paths[] = {
		"device", "/local/domain/0", "/", "@releaseDomain", "a/b/c/d", "device/vif/0/state",
		"//",     "a\x01",           ""
	};
	char payload[512];
	size_t len = (size_t)str_format(payload, 128, "%s", pick(paths)) + 1;

	/* A transaction or a watch too many is to be refused, not to be held for ever. */
	wild_fill(payload + len, 64);
	if (one_in(4))
		len += random_below(300);
	store_call(random_below(24), payload, len, NULL, 0);
}

static void quarrel(unsigned int device)
{
	static const unsigned int states[] = { 1, 2, 3, 4, 5, 6, 6, 1, 7, 8 };

	for (unsigned int i = random_below(200); i > 0; i--) {
		rings_move();
		if (one_in(8))
			hypercall(sched_op, SCHEDOP_yield);
		if (one_in(64))
			key_write(device, "state", pick(states));
		if (one_in(64))
			store_message();
		if (one_in(64)) /* a page that was promised is taken back */
			grant_table[REF_DATA + random_below(8)].flags = 0;
	}
	key_write(device, "state", 5);
	hypercall(sched_op, SCHEDOP_yield);
	key_write(device, "state", 6);
	hypercall(sched_op, SCHEDOP_yield);
	event_close(ports[device]);
	key_write(device, "state", 1);
}

void front_run(ulong rounds)
{
	for (; steps < rounds; steps++) {
		unsigned int device = random_below(2);

		grants_give();
		rings_fill();
		connect(device);
		wait_for(false, 5 + random_below(20));
		quarrel(device);
	}
	connect(0);
	connect(1);
	wait_for(false, 30);
	rings_move();
}
