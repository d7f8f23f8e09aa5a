/* SPDX-License-Identifier: MIT */
/* mmuext_op: pins, roots, flushes, the LDT, and pages cleared or copied. */
#include "access.h"
#include "console.h"
#include "hypervisor/pv/descriptor.h"
#include "hypervisor/pv/foreign.h"
#include "hypervisor/pv/root.h"
#include "hypervisor/pv/table.h"

#define MMU_UPDATE_PREEMPTED 0x80000000u /* as in mmu.c */
#define UNITS_OP 20

static int pin(const struct foreign *from, mfn_t m, uint64_t type)
{
	struct frame *f = mfn_to_frame(m);
	bool dying;
	int rc;

	if (!mfn_valid(m))
		return -EINVAL;
	rc = frame_get_typed(f, from->id, type);
	if (rc) {
		if (rc != -ERESTART)
			gprintk(LOG_WARNING, "error %d: cannot pin mfn %lx as L%u\n", rc, m.n,
				type_level(type));
		return rc;
	}
	if (__atomic_fetch_or(&f->state, FRAME_PINNED, __ATOMIC_ACQ_REL) & FRAME_PINNED) {
		gprintk(LOG_WARNING, "mfn %lx is pinned already\n", m.n);
		table_put_later(f);
		return -EINVAL;
	}
	/* A foreign domain may be dying: pv_relinquish may have passed this frame. */
	dying = from->d && READ_ONCE(from->d->dying) != DOMAIN_ALIVE;
	if (dying &&
	    (__atomic_fetch_and(&f->state, ~FRAME_PINNED, __ATOMIC_ACQ_REL) & FRAME_PINNED))
		table_put_later(f);
	return 0;
}

static int unpin(const struct foreign *from, mfn_t m)
{
	struct frame *f = mfn_to_frame(m);
	int rc = 0;

	if (!mfn_valid(m) || !frame_get(f, from->id)) {
		gprintk(LOG_WARNING, "cannot unpin mfn %lx: bad, or not of d%u\n", m.n, from->id);
		return -EINVAL;
	}
	if (__atomic_fetch_and(&f->state, ~FRAME_PINNED, __ATOMIC_ACQ_REL) & FRAME_PINNED)
		table_put_later(f);
	else
		rc = -EINVAL;
	frame_put(f);
	return rc;
}

static int clear_page(const struct foreign *from, mfn_t m)
{
	struct frame *f = mfn_to_frame(m);

	if (!mfn_valid(m) || !frame_get_writable(f, from->id))
		return -EINVAL;
	__builtin_memset(mfn_to_virt(m), 0, PAGE_SIZE);
	(void)frame_put_typed(f);
	return 0;
}

static int copy_page(const struct foreign *from, mfn_t to, mfn_t source)
{
	struct frame *dst = mfn_to_frame(to), *src = mfn_to_frame(source);
	int rc = -EINVAL;

	if (!mfn_valid(to) || !mfn_valid(source) || !frame_get(src, from->id))
		return -EINVAL;
	if (frame_get_writable(dst, from->id)) {
		__builtin_memcpy(mfn_to_virt(to), mfn_to_virt(source), PAGE_SIZE);
		(void)frame_put_typed(dst);
		rc = 0;
	}
	frame_put(src);
	return rc;
}

/* A domain without devices has nothing that a cache could hide from it. */
static bool may_flush_cache(const struct domain *d)
{
	return d->iomem.head || d->ioports.head;
}

static int flush_cache(int error)
{
	if (!may_flush_cache(current->domain))
		return error;
	__asm__ volatile("wbinvd" ::: "memory");
	return 0;
}

static int flush(const struct mmuext_op *op)
{
	struct domain *d = current->domain;
	unsigned long va = op->arg1.linear_addr;
	const void *bitmap = NULL;

	switch (op->cmd) {
	case MMUEXT_TLB_FLUSH_LOCAL:
		tlb_flush_later();
		return 0;
	case MMUEXT_INVLPG_LOCAL:
		if (guest_range_ok((void *)va, 1))
			tlb_flush_page(va);
		return 0;
	case MMUEXT_TLB_FLUSH_MULTI:
	case MMUEXT_INVLPG_MULTI:
		bitmap = op->arg2.vcpumask.p;
		if (!bitmap)
			return -EINVAL;
		break;
	}
	if (op->cmd == MMUEXT_TLB_FLUSH_ALL || op->cmd == MMUEXT_TLB_FLUSH_MULTI)
		va = TLB_ALL;
	else if (!guest_range_ok((void *)va, 1))
		return 0;
	return flush_vcpus(d, bitmap, va) ? -EINVAL : 0;
}

/* Operations on the caller itself. */
static int op_self(const struct mmuext_op *op)
{
	switch (op->cmd) {
	case MMUEXT_NEW_BASEPTR:
		return root_set_kernel(MFN(op->arg1.mfn));
	case MMUEXT_NEW_USER_BASEPTR:
		return root_set_user(MFN(op->arg1.mfn));
	case MMUEXT_SET_LDT:
		return ldt_set(current, op->arg1.linear_addr, op->arg2.nr_ents);
	case MMUEXT_FLUSH_CACHE:
		return flush_cache(-EACCES);
	case MMUEXT_FLUSH_CACHE_GLOBAL:
		return flush_cache(-EINVAL);
	default:
		return flush(op);
	}
}

static int op_one(const struct mmuext_op *op, const struct foreign *from)
{
	switch (op->cmd) {
	case MMUEXT_PIN_L1_TABLE:
	case MMUEXT_PIN_L2_TABLE:
	case MMUEXT_PIN_L3_TABLE:
	case MMUEXT_PIN_L4_TABLE:
		return pin(from, MFN(op->arg1.mfn),
			   (uint64_t)(op->cmd - MMUEXT_PIN_L1_TABLE + 1) << FRAME_TYPE_SHIFT);
	case MMUEXT_UNPIN_TABLE:
		return unpin(from, MFN(op->arg1.mfn));
	case MMUEXT_CLEAR_PAGE:
		return clear_page(from, MFN(op->arg1.mfn));
	case MMUEXT_COPY_PAGE:
		return copy_page(from, MFN(op->arg1.mfn), MFN(op->arg2.src_mfn));
	case MMUEXT_MARK_SUPER:
	case MMUEXT_UNMARK_SUPER:
		return -EOPNOTSUPP;
	case MMUEXT_NEW_BASEPTR:
	case MMUEXT_NEW_USER_BASEPTR:
	case MMUEXT_TLB_FLUSH_LOCAL:
	case MMUEXT_INVLPG_LOCAL:
	case MMUEXT_TLB_FLUSH_MULTI:
	case MMUEXT_INVLPG_MULTI:
	case MMUEXT_TLB_FLUSH_ALL:
	case MMUEXT_INVLPG_ALL:
	case MMUEXT_FLUSH_CACHE:
	case MMUEXT_FLUSH_CACHE_GLOBAL:
	case MMUEXT_SET_LDT:
		return from->d == current->domain ? op_self(op) : -EPERM;
	default:
		return -ENOSYS;
	}
}

static long mmuext_continue(struct mmuext_op *ops, unsigned count, unsigned *pdone,
			    unsigned foreigndom)
{
	return hypercall_continue(__HYPERVISOR_mmuext_op, 4, (unsigned long)ops,
				  (unsigned long)count, (unsigned long)pdone,
				  (unsigned long)foreigndom);
}

static unsigned op_all(const struct foreign *from, struct mmuext_op *ops, unsigned count, int *rc)
{
	struct mmuext_op op;
	unsigned i;

	*rc = 0;
	for (i = 0; i < count; i++) {
		if (i && (unlikely(current->pv.old_table) || work_spent(UNITS_OP))) {
			*rc = -ERESTART;
			break;
		}
		*rc = copy_from_guest(&op, ops + i, sizeof(op)) ? -EFAULT : op_one(&op, from);
		if (*rc)
			break;
	}
	return i;
}

long do_mmuext_op(struct mmuext_op *ops, unsigned count, unsigned *pdone, unsigned foreigndom)
{
	unsigned done = 0, did;
	struct foreign from;
	int rc;

	work_begin();
	if (unlikely(old_table_finish()))
		return mmuext_continue(ops, count, pdone, foreigndom);
	if (unlikely(count & MMU_UPDATE_PREEMPTED)) {
		if (count == MMU_UPDATE_PREEMPTED && !ops)
			return (int)foreigndom;
		count &= ~MMU_UPDATE_PREEMPTED;
		if (pdone && copy_from_guest(&done, pdone, sizeof(done)))
			done = 0;
	}
	if (unlikely(!guest_list_ok(ops)))
		return -EFAULT;
	rc = foreign_open(&from, (domid_t)foreigndom);
	if (rc)
		return rc;
	rc = foreign_permitted(&from);
	if (rc) {
		foreign_close(&from);
		return rc;
	}
	did = op_all(&from, ops, count, &rc);
	foreign_close(&from);
	if (pdone) {
		done += did;
		(void)!copy_to_guest(pdone, &done, sizeof(done));
	}
	if (unlikely(rc == -ERESTART))
		return mmuext_continue(ops + did, (count - did) | MMU_UPDATE_PREEMPTED, pdone,
				       foreigndom);
	if (unlikely(current->pv.old_table))
		return mmuext_continue(NULL, MMU_UPDATE_PREEMPTED, NULL, (unsigned)rc);
	return rc;
}
