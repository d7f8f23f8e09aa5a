/* SPDX-License-Identifier: MIT */
/* The console's and the store's rings, from the domain's side. */
#include "torture.h"
#include <xen/io/console.h>
#include <xen/io/xs_wire.h>

#define STORE_MS 3000

static char console_page[PAGE_SIZE] ALIGNED(PAGE_SIZE), store_page[PAGE_SIZE] ALIGNED(PAGE_SIZE);
#define text_ring  ((volatile struct xencons_interface *)console_page)
#define store_ring ((volatile struct xenstore_domain_interface *)store_page)

void ring_init(void)
{
	if (va_map(console_page, start_info->console.domU.mfn << 12 | PTE_KERN) ||
	    va_map(store_page, start_info->store_mfn << 12 | PTE_KERN))
		error("no rings");
}

void say(const char *fmt, ...)
{
	char text[200];
	va_list args;
	int len;

	va_start(args, fmt);
	len = str_vformat(text, sizeof(text) - 1, fmt, args);
	va_end(args);
	text[len++] = '\n';
	for (int i = 0; i < len; i++) {
		wait_for(text_ring->out_prod - text_ring->out_cons < sizeof(text_ring->out),
			 STORE_MS);
		text_ring->out[MASK_XENCONS_IDX(text_ring->out_prod, text_ring->out)] = text[i];
		wmb();
		text_ring->out_prod++;
	}
	event_send(start_info->console.domU.evtchn);
	wait_for(text_ring->out_prod == text_ring->out_cons, STORE_MS);
}

static bool store_send(const void *from, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (store_ring->req_prod - store_ring->req_cons >= XENSTORE_RING_SIZE) {
			event_send(start_info->store_evtchn);
			if (!wait_for(store_ring->req_prod - store_ring->req_cons <
					      XENSTORE_RING_SIZE,
				      STORE_MS))
				return false;
		}
		store_ring->req[MASK_XENSTORE_IDX(store_ring->req_prod)] = ((const char *)from)[i];
		wmb();
		store_ring->req_prod++;
	}
	event_send(start_info->store_evtchn);
	return true;
}

static bool store_receive(void *to, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (store_ring->rsp_prod == store_ring->rsp_cons) {
			event_send(start_info->store_evtchn);
			if (!wait_for(store_ring->rsp_prod != store_ring->rsp_cons, STORE_MS))
				return false;
		}
		((char *)to)[i] = store_ring->rsp[MASK_XENSTORE_IDX(store_ring->rsp_cons)];
		mb();
		store_ring->rsp_cons++;
	}
	return true;
}

int store_call(unsigned int type, const char *payload, size_t len, char *answer, size_t size)
{
	struct xsd_sockmsg msg = { .type = type, .req_id = 7, .len = (uint32_t)len };
	char c;

	if (!store_send(&msg, sizeof(msg)) || !store_send(payload, len))
		return -XEN_EIO;
	do {
		if (!store_receive(&msg, sizeof(msg)))
			return -XEN_EIO;
		for (uint32_t i = 0; i < msg.len; i++) {
			if (!store_receive(&c, 1))
				return -XEN_EIO;
			if (i + 1 < size)
				answer[i] = c, answer[i + 1] = 0;
		}
	} while (msg.type == XS_WATCH_EVENT);
	return msg.type == XS_ERROR ? -XEN_EINVAL : 0;
}

int store_write(const char *path, const char *fmt, ...)
{
	char payload[256];
	va_list args;
	int len = str_format(payload, 128, "%s", path) + 1;

	va_start(args, fmt);
	len += str_vformat(payload + len, 128, fmt, args);
	va_end(args);
	return store_call(XS_WRITE, payload, (size_t)len, NULL, 0);
}

void ring_ruin(void)
{
	volatile uint32_t *indexes[] = { &text_ring->in_cons,   &text_ring->in_prod,
					 &text_ring->out_cons,  &text_ring->out_prod,
					 &store_ring->req_cons, &store_ring->req_prod,
					 &store_ring->rsp_cons, &store_ring->rsp_prod };

	wild_fill((void *)(store_page + random_below(2048)), 512);
	for (unsigned int i = 0; i < 64; i++) {
		*pick(indexes) = (uint32_t)wild_number();
		event_send(one_in(2) ? start_info->store_evtchn : start_info->console.domU.evtchn);
		if (one_in(4))
			hypercall(sched_op, SCHEDOP_yield);
	}
}
