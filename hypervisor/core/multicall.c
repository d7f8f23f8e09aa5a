/* SPDX-License-Identifier: MIT */
/* multicall: a list of hypercalls in one entry; each entry gets its result, even if an earlier one failed. */
#include "access.h"
#include "hypercall.h"

#define ENTRY_COST 5 /* units of work beside what the operation counts itself */

static inline long call(const struct multicall_entry *e)
{
	const uint64_t *a = e->args;

	if (unlikely(e->op >= NR_HYPERCALLS))
		return -ENOSYS;
	return hypercall_table[index_nospec(e->op, NR_HYPERCALLS)](a[0], a[1], a[2], a[3], a[4], a[5]);
}

long do_multicall(struct multicall_entry *calls, unsigned long n)
{
	struct cpu *c = this_cpu();
	struct multicall_entry e;
	long rc = 0;

	if (unlikely(c->mc))
		return -EINVAL; /* one within another */
	if (unlikely(n > ~0u || !guest_range_ok(calls, n * sizeof(e))))
		return -EFAULT;
	work_begin();
	c->mc = &e;
	c->mc_continues = false;
	for (; n; n--, calls++) {
		if (unlikely(work_spent(ENTRY_COST)))
			break;
		if (unlikely(copy_from_guest(&e, calls, sizeof(e)))) {
			rc = -EFAULT;
			break;
		}
		e.result = (unsigned long)call(&e);
		if (unlikely(c->mc_continues)) {
			if (copy_to_guest(calls, &e, sizeof(e)))
				rc = -EFAULT;
			break;
		}
		if (unlikely(put_guest_u64(&calls->result, e.result))) {
			rc = -EFAULT;
			break;
		}
		/* The frame is another (iret, a crash): what follows would be done for nobody. */
		if (unlikely(c->work & (WORK_FRAME | WORK_CRASH)))
			n = 1;
	}
	c->mc = NULL;
	if (n && !rc)
		return hypercall_continue(__HYPERVISOR_multicall, 2, calls, n);
	return rc;
}
