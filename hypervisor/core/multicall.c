/* SPDX-License-Identifier: MIT */
/*
 * multicall: a list of hypercalls in one entry; each gets its result, even if an earlier one
 * failed. An entry's words go from the guest's memory straight into the operation's arguments.
 *
 * An operation that is to be continued stores what is left into struct cpu's copy of its entry and
 * sets WORK_ENTRY (hypercall_continue); then the entry in the guest's memory becomes that, and the
 * whole list is continued from there.
 */
#include "access.h"
#include "hypercall.h"

#define ENTRY_COST 5 /* units of work beside what the operation counts itself */

static int store_rest(struct cpu *c, struct multicall_entry *to)
{
	const struct multicall_entry *rest = c->mc;
	unsigned i;

	__atomic_and_fetch(&c->work, ~WORK_ENTRY, __ATOMIC_RELAXED);
	if (put_guest_u64(&to->op, rest->op))
		return -EFAULT;
	for (i = 0; i < c->mc_args; i++)
		if (put_guest_u64(&to->args[i], rest->args[i]))
			return -EFAULT;
	return 0;
}

/*
 * Returns how many entries are left, or -EFAULT. The list is outside of the hypervisor's addresses;
 * it is open from the store of one result to the loads of the next entry.
 */
static long run(struct cpu *c, struct multicall_entry **list, unsigned long n)
{
	struct multicall_entry *e = *list;
	uint64_t op, a0, a1, a2, a3, a4, a5;
	long result;

	guest_open();
	for (;; e++) {
		if (unlikely((c->budget -= ENTRY_COST) < 0))
			goto later;
		guest_load(op, &e->op, fault);
		guest_load(a0, &e->args[0], fault);
		guest_load(a1, &e->args[1], fault);
		guest_load(a2, &e->args[2], fault);
		guest_load(a3, &e->args[3], fault);
		guest_load(a4, &e->args[4], fault);
		guest_load(a5, &e->args[5], fault);
		guest_close();
		op = index_below(op, NR_HYPERCALLS, unknown);
		result = hypercall_table[op](a0, a1, a2, a3, a4, a5);
		if (unlikely(c->work & (WORK_ENTRY | WORK_FRAME | WORK_CRASH)))
			break;
store:
		guest_open();
		guest_store(&e->result, result, fault);
		if (!--n) {
			guest_close();
			return 0;
		}
	}
	if (c->work & WORK_ENTRY) {
		*list = e;
		return store_rest(c, e) ? -EFAULT : (long)n;
	}
	n = 1; /* the frame is another: what follows would be done for nobody */
	goto store;
unknown:
	result = -ENOSYS;
	goto store;
later:
	guest_close();
	*list = e;
	return (long)n;
fault:
	guest_close();
	return -EFAULT;
}

long do_multicall(struct multicall_entry *calls, unsigned long n)
{
	struct cpu *c = this_cpu();
	struct multicall_entry rest;
	long left;

	if (unlikely(c->mc))
		return -EINVAL; /* one within another */
	if (unlikely(n > ~0u || !guest_range_ok(calls, n * sizeof(*calls))))
		return -EFAULT;
	work_begin();
	c->mc = &rest;
	left = n ? run(c, &calls, n) : 0;
	c->mc = NULL;
	return left <= 0 ? left : hypercall_continue(__HYPERVISOR_multicall, 2, calls, left);
}
