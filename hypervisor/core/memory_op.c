/* SPDX-License-Identifier: MIT */
/*
 * memory_op: a domain's reservation goes up and down. The three operations on lists of extents
 * return how many were done, whatever stopped them, and continue with that number in the command's
 * upper bits.
 */
#include "access.h"
#include "block.h"
#include "console.h"
#include "hypercall.h"
#include "memory_op.h"

#define EXTENT_SHIFT      6
#define CMD_MASK          ((1u << EXTENT_SHIFT) - 1)
#define ORDER_MAX_GUEST   9
#define ORDER_MAX_CONTROL 18

struct extents {
	struct domain *domain;
	xen_pfn_t *list; /* guest's */
	unsigned long count, done;
	unsigned order, max_bits;
	bool preempted;
};

/*
 * Contiguous memory is scarce: guests get 2 MiB at most, the toolstack what it needs to build them.
 */
unsigned memory_max_order(void)
{
	return current->domain->privileged ? ORDER_MAX_CONTROL : ORDER_MAX_GUEST;
}

/*
 * The limit in bits that a reservation asks for, 0 when all of this machine's memory is within it.
 */
int memory_max_bits(const struct xen_memory_reservation *r)
{
	unsigned bits = XENMEMF_get_address_bits(r->mem_flags);

	if (!bits || bits >= bits_order(max_mfn) + PAGE_SHIFT)
		return 0;
	return bits <= PAGE_SHIFT ? -EINVAL : (int)bits;
}

static bool must_stop(struct extents *x, unsigned long done)
{
	/* Clearing a frame is what costs: 512 words. */
	if (!work_spent(60 << MIN(x->order, 10u)) || done == x->done)
		return false;
	x->preempted = true;
	return true;
}

/* Each stops at the first extent that cannot be done; x->done then says how many were. */
static void do_increase(struct extents *x)
{
	unsigned long i;
	struct frame *f;
	xen_pfn_t mfn;

	for (i = x->done; i < x->count && !must_stop(x, i); i++) {
		f = frame_alloc(x->domain, x->order, x->max_bits, false);
		if (!f)
			break;
		mfn = frame_to_mfn(f).n;
		if (x->list && copy_to_guest(x->list + i, &mfn, sizeof(mfn)))
			break;
	}
	x->done = i;
}

/* The new frames are the given pfns in the M2P at once. */
static void do_populate(struct extents *x)
{
	unsigned long i, j;
	struct frame *f;
	xen_pfn_t pfn, mfn;

	for (i = x->done; i < x->count && !must_stop(x, i); i++) {
		if (copy_from_guest(&pfn, x->list + i, sizeof(pfn)))
			break;
		f = frame_alloc(x->domain, x->order, x->max_bits, false);
		if (!f)
			break;
		mfn = frame_to_mfn(f).n;
		for (j = 0; j < 1UL << x->order; j++)
			m2p_set(MFN(mfn + j), pfn + j);
		if (copy_to_guest(x->list + i, &mfn, sizeof(mfn)))
			break;
	}
	x->done = i;
}

/* A frame that is mapped somewhere lives on until that goes. */
static bool remove_frame(struct domain *d, uint64_t mfn)
{
	struct frame *f = mfn_to_frame(MFN(mfn));

	if (!mfn_valid(MFN(mfn)) || !frame_get(f, d->id)) {
		gprintk(LOG_INFO, "d%u cannot give up frame %lx", d->id, mfn);
		return false;
	}
	frame_unallocate(f);
	frame_put(f);
	return true;
}

static void do_decrease(struct extents *x)
{
	unsigned long i, j;
	xen_pfn_t mfn;

	for (i = x->done; i < x->count && !must_stop(x, i); i++) {
		if (copy_from_guest(&mfn, x->list + i, sizeof(mfn)))
			break;
		for (j = 0; j < 1UL << x->order; j++)
			if (!remove_frame(x->domain, mfn + j))
				break;
		if (j < 1UL << x->order)
			break;
	}
	x->done = i;
}

/*
 * Fills x from the guest's argument; false: nothing can be done. Takes a reference to the domain.
 */
static bool extents_decode(struct extents *x, unsigned op, unsigned long start, const void *arg)
{
	struct xen_memory_reservation r;
	int bits;

	if (copy_from_guest(&r, arg, sizeof(r)))
		return false;
	bits = memory_max_bits(&r);
	if (r.nr_extents > ~0u >> EXTENT_SHIFT /* beyond what a continuation can say */ ||
	    start >= r.nr_extents || bits < 0 || r.extent_order > memory_max_order() ||
	    r.mem_flags & XENMEMF_populate_on_demand)
		return false;
	if ((r.extent_start.p || op != XENMEM_increase_reservation) &&
	    !guest_list_ok(r.extent_start.p))
		return false;
	*x = (struct extents){ .list = r.extent_start.p,
			       .count = r.nr_extents,
			       .done = start,
			       .order = r.extent_order,
			       .max_bits = (unsigned)bits };
	return !domain_lookup(r.domid, &x->domain);
}

/* An error shows only in the number: nothing was done beyond it. */
static long reservation_op(unsigned op, unsigned long start, void *arg)
{
	struct extents x;

	if (!extents_decode(&x, op, start, arg))
		return (long)start;
	work_begin();
	if (op == XENMEM_increase_reservation)
		do_increase(&x);
	else if (op == XENMEM_populate_physmap)
		do_populate(&x);
	else
		do_decrease(&x);
	domain_put(x.domain);
	if (x.preempted)
		return hypercall_continue(__HYPERVISOR_memory_op, 2, op | x.done << EXTENT_SHIFT,
					  arg);
	return (long)x.done;
}

/* Their arguments are a domid alone. */
static long query_op(unsigned op, const void *arg)
{
	struct domain *d;
	domid_t id;
	long n;
	int rc;

	if (copy_from_guest(&id, arg, sizeof(id)))
		return -EFAULT;
	rc = domain_lookup(id, &d);
	if (rc)
		return rc;
	if (op == XENMEM_current_reservation)
		n = (long)d->tot_pages;
	else if (op == XENMEM_maximum_reservation)
		n = (long)d->max_pages;
	else
		n = (long)MAX(READ_ONCE(d->shared->arch.max_pfn), 1UL) - 1;
	domain_put(d);
	return n;
}

static long claim_op(const void *arg)
{
	struct xen_memory_reservation r;
	struct domain *d;
	long rc = -EPERM;

	if (copy_from_guest(&r, arg, sizeof(r)))
		return -EFAULT;
	if (r.extent_start.p || r.extent_order || r.mem_flags)
		return -EINVAL;
	d = domain_get(r.domid);
	if (!d)
		return -EINVAL;
	if (current->domain->privileged)
		rc = block_claim(d, r.nr_extents);
	domain_put(d);
	return rc;
}

/* What the domain whose number comes first does not have. Its topology only some may ask. */
static long refused_op(const void *arg, unsigned op)
{
	struct domain *d;
	domid_t id;
	int rc;

	if (copy_from_guest(&id, arg, sizeof(id)))
		return -EFAULT;
	d = domain_get(id);
	if (!d)
		return -ESRCH;
	if (op != XENMEM_get_vnumainfo)
		rc = -EACCES; /* PV: no physical address space to change */
	else
		rc = d == current->domain || current->domain->privileged ? -EOPNOTSUPP : -EPERM;
	domain_put(d);
	return rc;
}

/* All but those on lists of extents. */
static long plain_op(unsigned op, void *arg)
{
	switch (op) {
	case XENMEM_exchange:
		return memory_exchange(arg);
	case XENMEM_maximum_ram_page:
		return (long)max_mfn;
	case XENMEM_current_reservation:
	case XENMEM_maximum_reservation:
	case XENMEM_maximum_gpfn:
		return query_op(op, arg);
	case XENMEM_claim_pages:
		return claim_op(arg);
	case XENMEM_machphys_mapping:
		return memory_machphys(arg);
	case XENMEM_machphys_mfn_list:
		return memory_machphys_list(arg);
	case XENMEM_memory_map:
		return memory_map(arg);
	case XENMEM_machine_memory_map:
		return memory_machine_map(arg);
	case XENMEM_set_memory_map:
		return memory_set_map(arg);
	case XENMEM_acquire_resource:
		return memory_acquire_resource(arg);
	case XENMEM_add_to_physmap:
	case XENMEM_add_to_physmap_batch:
	case XENMEM_remove_from_physmap:
	case XENMEM_get_vnumainfo:
		return refused_op(arg, op);
	case XENMEM_get_sharing_freed_pages:
	case XENMEM_get_sharing_shared_pages:
		return 0; /* their number: no page is ever shared */
	default:
		return -ENOSYS;
	}
}

long do_memory_op(unsigned cmd, void *arg)
{
	unsigned op = cmd & CMD_MASK;
	unsigned long start = cmd >> EXTENT_SHIFT;

	switch (op) {
	case XENMEM_increase_reservation:
	case XENMEM_decrease_reservation:
	case XENMEM_populate_physmap:
		return reservation_op(op, start, arg);
	case XENMEM_add_to_physmap:
	case XENMEM_add_to_physmap_batch:
	case XENMEM_acquire_resource:
		break; /* never continued here, but allowed to be */
	case XENMEM_exchange:
	case XENMEM_maximum_ram_page:
	case XENMEM_current_reservation:
	case XENMEM_maximum_reservation:
	case XENMEM_maximum_gpfn:
	case XENMEM_remove_from_physmap:
	case XENMEM_claim_pages:
	case XENMEM_get_vnumainfo:
		if (start)
			return -EINVAL;
		break;
	default:
		if (start)
			return -ENOSYS;
	}
	return plain_op(op, arg);
}
