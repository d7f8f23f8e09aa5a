/* SPDX-License-Identifier: MIT */
/*
 * The domain builder. The pages that the start-of-day layout uses are mapped here in one piece, and
 * filled as pseudo-physical memory: what lies at pfn n is at base + n * 4096. Page tables are plain
 * pages until they are pinned, so the mapping goes before the pin (a page table cannot be writable
 * anywhere).
 */
#include "dom0/builder.h"

#include <stdlib.h>
#include <string.h>

#include "dom0/hyper.h"
#include "dom0/kernel.h"
#include "dom0/tables.h"
#include "guest/gnttab.h"
#include "guest/hypercall.h"
#include "guest/vmap.h"

#define EXTENT_ORDER 9U /* 2 MiB at once where there is so much */
#define EXTENT_BATCH 512U

struct builder {
	domid_t domid;
	struct build *build;
	struct kernel kernel;
	struct layout layout;
	xen_pfn_t *p2m; /* total_pages */
	char *base;	/* used_pages, mapped */
};

static void *page_at(struct builder *b, uint64_t pfn)
{
	return b->base + (pfn << PAGE_SHIFT);
}

/* --- Memory ---------------------------------------------------------------------------------- */

/* Extents of one order for the pfns from *pfn on; how many came. Their frames go into the p2m. */
static uint64_t populate(struct builder *b, uint64_t pfn, unsigned int order, uint64_t extents)
{
	uint64_t done = 0;
	xen_pfn_t frames[EXTENT_BATCH];

	while (done < extents) {
		uint64_t n = MIN(extents - done, (uint64_t)EXTENT_BATCH);
		struct xen_memory_reservation r = {
			.nr_extents = n,
			.extent_order = order,
			.domid = b->domid,
		};
		long got;

		for (uint64_t i = 0; i < n; i++)
			frames[i] = pfn + ((done + i) << order);
		set_xen_guest_handle(r.extent_start, frames);
		got = hypercall_memory_op(XENMEM_populate_physmap, &r);
		for (long i = 0; i < got; i++)
			for (uint64_t k = 0; k < 1UL << order; k++)
				b->p2m[pfn + (((uint64_t)i + done) << order) + k] = frames[i] + k;
		if (got > 0)
			done += (uint64_t)got;
		if (got != (long)n)
			break;
	}
	return done;
}

static int allocate(struct builder *b, struct error *error)
{
	uint64_t total = b->layout.total_pages, pfn = 0;

	b->p2m = malloc(total * sizeof(*b->p2m));
	if (!b->p2m)
		return error_set(
			error, -ENOMEM,
			"dom0 has no memory left for the new domain's page list; raise dom0_mem=");
	/* In as large pieces as there are: each costs the same. */
	for (int order = EXTENT_ORDER; order >= 0; order--)
		pfn += populate(b, pfn, order, (total - pfn) >> order) << order;
	if (pfn < total)
		return error_set(
			error, -ENOMEM,
			"not enough free memory: the domain wants %lu KiB, %lu KiB too many",
			(unsigned long)(total << 2), (unsigned long)((total - pfn) << 2));
	return 0;
}

/* --- Contents -------------------------------------------------------------------------------- */

static void load_segments(struct builder *b)
{
	struct elf_segment segment;

	for (unsigned int i = 0; elf_segment(&b->kernel.elf, i, &segment); i++)
		if (segment.type == ELF_PT_LOAD)
			memcpy(b->base + (segment.paddr + b->kernel.virt_offset -
					  b->kernel.virt_base),
			       b->kernel.elf.data + segment.offset, segment.filesz);
}

static void fill_start_info(struct builder *b, uint64_t shared_mfn)
{
	const struct layout *l = &b->layout;
	struct start_info *info = page_at(b, l->start_info);

	strcpy(info->magic, "xen-3.0-x86_64");
	info->nr_pages = l->total_pages;
	info->shared_info = shared_mfn << PAGE_SHIFT;
	info->store_mfn = b->p2m[l->store];
	info->store_evtchn = b->build->store_port;
	info->console.domU.mfn = b->p2m[l->console];
	info->console.domU.evtchn = b->build->console_port;
	info->pt_base = layout_va(&b->kernel, l->first_table);
	info->nr_pt_frames = l->table_pages;
	info->mfn_list = l->p2m_va;
	if (b->kernel.p2m_base != KERNEL_NO_P2M_BASE) {
		info->first_p2m_pfn = l->first_p2m;
		info->nr_p2m_frames = l->p2m_pages;
	}
	if (b->build->ramdisk_size) {
		info->mod_len = b->build->ramdisk_size;
		info->mod_start = b->kernel.mod_by_pfn ? l->first_module :
							 layout_va(&b->kernel, l->first_module);
		if (b->kernel.mod_by_pfn)
			info->flags |= SIF_MOD_START_PFN;
	}
	memcpy(info->cmd_line, b->build->cmdline,
	       MIN(strlen(b->build->cmdline), (size_t)MAX_GUEST_CMDLINE - 1));
}

/* Upcalls stay masked until the kernel has a handler and a stack for them, and says so. */
static int mask_upcalls(struct builder *b, xen_pfn_t shared_mfn)
{
	struct shared_info *shared = vmap_foreign(b->domid, &shared_mfn, NULL, 1);

	if (!shared)
		return -ENOMEM;
	for (unsigned int i = 0; i < XEN_LEGACY_MAX_VCPUS; i++)
		shared->vcpu_info[i].evtchn_upcall_mask = 1;
	vmap_unmap(shared, 1);
	return 0;
}

static void fill_tables(struct builder *b)
{
	const struct layout *l = &b->layout;
	struct tables t = {
		.memory = b->base,
		.p2m = b->p2m,
		.first = l->first_table,
		.count = l->table_pages,
		.data = b->kernel.data_nx ? l->first_kernel + l->kernel_pages : UINT64_MAX,
	};

	tables_init(&t);
	tables_map(&t, layout_va(&b->kernel, 0), 0, l->map_pages);
	if (b->kernel.p2m_base != KERNEL_NO_P2M_BASE)
		tables_map(&t, l->p2m_va, l->first_p2m, l->p2m_pages);
}

static int fill(struct builder *b, struct error *error)
{
	const struct layout *l = &b->layout;
	xen_domctl_getdomaininfo_t info;
	int err = hyper_info(b->domid, &info);

	if (err)
		return error_set(error, err, "the new domain cannot be described: error %d", -err);
	b->base = vmap_foreign(b->domid, b->p2m, NULL, l->used_pages);
	if (!b->base || mask_upcalls(b, info.shared_info_frame))
		return error_set(error, -ENOMEM, "the new domain's memory cannot be mapped");
	load_segments(b);
	if (b->build->ramdisk_size)
		memcpy(page_at(b, l->first_module), b->build->ramdisk, b->build->ramdisk_size);
	memcpy(page_at(b, l->first_p2m), b->p2m, l->total_pages * sizeof(*b->p2m));
	fill_start_info(b, info.shared_info_frame);
	fill_tables(b);
	vmap_unmap(b->base, l->used_pages);
	b->base = NULL;
	return 0;
}

/* --- The first vcpu -------------------------------------------------------------------------- */

static int pin(struct builder *b, struct error *error)
{
	struct mmuext_op op = {
		.cmd = MMUEXT_PIN_L4_TABLE,
		.arg1.mfn = b->p2m[b->layout.first_table],
	};
	long err = hypercall_mmuext_op(&op, 1, NULL, b->domid);

	return err ? error_set(error, (int)err,
			       "the new domain's page tables are refused: error %ld", -err)
		   : 0;
}

static int set_vcpu(struct builder *b, struct error *error)
{
	struct vcpu_guest_context *c = calloc(1, sizeof(*c));
	int err;

	if (!c)
		return error_set(error, -ENOMEM, "dom0 has no memory left for a vcpu's context");
	c->flags = VGCF_in_kernel | VGCF_online;
	c->user_regs.rip = b->kernel.entry;
	c->user_regs.rsp = layout_va(&b->kernel, b->layout.stack + 1);
	c->user_regs.rsi = layout_va(&b->kernel, b->layout.start_info);
	c->user_regs.rflags = 1UL << 9;
	c->user_regs.cs = FLAT_KERNEL_CS;
	/* The other selectors stay null: a base is kept over a switch only where they are. */
	c->user_regs.ss = FLAT_KERNEL_SS;
	c->kernel_ss = FLAT_KERNEL_SS;
	c->kernel_sp = c->user_regs.rsp;
	c->ctrlreg[3] = b->p2m[b->layout.first_table] << PAGE_SHIFT;
	c->debugreg[6] = 0xffff0ff0;
	c->debugreg[7] = 0x400;
	err = hyper_set_context(b->domid, 0, c);
	free(c);
	return err ? error_set(error, err, "the new domain's first vcpu is refused: error %d", -err)
		   : 0;
}

static int set_hypercall_page(struct builder *b, struct error *error)
{
	uint64_t pfn = (b->kernel.hypercall_page - b->kernel.virt_base) >> PAGE_SHIFT;
	int err;

	if (!b->kernel.hypercall_page)
		return 0;
	err = hyper_hypercall_page(b->domid, b->p2m[pfn]);
	return err ? error_set(error, err, "the new domain's hypercall page is refused: error %d",
			       -err)
		   : 0;
}

/* Entries 0 and 1 of its grant table let dom0 map its console and store rings without privilege. */
static int seed_grants(struct builder *b, struct error *error)
{
	xen_pfn_t frame;
	struct gnttab_setup_table setup = { .dom = b->domid, .nr_frames = 1 };
	grant_entry_v1_t *table;
	long err;

	set_xen_guest_handle(setup.frame_list, &frame);
	err = hypercall_grant_table_op(GNTTABOP_setup_table, &setup, 1);
	if (err || setup.status != GNTST_okay)
		return error_set(error, -EIO, "the new domain's grant table cannot be set up");
	table = vmap_foreign(b->domid, &frame, NULL, 1);
	if (!table)
		return error_set(error, -EIO, "the new domain's grant table cannot be mapped");
	table[GNTTAB_RESERVED_CONSOLE] = (grant_entry_v1_t){
		.flags = GTF_permit_access,
		.frame = (uint32_t)b->p2m[b->layout.console],
	};
	table[GNTTAB_RESERVED_XENSTORE] = (grant_entry_v1_t){
		.flags = GTF_permit_access,
		.frame = (uint32_t)b->p2m[b->layout.store],
	};
	vmap_unmap(table, 1);
	return 0;
}

/* --- All of it ------------------------------------------------------------------------------- */

int build_check(struct build *build, struct error *error)
{
	if (kernel_open(&build->opened, build->kernel, build->kernel_size, build->name, error))
		return error->code;
	return layout_compute(&build->layout, &build->opened, build->ramdisk_size,
			      build->memory_pages, build->name, error);
}

int build_domain(domid_t domid, struct build *build, struct error *error)
{
	struct builder b = {
		.domid = domid,
		.build = build,
		.kernel = build->opened,
		.layout = build->layout,
	};
	int err = allocate(&b, error);

	if (!err)
		err = fill(&b, error);
	if (!err)
		err = set_hypercall_page(&b, error);
	if (!err)
		err = pin(&b, error);
	if (!err)
		err = seed_grants(&b, error);
	if (!err)
		err = set_vcpu(&b, error);
	if (!err) {
		build->store_mfn = MFN(b.p2m[b.layout.store]);
		build->console_mfn = MFN(b.p2m[b.layout.console]);
		build->used_pages = b.layout.used_pages;
	}
	if (b.base)
		vmap_unmap(b.base, b.layout.used_pages);
	free(b.p2m);
	return err;
}
