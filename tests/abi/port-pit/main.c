/* SPDX-License-Identifier: MIT */
/*
 * Rule: dom0 has the timer's channel 2 and its gate to itself, and nothing of the timer's other
 * channels; an ordinary domain has none of it.
 */
#include "../kit/kit.h"

#define CHANNEL0 0x40
#define CHANNEL2 0x42
#define MODE     0x43
#define GATE     0x61
#define OUTPUT   0x20 /* in the gate: channel 2's */

static unsigned int in(unsigned int port)
{
	unsigned int al = 0;

	__asm__ volatile("inb %w1, %b0" : "+a"(al) : "d"(port));
	return al & 0xff;
}

static void out(unsigned int port, unsigned int value)
{
	__asm__ volatile("outb %b0, %w1" : : "a"(value), "d"(port));
}

static unsigned int count(void)
{
	unsigned int low;

	out(MODE, 0x80); /* latch channel 2 */
	low = in(CHANNEL2);
	return low | in(CHANNEL2) << 8;
}

/* Its mode, by a read-back. */
static unsigned int status(void)
{
	out(MODE, 0xe8);
	return in(CHANNEL2)&0x3f;
}

static void program(unsigned int mode, unsigned int from)
{
	out(MODE, mode);
	out(CHANNEL2, from & 0xff);
	out(CHANNEL2, from >> 8);
}

static void peer_tries(void)
{
	struct physdev_set_iopl iopl = { .iopl = 1 };

	box.value[0] = hypercall(physdev_op, PHYSDEVOP_set_iopl, &iopl);
	out(GATE, 0);
	out(MODE, 0xb0);
	box.value[1] = in(CHANNEL2);
	box.value[2] = in(MODE);
	box.value[3] = in(GATE);
}

TEST
{
	struct physdev_set_iopl iopl = { .iopl = 1 };
	static struct peer peer;
	unsigned int gate, first, both = 0;
	uint64_t before;

	check("set_iopl", hypercall(physdev_op, PHYSDEVOP_set_iopl, &iopl), 0);
	gate = in(GATE);
	out(GATE, 1);
	check("the gate opens, speaker off", in(GATE)&3, 1);
	program(0xb0, 0xffff); /* both bytes, interrupt on terminal count */
	first = count();
	check_that("it counts", wait_for(count() < first, 2000));
	check("its output, as long as it counts", in(GATE)&OUTPUT, 0);
	program(0xb0, 50);
	check_that("rises when it has counted", wait_for(in(GATE)&OUTPUT, 2000));

	out(GATE, 0);
	check("the gate closes", in(GATE)&3, 0);
	program(0xb4, 0x1234); /* rate generator */
	check("its mode, by a read-back", status(), 0x34);
	out(MODE, 0xe6); /* of the others */
	out(MODE, 0xd9); /* the count of channel 2, and a bit that is none */
	first = in(CHANNEL2);
	first |= in(CHANNEL2) << 8;
	check_that("a read-back of the count", first && first <= 0x1234);
	check("the mode cannot be read", in(MODE), 0);
	out(GATE, 0xff);
	check("all bits of the gate, but two, keep their values", (in(GATE) ^ gate) & 0x0c, 0);
	out(GATE, gate & 3);

	before = time_now();
	out(MODE, 0x30);
	out(CHANNEL0, 1);
	check("channel 0", in(CHANNEL0), 0xff);
	__asm__ volatile("inw %w1, %w0" : "+a"(both) : "d"(CHANNEL2 - 1));
	check("channel 1, with channel 2 behind it", both & 0xff, 0xff);
	check_that("time goes on", wait_for(time_now() > before + 20 * MS, 2000));

	peer_start(&peer, 1, peer_tries);
	check("a peer ends", peer_wait(&peer, 5000), SHUTDOWN_poweroff);
	check("its set_iopl", peer.box->value[0], 0);
	check("its channel 2", peer.box->value[1], 0xff);
	check("its mode", peer.box->value[2], 0xff);
	check("its gate", peer.box->value[3], 0xff);
	check("and it changed nothing of ours", status(), 0x34);
}
