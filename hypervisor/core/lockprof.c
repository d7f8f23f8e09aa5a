/* SPDX-License-Identifier: MIT */
/*
 * How much locks are waited for: XEN_SYSCTL_lockprof_op. Counting costs nothing while nobody waits,
 * because the ticket says how often the lock was taken; how long it is held is not measured. Locks
 * of which there are several of the same name are told apart by the domain or the processor.
 */
#include "access.h"
#include <xen/sysctl.h>

#include "control.h"
#include "scheduler.h"
#include "timer.h"
#include "x86.h"
#include "lib/string.h"

static uint64_t since; /* ns */

NOINLINE void spin_wait(spinlock_t *l, uint32_t me)
{
	uint64_t start = rdtsc();

	while (__atomic_load_n(&l->owner, __ATOMIC_ACQUIRE) != me)
		cpu_serve();
	l->blocked++;
	l->waited += rdtsc() - start;
}

typedef int (*lock_fn)(spinlock_t *l, const char *name, int type, int index, void *arg);

static int each_of_domain(struct domain *d, lock_fn fn, void *arg)
{
	const struct lock_row row[] = {
		{ "domain", &d->lock },         { "frames", &d->frames_lock },
		{ "event channels", &d->evtchn.lock }, { "grant handles", grant_lock(d, false) },
		{ "grant unmap", grant_lock(d, true) },  { "I/O ports", &d->ioports.lock },
		{ "device memory", &d->iomem.lock },   { "interrupts", &d->irqs.lock },
		{ "cap", &d->cap_lock },
	};
	unsigned i;
	int rc = 0;

	for (i = 0; !rc && i < ARRAY_SIZE(row); i++)
		rc = fn(row[i].lock, row[i].name, LOCKPROF_TYPE_PERDOM, d->id, arg);
	return rc;
}

/* fn for each lock, until it returns something else than 0. */
static int each_lock(lock_fn fn, void *arg)
{
	extern const struct lock_row locks_start[], locks_end[];
	const struct lock_row *row;
	struct domain *d;
	unsigned i;
	int rc = 0;

	for (row = locks_start; !rc && row < locks_end; row++)
		rc = fn(row->lock, row->name, LOCKPROF_TYPE_GLOBAL, 0, arg);
	for (i = 0; !rc && i < nr_cpus; i++) {
		rc = fn(timer_lock(cpus[i]), "timers of cpu%d", LOCKPROF_TYPE_GLOBAL, (int)i, arg);
		if (!rc)
			rc = fn(&cpus[i]->sched->own.lock, "run queue of cpu%d",
				LOCKPROF_TYPE_GLOBAL, (int)i, arg);
	}
	for (d = domain_get_next(0); !rc && d;) {
		domid_t next = (domid_t)(d->id + 1);

		rc = each_of_domain(d, fn, arg);
		domain_put(d);
		d = rc ? NULL : domain_get_next(next);
	}
	return rc;
}

/* Others may be counting: what they add meanwhile may be lost. */
static int reset_one(spinlock_t *l, const char *name, int type, int index, void *unused)
{
	l->counted_from = READ_ONCE(l->owner);
	l->blocked = 0;
	l->waited = 0;
	return 0;
}

static int query_one(spinlock_t *l, const char *name, int type, int index, void *arg)
{
	struct xen_sysctl_lockprof_op *op = arg;
	struct xen_sysctl_lockprof_data data = { .type = type, .idx = index };

	if (op->nr_elem++ >= op->max_elem)
		return 0;
	memcpy(data.name, name, strlen(name));
	data.lock_cnt = READ_ONCE(l->owner) - l->counted_from;
	data.block_cnt = l->blocked;
	data.block_time = time_of_ticks(l->waited);
	return copy_to_guest(op->data.p + op->nr_elem - 1, &data, sizeof(data)) ? -EFAULT : 0;
}

long sysctl_lockprof(struct xen_sysctl_lockprof_op *op)
{
	switch (op->cmd) {
	case XEN_SYSCTL_LOCKPROF_reset:
		since = time_now();
		return each_lock(reset_one, NULL);
	case XEN_SYSCTL_LOCKPROF_query:
		op->nr_elem = 0;
		op->time = time_now() - since;
		return each_lock(query_one, op);
	default:
		return -EINVAL;
	}
}
