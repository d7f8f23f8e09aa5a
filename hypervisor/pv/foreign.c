/* SPDX-License-Identifier: MIT */
/* The foreigndom argument, and flushes by vcpu. */
#include "access.h"
#include "console.h"
#include "hypervisor/pv/foreign.h"

int foreign_open(struct foreign *f, domid_t id)
{
	struct domain *me = current->domain;

	f->id = id;
	f->d = NULL;
	if (likely(id == DOMID_SELF)) {
		f->id = me->id;
		f->d = me;
		return 0;
	}
	if (id == DOMID_IO || id == DOMID_XEN)
		return 0;
	if (id == me->id) {
		gprintk(LOG_WARNING, "names itself as the foreign domain\n");
		return -ESRCH;
	}
	f->d = domain_get(id);
	return f->d ? 0 : -ESRCH;
}

void foreign_close(struct foreign *f)
{
	if (f->d && f->d != current->domain)
		domain_put(f->d);
}

int foreign_permitted(const struct foreign *f)
{
	struct domain *me = current->domain;

	return f->d == me || me->privileged ? 0 : -EPERM;
}

/*
 * A vcpu says that it runs before it loads its CR3, and stops saying so after another was loaded:
 * so with the table changed and then this read, a processor that is missing has nothing of it.
 */
uint64_t pv_running_cpus(const struct domain *d, uint64_t vcpus)
{
	uint64_t mask = 0;
	uint32_t i;

	mb(); /* the change of the table first */
	for (i = 0; i < d->max_vcpus; i++)
		if ((vcpus >> i & 1) && d->vcpu[i] && READ_ONCE(d->vcpu[i]->running))
			mask |= BIT(READ_ONCE(d->vcpu[i]->cpu)->id);
	return mask;
}

int flush_vcpus(struct domain *d, const void *bitmap, unsigned long va)
{
	uint64_t wanted = ~0UL, mask;
	struct cpu *me = this_cpu();

	if (bitmap && copy_from_guest(&wanted, bitmap, sizeof(wanted)))
		return -EFAULT;
	mask = pv_running_cpus(d, wanted);
	if (mask & BIT(me->id)) {
		if (va == TLB_ALL)
			tlb_flush_later();
		else
			tlb_flush_page(va);
	}
	mask &= ~BIT(me->id);
	if (mask)
		tlb_flush_mask(mask, va);
	return 0;
}
