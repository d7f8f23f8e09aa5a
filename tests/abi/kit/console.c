/* SPDX-License-Identifier: MIT */
/* What a test says: by console_io as dom0, by the ring of its toolstack as any other domain. */
#include "kit.h"
#include <xen/io/console.h>

#define STUCK (20000 * MS)

static char ring_page[PAGE_SIZE] ALIGNED(PAGE_SIZE);
static struct xencons_interface *ring;

void console_init(void)
{
	/* A peer has no console, and says nothing. */
	if (is_dom0() || !start_info->console.domU.evtchn)
		return;
	/* What comes of the toolstack's ports is no part of a test. */
	event_mask(start_info->console.domU.evtchn);
	event_mask(start_info->store_evtchn);
	if (va_map(ring_page, start_info->console.domU.mfn * PAGE_SIZE | PTE_KERN))
		error("the console's page cannot be mapped");
	ring = (struct xencons_interface *)ring_page;
}

static bool has_room(uint32_t bytes)
{
	return ring->out_prod - READ_ONCE(ring->out_cons) <= sizeof(ring->out) - bytes;
}

static void ring_write(const char *text, uint32_t len)
{
	struct evtchn_send send = { .port = start_info->console.domU.evtchn };
	uint64_t end = time_now() + STUCK;

	while (!has_room(len) && time_now() < end)
		hypercall_n(__HYPERVISOR_sched_op, SCHEDOP_yield, 0, 0, 0, 0);
	for (uint32_t i = 0; i < len; i++)
		ring->out[MASK_XENCONS_IDX(ring->out_prod + i, ring->out)] = text[i];
	wmb(); /* the text before the index that offers it */
	WRITE_ONCE(ring->out_prod, ring->out_prod + len);
	hypercall_n(__HYPERVISOR_event_channel_op, EVTCHNOP_send, (ulong)&send, 0, 0, 0);
}

void console_write(const char *text, size_t len)
{
	if (is_dom0())
		hypercall_n(__HYPERVISOR_console_io, CONSOLEIO_write, len, (ulong)text, 0, 0);
	else if (ring)
		ring_write(text, (uint32_t)len);
}

void console_flush(void)
{
	uint64_t end = time_now() + STUCK;

	while (ring && !has_room(sizeof(ring->out)) && time_now() < end)
		hypercall_n(__HYPERVISOR_sched_op, SCHEDOP_yield, 0, 0, 0, 0);
}
