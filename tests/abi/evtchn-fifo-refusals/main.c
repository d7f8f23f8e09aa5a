/* SPDX-License-Identifier: MIT */
/*
 * Rule: a control block lies whole and aligned in a writable page of the domain's, one to each
 * vcpu; the array grows to 128 pages; before the first control block the domain is at 2-level.
 */
/* as: dom0, domU */
#include "../kit/fifo.h"

#define LAST_OFFSET (4096 - sizeof(struct evtchn_fifo_control_block))

TEST
{
	char *page = page_alloc(), *array = page_alloc();
	ulong gfn = mfn_of(page), table = mfn_of(table_alloc());
	struct evtchn_init_control control = { .control_gfn = gfn, .offset = LAST_OFFSET };
	unsigned int port = event_self(), more = 0;

	check("pin a table", mmuext(MMUEXT_PIN_L1_TABLE, table, 0), 0);
	check("set_priority at 2-level", fifo_set_priority(port, 3), -XEN_ENOSYS);
	check("of a port that is none", fifo_set_priority(4000, 3), -XEN_EINVAL);
	check("expand_array at 2-level", fifo_expand(mfn_of(array)), -XEN_EOPNOTSUPP);
	check("init_control, bad pointer",
	      hypercall(event_channel_op, EVTCHNOP_init_control, VA_UNMAPPED), -XEN_EFAULT);
	check("expand_array, bad pointer",
	      hypercall(event_channel_op, EVTCHNOP_expand_array, VA_UNMAPPED), -XEN_EFAULT);
	check("set_priority, bad pointer",
	      hypercall(event_channel_op, EVTCHNOP_set_priority, VA_UNMAPPED), -XEN_EFAULT);
	check("of a vcpu that is none", fifo_init_control(gfn, 0, 77), -XEN_ENOENT);
	check("not aligned", fifo_init_control(gfn, 4, 0), -XEN_EINVAL);
	check("across the page's end", fifo_init_control(gfn, LAST_OFFSET + 8, 0), -XEN_EINVAL);
	check("far beyond it", fifo_init_control(gfn, 0xfffffff8, 0), -XEN_EINVAL);
	check("in no memory", fifo_init_control(MFN_ABSENT, 0, 0), -XEN_EINVAL);
	check("in a page table", fifo_init_control(table, 0, 0), -XEN_EINVAL);
	check("still at 2-level", fifo_set_priority(port, 3), -XEN_ENOSYS);

	check("init_control", hypercall(event_channel_op, EVTCHNOP_init_control, &control), 0);
	check("link_bits", control.link_bits, EVTCHN_FIFO_LINK_BITS);
	check("a second for the same vcpu", fifo_init_control(gfn, 0, 0), -XEN_EINVAL);
	check("an array page in no memory", fifo_expand(MFN_ABSENT), -XEN_EINVAL);
	check("in a page table", fifo_expand(table), -XEN_EINVAL);
	check("expand_array", fifo_expand(mfn_of(array)), 0);
	check("a priority too low", fifo_set_priority(port, EVTCHN_FIFO_PRIORITY_MIN + 1),
	      -XEN_EINVAL);
	check("the lowest", fifo_set_priority(port, EVTCHN_FIFO_PRIORITY_MIN), 0);
	check("the highest", fifo_set_priority(port, EVTCHN_FIFO_PRIORITY_MAX), 0);
	check("of a port that is none", fifo_set_priority(100000, 3), -XEN_EINVAL);
	while (more < 1000 && !fifo_expand(mfn_of(array)))
		more++;
	check("pages more", more, 127);
	check("one too many", fifo_expand(mfn_of(array)), -XEN_ENOSPC);
}
