/* SPDX-License-Identifier: MIT */
/*
 * domctl, what it does with a domain's frames, and which ports, memory and interrupts of the
 * machine it may use.
 */
#include "access.h"
#include "console.h"
#include "control.h"
#include "frame.h"
#include "hypercall.h"
#include "irq.h"

#define PORTS      65536
#define INFO_MAX   1024
#define INFO_CHUNK 64

/*
 * What migration wants to know of a frame: page table of which level, pinned, or not the domain's.
 */
static xen_pfn_t frame_type(struct domain *d, uint64_t mfn)
{
	static const uint32_t table[] = { XEN_DOMCTL_PFINFO_NOTAB, XEN_DOMCTL_PFINFO_L1TAB,
					  XEN_DOMCTL_PFINFO_L2TAB, XEN_DOMCTL_PFINFO_L3TAB,
					  XEN_DOMCTL_PFINFO_L4TAB };
	struct frame *f = mfn_to_frame(MFN(mfn));
	uint64_t state, type;
	xen_pfn_t info;

	if (!mfn_valid(MFN(mfn)) || !frame_get(f, d->id))
		return XEN_DOMCTL_PFINFO_XTAB;
	state = READ_ONCE(f->state);
	frame_put(f);
	type = (state & FRAME_TYPE) >> FRAME_TYPE_SHIFT;
	info = state & FRAME_TREFS && type < ARRAY_SIZE(table) ? table[type]
							       : XEN_DOMCTL_PFINFO_NOTAB;
	return state & FRAME_PINNED ? info | XEN_DOMCTL_PFINFO_LPINTAB : info;
}

static long frame_info(struct domain *d, const struct xen_domctl_getpageframeinfo3 *g)
{
	xen_pfn_t chunk[INFO_CHUNK];
	uint64_t done;
	unsigned i, n;

	if (g->num > INFO_MAX)
		return -E2BIG;
	for (done = 0; done < g->num; done += n) {
		n = (unsigned)MIN(g->num - done, (uint64_t)INFO_CHUNK);
		if (copy_from_guest(chunk, g->array.p + done, n * sizeof(*chunk)))
			return -EFAULT;
		for (i = 0; i < n; i++)
			chunk[i] = frame_type(d, chunk[i]);
		if (copy_to_guest(g->array.p + done, chunk, n * sizeof(*chunk)))
			return -EFAULT;
	}
	return 0;
}

/* The page is written like the domain itself would: not while it is a page table. */
static long hypercall_init(struct domain *d, uint64_t mfn)
{
	struct frame *f = mfn_to_frame(MFN(mfn));

	if (!mfn_valid(MFN(mfn)) || !frame_get(f, d->id))
		return -EINVAL;
	if (!frame_get_writable(f, d->id)) {
		frame_put(f);
		return -EPERM;
	}
	hypercall_page_fill(mfn_to_virt(MFN(mfn)));
	frame_put_typed_final(f);
	frame_put(f);
	return 0;
}

long domctl_frames(struct domain *d, struct xen_domctl *op, bool *back)
{
	switch (op->cmd) {
	case XEN_DOMCTL_getpageframeinfo3:
		return frame_info(d, &op->u.getpageframeinfo3);
	case XEN_DOMCTL_hypercall_init:
		return hypercall_init(d, op->u.hypercall_init.gmfn);
	default:
		return -ENOSYS;
	}
}

/* One can give, or take, only what one has. */
static long permit(struct rangeset *own, struct rangeset *set, uint64_t first, uint64_t last,
		   bool allow)
{
	if (!range_has(own, first, last))
		return -EPERM;
	return allow ? range_add(set, first, last) : range_remove(set, first, last);
}

long domctl_access(struct domain *d, struct xen_domctl *op)
{
	struct domain *self = current->domain;
	const struct xen_domctl_ioport_permission *port = &op->u.ioport_permission;
	const struct xen_domctl_iomem_permission *mem = &op->u.iomem_permission;
	const struct xen_domctl_irq_permission *irq = &op->u.irq_permission;

	switch (op->cmd) {
	case XEN_DOMCTL_ioport_permission:
		if (!port->nr_ports || (uint64_t)port->first_port + port->nr_ports > PORTS)
			return -EINVAL;
		return permit(&self->ioports, &d->ioports, port->first_port,
			      port->first_port + port->nr_ports - 1, port->allow_access);
	case XEN_DOMCTL_iomem_permission:
		if (mem->first_mfn + mem->nr_mfns - 1 < mem->first_mfn)
			return -EINVAL;
		return permit(&self->iomem, &d->iomem, mem->first_mfn,
			      mem->first_mfn + mem->nr_mfns - 1, mem->allow_access);
	case XEN_DOMCTL_irq_permission:
		if (irq->pirq >= NR_PIRQ)
			return -EINVAL;
		if (!pirq_is_mapped(self, (int)irq->pirq))
			return -EPERM;
		return permit(&self->irqs, &d->irqs, irq->pirq, irq->pirq, irq->allow_access);
	default:
		return -ENOSYS;
	}
}
