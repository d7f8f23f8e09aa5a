/* SPDX-License-Identifier: MIT */
/*
 * Rule: lists and areas that go round the end of the address space end where nothing is mapped, as
 * any.
 */
/* as: dom0, domU */
#include "../kit/kit.h"

#define LAST_PAGE 0xfffffffffffff000UL

static unsigned int done = 77;

static long reservation(unsigned int op, ulong list, ulong n, unsigned int order)
{
	struct xen_memory_reservation r = { .nr_extents = n,
					    .extent_order = order,
					    .domid = DOMID_SELF };

	set_xen_guest_handle(r.extent_start, (xen_pfn_t *)list);
	return hypercall(memory_op, op, &r);
}

static long area(unsigned int cmd, ulong address)
{
	struct vcpu_register_time_memory_area a = { .addr.p = address };

	return hypercall(vcpu_op, cmd, 0, &a);
}

/* Two entries are there: how far it comes is told, however long the list is said to be. */
static void long_lists(void)
{
	char *page = page_alloc(), *hole = page_alloc();
	xen_pfn_t *list = (xen_pfn_t *)hole - 2;
	xen_pfn_t first;

	if (hole != page + PAGE_SIZE || va_map(hole, 0))
		error("no page with a hole behind it");
	check("increase of 2^26 extents, more than a call's number can say",
	      reservation(XENMEM_increase_reservation, (ulong)list, 1UL << 26, 0), 0);
	check("increase of 2^26 - 1, two there",
	      reservation(XENMEM_increase_reservation, (ulong)list, (1UL << 26) - 1, 0), 2);
	first = list[0];
	check("decrease of as many",
	      reservation(XENMEM_decrease_reservation, (ulong)list, (1UL << 26) - 1, 0), 2);
	check_that("they were frames", first && first != list[1]);
}

TEST
{
	struct sched_poll poll = { .nr_ports = 128, .timeout = 1 };
	struct physdev_set_iobitmap bitmap = { .nr_ports = 65536 };

	check("multicall", hypercall(multicall, LAST_PAGE, 1000), -XEN_EFAULT);
	check("mmu_update", hypercall(mmu_update, LAST_PAGE, (1U << 31) - 1, &done, DOMID_SELF),
	      -XEN_EFAULT);
	check("of these done", done, 0);
	check("mmuext_op", hypercall(mmuext_op, LAST_PAGE, (1U << 31) - 1, &done, DOMID_SELF),
	      -XEN_EFAULT);
	check("grant copies", hypercall(grant_table_op, GNTTABOP_copy, LAST_PAGE, (1U << 31) - 1),
	      -XEN_EFAULT);
	check("grant maps", hypercall(grant_table_op, GNTTABOP_map_grant_ref, LAST_PAGE, 1000),
	      -XEN_EFAULT);
	check("decrease", reservation(XENMEM_decrease_reservation, LAST_PAGE, 1000, 0), 0);
	check("of 2^57 extents", reservation(XENMEM_decrease_reservation, LAST_PAGE, 1UL << 57, 0),
	      0);
	check("populate of 2^61", reservation(XENMEM_populate_physmap, LAST_PAGE, 1UL << 61, 0), 0);
	long_lists();
	check("set_gdt", hypercall(set_gdt, ~7UL, 7000), -XEN_EFAULT);
	check("set_trap_table", hypercall(set_trap_table, ~15UL), -XEN_EFAULT);
	set_xen_guest_handle(poll.ports, (evtchn_port_t *)~3UL);
	check("poll", hypercall(sched_op, SCHEDOP_poll, &poll), -XEN_EFAULT);
	set_xen_guest_handle(bitmap.bitmap, (uint8_t *)~0UL);
	check("set_iobitmap, which is read later",
	      hypercall(physdev_op, PHYSDEVOP_set_iobitmap, &bitmap), 0);
	check("then a port is not to be had", attempt("inb $0x80, %%al", : : : "rax"), TRAP_gp);
	check("runstate area, which is written later",
	      area(VCPUOP_register_runstate_memory_area, ~7UL), 0);
	check("time area", area(VCPUOP_register_vcpu_time_memory_area, ~7UL), 0);
	hypercall(sched_op, SCHEDOP_yield);
	check("update_va_mapping of the last page", hypercall(update_va_mapping, LAST_PAGE, 0, 0),
	      -XEN_EINVAL);
	check("update_descriptor of the last word", hypercall(update_descriptor, ~7UL, 0),
	      -XEN_EINVAL);
}
