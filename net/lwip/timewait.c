/* SPDX-License-Identifier: MIT */
/*
 * Bounds the connections in TIME_WAIT. A server that closes first has one for each connection of
 * the last seconds; lwIP keeps them in a list that every SYN walks to its end, and their memory
 * comes from the heap of those that are alive. Beyond the bound the oldest go, as on other systems.
 */

#include "net/lwip/timewait.h"

#include "lwip/priv/tcp_priv.h"

#define TIME_WAIT_MAX   256
#define PACKETS_BETWEEN 64 /* looks at the list: so many may be beyond the bound */

static unsigned int packets;

/* lwIP puts new ones at the front. */
static void trim(void)
{
	struct tcp_pcb *last = tcp_tw_pcbs;

	for (unsigned int i = 1; last && i < TIME_WAIT_MAX; i++)
		last = last->next;
	while (last && last->next)
		tcp_abort(last->next);
}

void timewait_input(const struct tcp_pcb *pcb)
{
	if (++packets % PACKETS_BETWEEN == 0 && pcb->state != TIME_WAIT)
		trim();
}
