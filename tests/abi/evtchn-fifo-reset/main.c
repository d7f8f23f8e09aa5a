/* SPDX-License-Identifier: MIT */
/* Rule: reset takes a domain back to 2-level, lets go of its pages, and FIFO can be begun anew. */
#include "../kit/fifo.h"

static struct fifo fifo;

TEST
{
	struct evtchn_reset reset = { .dom = DOMID_SELF };
	unsigned int port;

	for (int round = 0; round < 2; round++) {
		fifo_start(&fifo);
		fifo_add_page(&fifo);
		port = event_self();
		check("send", event_send(port), 0);
		check("its word", *fifo_word(&fifo, port), FIFO_P | FIFO_L);
		check("reset", hypercall(event_channel_op, EVTCHNOP_reset, &reset), 0);
		check("closed", event_close(port), -XEN_EINVAL);
		check("at 2-level", fifo_expand(mfn_of(fifo.page[0])), -XEN_EOPNOTSUPP);
		fifo.page[0][port] = 0;
		port = event_self();
		check("send", event_send(port), 0);
		check("pending in shared_info", event_pending(port), 1);
		check("no word is written", fifo.page[0][port], 0);
		check("close", event_close(port), 0);
	}
	check("its page may be read-only again", va_protect(fifo.control, PTE_RO), 0);
}
