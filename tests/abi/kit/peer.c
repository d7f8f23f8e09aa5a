/* SPDX-License-Identifier: MIT */
/*
 * Peer domains. A peer is built as a toolstack builds one, out of a copy of the running image at
 * the same addresses, so its code is any function of the test:
 *   image | start_info | p2m | L4 | L3 | L2 | L1
 * with everything mapped by that one L1, page tables read-only.
 */
#include "kit.h"

enum { START_INFO, P2M, L4, L3, L2, L1, EXTRA_PAGES };
#define STACK_PAGES 4 /* of a second vcpu */
#define IMAGE_PAGES ((unsigned int)((ulong)(image_end - image_start) / PAGE_SIZE))

struct box box ALIGNED(PAGE_SIZE);
void (*peer_code)(void);
static char window[PAGE_SIZE] ALIGNED(PAGE_SIZE);
static struct box *spare[8]; /* boxes of destroyed peers */
static unsigned int spares;
/* Peers that may still tell what they recorded, and the frame in which they did. */
static struct told {
	domid_t id;
	xen_pfn_t record;
} told[16];
static unsigned int tellers;

long domctl(struct xen_domctl *op, unsigned int cmd, domid_t domid)
{
	op->cmd = cmd;
	op->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
	op->domain = domid;
	return hypercall(domctl, op);
}

static void must(const char *what, long err)
{
	if (err)
		error("peer: %s: %ld", what, err);
}

void peer_create(struct peer *peer, unsigned int vcpus)
{
	struct xen_domctl op = { .u.createdomain = {
					 .max_vcpus = vcpus,
					 .max_evtchn_port = 1023,
					 .max_grant_frames = 4,
					 .max_maptrack_frames = 4,
					 .grant_opts = XEN_DOMCTL_GRANT_version(1),
				 } };

	if (!is_dom0())
		skip("domains are made by dom0");
	memset(peer, 0, sizeof(*peer));
	must("createdomain", domctl(&op, XEN_DOMCTL_createdomain, 0));
	peer->id = op.domain;
	op.u.max_vcpus.max = vcpus;
	must("max_vcpus", domctl(&op, XEN_DOMCTL_max_vcpus, peer->id));
	op.u.max_mem.max_memkb = 4 * PEER_PAGES;
	must("max_mem", domctl(&op, XEN_DOMCTL_max_mem, peer->id));
}

/* The peer's frame n, to be written through the window. */
static void *page_open(struct peer *peer, unsigned int pfn)
{
	must("foreign map",
	     va_map_foreign(window, peer->p2m[pfn] * PAGE_SIZE | PTE_KERN, peer->id));
	return window;
}

static void memory_build(struct peer *peer, ulong shared_frame)
{
	unsigned int base = IMAGE_PAGES;
	struct start_info *info;
	uint64_t *table;

	for (unsigned int i = 0; i < base; i++)
		if (*pte_of(image_start + i * PAGE_SIZE, 1) & PTE_P)
			memcpy(page_open(peer, i), image_start + i * PAGE_SIZE, PAGE_SIZE);

	info = memset(page_open(peer, base + START_INFO), 0, PAGE_SIZE);
	info->nr_pages = peer->nr_pages;
	info->shared_info = shared_frame * PAGE_SIZE;
	info->pt_base = (ulong)image_start + (base + L4) * PAGE_SIZE;
	info->nr_pt_frames = 4;
	info->mfn_list = (ulong)image_start + (base + P2M) * PAGE_SIZE;

	memcpy(page_open(peer, base + P2M), peer->p2m, PAGE_SIZE);
	for (unsigned int level = 4; level > 1; level--) {
		table = memset(page_open(peer, base + L4 + 4 - level), 0, PAGE_SIZE);
		table[(ulong)image_start >> (3 + 9 * level) & 511] =
			peer->p2m[base + L4 + 5 - level] * PAGE_SIZE | PTE_KERN;
	}
	table = memset(page_open(peer, base + L1), 0, PAGE_SIZE);
	for (unsigned int i = 0; i < base + EXTRA_PAGES; i++)
		table[i] = peer->p2m[i] * PAGE_SIZE | (i >= base + L4 ? PTE_RO : PTE_KERN);
	must("unmap", va_map(window, 0));
}

void peer_build(struct peer *peer, void (*code)(void))
{
	static struct vcpu_guest_context context;
	struct mmuext_op pin = { .cmd = MMUEXT_PIN_L4_TABLE };
	struct xen_memory_reservation pages = { .domid = peer->id };
	struct xen_domctl op = { 0 };

	peer->nr_pages = IMAGE_PAGES + EXTRA_PAGES;
	if (peer->nr_pages > PEER_PAGES)
		error("peer: the image has %u pages", IMAGE_PAGES);
	for (unsigned int i = 0; i < peer->nr_pages; i++)
		peer->p2m[i] = i;
	pages.nr_extents = peer->nr_pages;
	set_xen_guest_handle(pages.extent_start, peer->p2m);
	if (hypercall(memory_op, XENMEM_populate_physmap, &pages) != (long)peer->nr_pages)
		error("peer: no memory");
	must("getdomaininfo", domctl(&op, XEN_DOMCTL_getdomaininfo, peer->id));
	peer_code = code;
	memory_build(peer, op.u.getdomaininfo.shared_info_frame);
	peer_code = NULL;
	told[tellers++ % ARRAY_SIZE(told)] = (struct told){ peer->id, peer->p2m[record_page()] };
	peer->box = spares ? spare[--spares] : page_alloc();
	must("the box",
	     va_map_foreign(peer->box,
			    peer->p2m[((ulong)&box - (ulong)image_start) / PAGE_SIZE] * PAGE_SIZE |
				    PTE_KERN,
			    peer->id));
	pin.arg1.mfn = peer->p2m[IMAGE_PAGES + L4];
	must("pin", hypercall(mmuext_op, &pin, 1, 0, peer->id));

	memset(&context, 0, sizeof(context));
	context.flags = VGCF_in_kernel | VGCF_online;
	context.user_regs.rip = (ulong)start;
	context.user_regs.cs = FLAT_KERNEL_CS;
	context.user_regs.ss = context.kernel_ss = FLAT_KERNEL_SS;
	context.user_regs.rsi = (ulong)image_start + (IMAGE_PAGES + START_INFO) * PAGE_SIZE;
	context.user_regs.rflags = 0x202;
	context.ctrlreg[3] = xen_pfn_to_cr3(pin.arg1.mfn);
	op.u.vcpucontext.vcpu = 0;
	set_xen_guest_handle(op.u.vcpucontext.ctxt, &context);
	must("setvcpucontext", domctl(&op, XEN_DOMCTL_setvcpucontext, peer->id));
}

void peer_unpause(struct peer *peer)
{
	struct xen_domctl op = { 0 };

	must("unpausedomain", domctl(&op, XEN_DOMCTL_unpausedomain, peer->id));
}

void peer_start(struct peer *peer, unsigned int vcpus, void (*code)(void))
{
	peer_create(peer, vcpus);
	peer_build(peer, code);
	peer_unpause(peer);
}

void bind_to(domid_t domid, unsigned int processor)
{
	struct xen_domctl op = { .u.vcpuaffinity = { .flags = XEN_VCPUAFFINITY_HARD } };
	uint8_t map[8] = { 0 };

	map[processor / 8] = (uint8_t)(1 << processor % 8);
	op.u.vcpuaffinity.cpumap_hard.nr_bits = 64;
	set_xen_guest_handle(op.u.vcpuaffinity.cpumap_hard.bitmap, map);
	must("setvcpuaffinity", domctl(&op, XEN_DOMCTL_setvcpuaffinity, domid));
}

/* One package holds all that QEMU's -smp asks for: CPUID leaf 1. */
unsigned int processors(void)
{
	uint32_t a = 1, b, c = 0, d;

	__asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	return d >> 28 & 1 ? b >> 16 & 0xff : 1;
}

uint32_t peer_flags(struct peer *peer)
{
	struct xen_domctl op = { 0 };

	must("getdomaininfo", domctl(&op, XEN_DOMCTL_getdomaininfo, peer->id));
	return op.u.getdomaininfo.flags;
}

long peer_wait(struct peer *peer, unsigned int ms)
{
	if (!wait_for(peer_flags(peer) & XEN_DOMINF_shutdown, ms))
		return -1;
	return peer_flags(peer) >> XEN_DOMINF_shutdownshift & XEN_DOMINF_shutdownmask;
}

/* One that is gone, or not all there, tells nothing. */
static void record_peer(domid_t id)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(told); i++) {
		struct told *t = &told[i];

		if (!t->id || (id != DOMID_INVALID && t->id != id))
			continue;
		if (!va_map_foreign(window, t->record * PAGE_SIZE | PTE_RO, t->id)) {
			record_add(window);
			va_map(window, 0);
		}
		t->id = 0;
	}
}

void peers_record(void)
{
	record_peer(DOMID_INVALID);
}

long peer_destroy(struct peer *peer)
{
	struct xen_domctl op = { 0 };

	if (peer->box) {
		if (is_recording())
			record_peer(peer->id);
		must("unmap the box", va_protect(peer->box, PTE_KERN));
		if (spares < ARRAY_SIZE(spare))
			spare[spares++] = peer->box;
		peer->box = NULL;
	}
	return domctl(&op, XEN_DOMCTL_destroydomain, peer->id);
}

void peer_main(void)
{
	struct sched_shutdown how = { .reason = SHUTDOWN_poweroff };

	events_off(); /* a toolstack would have written that into the shared page */
	peer_code();
	hypercall_n(__HYPERVISOR_sched_op, SCHEDOP_shutdown, (ulong)&how, 0, 0, 0);
	for (;;)
		;
}

long vcpu_start(unsigned int id, void (*code)(void))
{
	static struct vcpu_guest_context context;
	char *stack = page_alloc();
	long err;

	for (unsigned int i = 1; i < STACK_PAGES; i++) /* the pool's pages are neighbours */
		page_alloc();
	memset(&context, 0, sizeof(context));
	context.flags = VGCF_in_kernel;
	context.user_regs.rip = (ulong)start_second;
	context.user_regs.cs = FLAT_KERNEL_CS;
	context.user_regs.ss = context.kernel_ss = FLAT_KERNEL_SS;
	context.user_regs.rflags = 0x202;
	context.user_regs.rsp = (ulong)stack + STACK_PAGES * PAGE_SIZE;
	context.user_regs.rdi = (ulong)code;
	context.ctrlreg[3] = xen_pfn_to_cr3(mfn_of((void *)start_info->pt_base));
	shared->vcpu_info[id].evtchn_upcall_mask = 1;
	err = hypercall(vcpu_op, VCPUOP_initialise, id, &context);
	return err ? err : hypercall(vcpu_op, VCPUOP_up, id);
}
