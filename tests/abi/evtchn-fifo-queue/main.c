/* SPDX-License-Identifier: MIT */
/*
 * Rule: an event is linked behind the last of its priority's queue; head, ready and the upcall tell
 * of a queue that was empty only; one that is linked already stays where it is.
 */
#include "../kit/fifo.h"

static struct fifo fifo;

static uint32_t word(unsigned int port)
{
	return *fifo_word(&fifo, port);
}

static void quiet(void)
{
	fifo.control->ready = 0;
	vcpu->evtchn_upcall_pending = 0;
}

TEST
{
	unsigned int a, b, c;

	fifo_start(&fifo);
	fifo_add_page(&fifo);
	a = event_self();
	b = event_self();
	c = event_self();
	quiet();

	check("send to the first", event_send(a), 0);
	check("its word", word(a), FIFO_P | FIFO_L);
	check("head", fifo.control->head[7] == a, 1);
	check("ready", fifo.control->ready, 1 << 7);
	check("upcall pending", vcpu->evtchn_upcall_pending, 1);
	check("selector, of no use here", vcpu->evtchn_pending_sel & 1, 0);
	quiet();
	check("send to the second", event_send(b), 0);
	check("follows the first", word(a) == (FIFO_P | FIFO_L | b), 1);
	check("its word", word(b), FIFO_P | FIFO_L);
	check("head", fifo.control->head[7] == a, 1);
	check("ready", fifo.control->ready, 0);
	check("upcall pending", vcpu->evtchn_upcall_pending, 0);
	check("send to the first again", event_send(a), 0);
	check("nothing changed", word(a) == (FIFO_P | FIFO_L | b) && word(b) == (FIFO_P | FIFO_L),
	      1);

	check("the first is taken, what follows", fifo_take(&fifo, a) == b, 1);
	fifo.control->head[7] = b;
	check("send to it while it is pending", event_send(a), 0);
	check("linked behind the second", word(b) == (FIFO_P | FIFO_L | a), 1);
	check("its word", word(a), FIFO_P | FIFO_L);

	check("a higher priority", fifo_set_priority(c, 2), 0);
	check("send", event_send(c), 0);
	check("its own queue", fifo.control->head[2] == c, 1);
	check("ready", fifo.control->ready, 1 << 2);
	check("upcall pending", vcpu->evtchn_upcall_pending, 1);
	quiet();
	check("a change of priority while it is linked", fifo_set_priority(a, 2), 0);
	check("send", event_send(a), 0);
	check("stays where it was",
	      word(c) == (FIFO_P | FIFO_L) && word(b) == (FIFO_P | FIFO_L | a), 1);
	fifo_take(&fifo, b);
	fifo_take(&fifo, a);
	check("taken, and sent again", event_send(a), 0);
	check("to the other queue", word(c) == (FIFO_P | FIFO_L | a), 1);
	check("no head", fifo.control->ready, 0);
	check("send to the queue that it left", event_send(b), 0);
	check("head", fifo.control->head[7] == b, 1);
	check("ready", fifo.control->ready, 1 << 7);
}
