/* SPDX-License-Identifier: MIT */
/* FIFO event channels, for the tests of them: a control block, and array pages as asked for. */
#pragma once

#include "kit.h"

#define FIFO_P (1U << EVTCHN_FIFO_PENDING)
#define FIFO_M (1U << EVTCHN_FIFO_MASKED)
#define FIFO_L (1U << EVTCHN_FIFO_LINKED)

struct fifo {
	struct evtchn_fifo_control_block *control;
	event_word_t *page[8];
	unsigned int pages;
};

static inline long fifo_init_control(ulong gfn, unsigned int offset, unsigned int id)
{
	struct evtchn_init_control c = { .control_gfn = gfn, .offset = offset, .vcpu = id };

	return hypercall(event_channel_op, EVTCHNOP_init_control, &c);
}

static inline long fifo_expand(ulong gfn)
{
	struct evtchn_expand_array a = { .array_gfn = gfn };

	return hypercall(event_channel_op, EVTCHNOP_expand_array, &a);
}

static inline long fifo_set_priority(unsigned int port, unsigned int priority)
{
	struct evtchn_set_priority p = { .port = port, .priority = priority };

	return hypercall(event_channel_op, EVTCHNOP_set_priority, &p);
}

static inline long fifo_unmask(unsigned int port)
{
	struct evtchn_unmask u = { .port = port };

	return hypercall(event_channel_op, EVTCHNOP_unmask, &u);
}

static inline void fifo_add_page(struct fifo *f)
{
	f->page[f->pages] = page_alloc();
	check("expand_array", fifo_expand(mfn_of(f->page[f->pages])), 0);
	f->pages++;
}

/* vcpu 0's control block in a page of its own, no array page yet. */
static inline void fifo_start(struct fifo *f)
{
	f->pages = 0;
	f->control = page_alloc();
	check("init_control", fifo_init_control(mfn_of(f->control), 0, 0), 0);
}

static inline event_word_t *fifo_word(struct fifo *f, unsigned int port)
{
	return &f->page[port / 1024][port % 1024];
}

/* What a guest does with the head of a queue: unlinks it, and returns what comes next. */
static inline unsigned int fifo_take(struct fifo *f, unsigned int port)
{
	uint32_t was = __atomic_fetch_and(fifo_word(f, port), ~(FIFO_L | EVTCHN_FIFO_LINK_MASK),
					  __ATOMIC_SEQ_CST);

	return was & EVTCHN_FIFO_LINK_MASK;
}
