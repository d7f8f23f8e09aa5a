/* SPDX-License-Identifier: MIT */
/* Rule: with FIFO a domain has more than the 4096 ports of 2-level, each with its own word. */
#include "../kit/fifo.h"

#define PORTS 5000

static struct fifo fifo;

TEST
{
	struct evtchn_bind_ipi bind = { .vcpu = 0 };
	unsigned int first = event_self(), last = first;
	long err = 0;

	fifo_start(&fifo);
	while (fifo.pages < 4)
		fifo_add_page(&fifo);
	while (!err && last < PORTS) {
		err = hypercall(event_channel_op, EVTCHNOP_bind_ipi, &bind);
		last = bind.port;
	}
	check("binding", err, 0);
	check("the last port", last, PORTS);
	check("send to it, without a word", event_send(last), 0);
	check("send to one of the fourth page", event_send(4000), 0);
	check("its word", *fifo_word(&fifo, 4000), FIFO_P | FIFO_L);
	fifo_add_page(&fifo);
	check("the last one's", *fifo_word(&fifo, last), FIFO_P | FIFO_L);
	check("comes second", *fifo_word(&fifo, 4000), (FIFO_P | FIFO_L | PORTS));
	check("send beyond", event_send(last + 1), -XEN_EINVAL);
	check("close", event_close(last), 0);
	check("send to a closed one", event_send(last), -XEN_EINVAL);
}
