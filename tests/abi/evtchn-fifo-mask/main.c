/* SPDX-License-Identifier: MIT */
/*
 * Rule: a masked event is pending and on no queue, until unmask; what came before there was a word
 * for it comes with its page; a closed port is not given out while it is still linked.
 */
#include "../kit/fifo.h"

static struct fifo fifo;

TEST
{
	unsigned int early = event_self(), port, next;
	struct sched_poll poll = { .nr_ports = 1 }; /* without an end */
	event_word_t *w;

	check("send at 2-level", event_send(early), 0);
	fifo_start(&fifo);
	vcpu->evtchn_upcall_pending = 0;
	port = event_self();
	check("send without a word", event_send(port), 0);
	check("no upcall", vcpu->evtchn_upcall_pending, 0);
	fifo_add_page(&fifo);
	check("the one of 2-level", *fifo_word(&fifo, early) == (FIFO_P | FIFO_L | port), 1);
	check("and the one without a word", *fifo_word(&fifo, port), FIFO_P | FIFO_L);
	check("head", fifo.control->head[7] == early, 1);
	check("upcall pending", vcpu->evtchn_upcall_pending, 1);

	fifo_take(&fifo, early);
	fifo_take(&fifo, port);
	w = fifo_word(&fifo, port);
	*w = FIFO_M;
	fifo.control->ready = 0;
	vcpu->evtchn_upcall_pending = 0;
	check("send to a masked one", event_send(port), 0);
	check("its word", *w, FIFO_P | FIFO_M);
	check("ready", fifo.control->ready, 0);
	set_xen_guest_handle(poll.ports, &port);
	check("poll finds it", hypercall(sched_op, SCHEDOP_poll, &poll), 0);
	check("unmask", fifo_unmask(port), 0);
	check("its word", *w, FIFO_P | FIFO_L);
	check("ready", fifo.control->ready, 1 << 7);
	check("upcall pending", vcpu->evtchn_upcall_pending, 1);
	check("unmask of one not masked", fifo_unmask(port), 0);
	check("its word", *w, FIFO_P | FIFO_L);

	check("close while it is linked", event_close(port), 0);
	check("its word", *w, FIFO_L);
	next = event_self();
	check("another is given out", next != port, 1);
	fifo_take(&fifo, port);
	check("taken from the queue, it is given out", event_self() == port, 1);
}
