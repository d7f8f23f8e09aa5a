/* SPDX-License-Identifier: MIT */
/* Rule: a global virq goes to the domain that is its handler, and only global ones have one. */
#include "../kit/kit.h"

static void peer_listens(void)
{
	unsigned int port = event_virq(VIRQ_DOM_EXC);

	box.value[0] = 1;
	box.value[1] = wait_for(event_pending(port), 20000);
}

static void peer_dies(void) {}

static long handler(domid_t domid, unsigned int virq)
{
	struct xen_domctl op = { .u.set_virq_handler.virq = virq };

	return domctl(&op, XEN_DOMCTL_set_virq_handler, domid);
}

TEST
{
	static struct peer listener, other;
	unsigned int port = event_virq(VIRQ_DOM_EXC);

	peer_start(&listener, 1, peer_listens);
	check_that("a peer listens", wait_for(listener.box->value[0], 5000));
	check("it becomes the handler", handler(listener.id, VIRQ_DOM_EXC), 0);
	check("of a virq of one vcpu", handler(listener.id, VIRQ_TIMER), -XEN_EINVAL);
	check("of virq 24", handler(listener.id, 24), -XEN_EINVAL);
	check("nobody becomes it", handler(1000, VIRQ_DOM_EXC), -XEN_ESRCH);
	event_clear(port);
	peer_start(&other, 1, peer_dies);
	check("another peer ends", peer_wait(&other, 5000), SHUTDOWN_poweroff);
	check("the listener ends", peer_wait(&listener, 30000), SHUTDOWN_poweroff);
	check("it had the event", listener.box->value[1], 1);
	check("destroy of both", peer_destroy(&other) | peer_destroy(&listener), 0);
	check_that("its death gives the events back to dom0",
		   (event_clear(port), peer_start(&other, 1, peer_dies),
		    wait_for(event_pending(port), 5000)));
}
