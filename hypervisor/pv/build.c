/* SPDX-License-Identifier: MIT */
/*
 * dom0, from its kernel image: the only domain that the hypervisor builds itself, any PV64 kernel.
 * Its address space is that of Xen's builder (layout_plan); the page tables are written as a guest
 * would write them, and then validated like any guest's.
 */
#include "access.h"
#include "console.h"
#include "hypervisor/pv/bounce.h"
#include "hypervisor/pv/context.h"
#include "hypervisor/pv/dom0.h"
#include "hypervisor/pv/image.h"
#include "hypervisor/pv/root.h"
#include "hypervisor/pv/table.h"
#include "lib/string.h"
#include "sched.h"

#define PROT_TABLE (PTE_P | PTE_W | PTE_U | PTE_A | PTE_D)
#define PROT_DATA  (PTE_P | PTE_W | PTE_A | PTE_D)

struct builder {
	struct domain *d;
	struct image image;
	struct layout l;
	uint64_t nr_pages, next_pfn;
	char *region; /* the initial region, contiguous, in the directmap */
	uint64_t *p2m;
	char *table_next, *table_end; /* frames for tables not used yet */
	mfn_t root;
	pfn_t ramdisk_pfn, p2m_pfn;
	uint64_t p2m_pages; /* with its tables, where it is outside of the region */
};

static void *at_va(struct builder *b, uint64_t va)
{
	return b->region + (va - b->l.start);
}

/* `pages` contiguous frames; what rounding took too much goes back. */
static char *take_pages(struct builder *b, uint64_t pages)
{
	unsigned order = bits_order(pages);
	struct frame *f = frame_alloc(b->d, order, 0, true);
	uint64_t i;

	if (!f)
		panic("dom0: not enough memory in one piece for %lu pages", pages);
	for (i = pages; i < 1UL << order; i++)
		frame_unallocate(f + i);
	return mfn_to_virt(frame_to_mfn(f));
}

/* The next pfns are these frames. */
static pfn_t number_pages(struct builder *b, const char *at, uint64_t pages)
{
	mfn_t m = virt_to_mfn(at);
	pfn_t first = PFN(b->next_pfn);
	uint64_t i;

	for (i = 0; i < pages; i++) {
		b->p2m[b->next_pfn] = m.n + i;
		m2p_set(mfn_add(m, i), b->next_pfn++);
	}
	return first;
}

static uint64_t *next_table(struct builder *b, uint64_t *entry)
{
	uint64_t *table;

	if (*entry & PTE_P)
		return mfn_to_virt(pte_mfn(*entry));
	if (b->table_next == b->table_end)
		panic("dom0: more page tables than planned");
	table = (uint64_t *)b->table_next;
	b->table_next += PAGE_SIZE;
	memset(table, 0, PAGE_SIZE);
	*entry = virt_to_mfn(table).n << PAGE_SHIFT | PROT_TABLE;
	return table;
}

static uint64_t *l1_of(struct builder *b, uint64_t va)
{
	uint64_t *table = mfn_to_virt(b->root);
	unsigned shift;

	for (shift = 39; shift > 12; shift -= 9)
		table = next_table(b, &table[va >> shift & (TABLE_ENTRIES - 1)]);
	return table;
}

static void map_pages(struct builder *b, uint64_t va, const char *at, uint64_t pages)
{
	uint64_t *l1 = NULL, entry = virt_to_mfn(at).n << PAGE_SHIFT | PROT_DATA;

	for (; pages; pages--, va += PAGE_SIZE, entry += PAGE_SIZE) {
		if (!l1 || !(va >> 12 & (TABLE_ENTRIES - 1)))
			l1 = l1_of(b, va);
		l1[va >> 12 & (TABLE_ENTRIES - 1)] = entry;
	}
}

static void map_region(struct builder *b)
{
	uint64_t va;

	b->table_next = at_va(b, b->l.tables);
	b->table_end = b->table_next + b->l.nr_tables * PAGE_SIZE;
	b->root = virt_to_mfn(b->table_next);
	memset(b->table_next, 0, PAGE_SIZE);
	b->table_next += PAGE_SIZE;
	map_pages(b, b->l.start, b->region, (b->l.end - b->l.start) / PAGE_SIZE);
	for (va = b->l.tables; va < b->l.tables + b->l.nr_tables * PAGE_SIZE; va += PAGE_SIZE)
		l1_of(b, va)[va >> 12 & (TABLE_ENTRIES - 1)] &= ~PTE_W;
}

/* The p2m where the kernel wants it (INIT_P2M), with tables of its own, which are not mapped. */
static void map_p2m(struct builder *b, uint64_t data_pages)
{
	if (!b->p2m_pages)
		return;
	b->table_next = (char *)b->p2m + data_pages * PAGE_SIZE;
	b->table_end = (char *)b->p2m + b->p2m_pages * PAGE_SIZE;
	b->p2m_pfn = number_pages(b, (char *)b->p2m, b->p2m_pages);
	map_pages(b, b->image.init_p2m, (char *)b->p2m, data_pages);
}

static uint64_t p2m_tables(const struct builder *b, uint64_t data_pages)
{
	uint64_t first = b->image.init_p2m, last = first + data_pages * PAGE_SIZE - 1;

	if (first == ADDRESS_UNSET)
		return 0;
	return (last >> 39) - (first >> 39) + (last >> 30) - (first >> 30) + (last >> 21) -
	       (first >> 21) + 3;
}

static void load_ramdisk(struct builder *b, const void *ramdisk, size_t size)
{
	uint64_t pages = DIV_ROUND_UP(size, PAGE_SIZE);
	char *at;

	if (!size)
		return;
	if (!b->image.unmapped_ramdisk) {
		memcpy(at_va(b, b->l.ramdisk), ramdisk, size);
		return;
	}
	at = take_pages(b, pages);
	memcpy(at, ramdisk, size);
	b->ramdisk_pfn = number_pages(b, at, pages);
}

/* The rest of its memory, in pieces as large as there are. */
static void fill_memory(struct builder *b)
{
	unsigned order = 10;
	struct frame *f;

	while (b->next_pfn < b->nr_pages) {
		while (1UL << order > b->nr_pages - b->next_pfn)
			order--;
		f = frame_alloc(b->d, order, 0, true);
		if (f)
			number_pages(b, mfn_to_virt(frame_to_mfn(f)), 1UL << order);
		else if (order-- == 0)
			panic("dom0: no memory after %lu of %lu pages", b->next_pfn, b->nr_pages);
	}
}

static void load_all(struct builder *b, const void *ramdisk, size_t size)
{
	uint64_t region_pages = (b->l.end - b->l.start) / PAGE_SIZE;
	uint64_t data_pages = DIV_ROUND_UP(b->nr_pages * 8, PAGE_SIZE);
	uint64_t tables = p2m_tables(b, data_pages);

	b->region = take_pages(b, region_pages);
	b->p2m_pages = tables ? data_pages + tables : 0;
	b->p2m = tables ? (uint64_t *)take_pages(b, b->p2m_pages) : at_va(b, b->l.p2m);
	number_pages(b, b->region, region_pages);
	image_load(&b->image, b->region);
	load_ramdisk(b, ramdisk, size);
	map_region(b);
	map_p2m(b, data_pages);
	fill_memory(b);
}

static void fill_start_info(struct builder *b, size_t ramdisk_size, const char *cmdline)
{
	struct start_info *si = memset(at_va(b, b->l.start_info), 0, PAGE_SIZE);

	strlcpy(si->magic, "xen-3.0-x86_64", sizeof(si->magic));
	si->nr_pages = b->nr_pages;
	si->shared_info = virt_to_mfn(b->d->shared).n << PAGE_SHIFT;
	si->flags = SIF_PRIVILEGED | SIF_INITDOMAIN;
	si->pt_base = b->l.tables;
	si->nr_pt_frames = b->l.nr_tables;
	si->mfn_list = b->p2m_pages ? b->image.init_p2m : b->l.p2m;
	if (b->p2m_pages) {
		si->first_p2m_pfn = b->p2m_pfn.n;
		si->nr_p2m_frames = b->p2m_pages;
	}
	si->mod_len = ramdisk_size;
	if (ramdisk_size && b->image.unmapped_ramdisk) {
		si->mod_start = b->ramdisk_pfn.n;
		si->flags |= SIF_MOD_START_PFN;
	} else if (ramdisk_size) {
		si->mod_start = b->l.ramdisk;
	}
	strlcpy((char *)si->cmd_line, cmdline, sizeof(si->cmd_line));
}

static void take_root(struct builder *b, struct vcpu *v)
{
	struct frame *f = mfn_to_frame(b->root);
	int rc;

	do {
		work_begin();
		rc = frame_get_typed(f, b->d->id, TYPE_L4);
	} while (rc == -ERESTART);
	if (rc || frame_get_typed(f, b->d->id, TYPE_L4))
		panic("dom0: error %d in its page tables", rc);
	__atomic_or_fetch(&f->state, FRAME_PINNED, __ATOMIC_RELAXED);
	root_take_kernel(v, b->root);
}

static void start_vcpu(struct builder *b, struct vcpu *v)
{
	struct regs *r = &v->regs;

	take_root(b, v);
	r->rip = b->image.entry;
	r->rsp = b->l.stack + PAGE_SIZE;
	r->rsi = b->l.start_info;
	r->rflags = RF_IF;
	r->cs = FLAT_KERNEL_CS;
	r->ss = FLAT_KERNEL_SS;
	v->pv.kernel_ss = FLAT_KERNEL_SS;
	v->pv.kernel_sp = r->rsp;
	v->initialised = true;
	v->down = false;
}

void pv_build_dom0(const void *kernel, size_t kernel_size, const void *ramdisk, size_t ramdisk_size,
		   const char *cmdline)
{
	struct builder b = { .d = dom0_create() };
	unsigned i;

	image_parse(&b.image, kernel, kernel_size);
	b.nr_pages = dom0_pages(kernel_size + ramdisk_size);
	layout_plan(&b.l, &b.image, ramdisk_size, b.nr_pages);
	if (!guest_range_ok((void *)b.l.start, b.l.end - b.l.start))
		panic("dom0: the kernel overlaps the hypervisor's addresses");
	if ((b.l.end - b.l.start) / PAGE_SIZE + DIV_ROUND_UP(ramdisk_size, PAGE_SIZE) > b.nr_pages)
		panic("dom0: %lu KiB of memory are too small for its kernel and ramdisk",
		      b.nr_pages * 4);
	load_all(&b, ramdisk, ramdisk_size);
	fill_start_info(&b, ramdisk_size, cmdline);
	for (i = 0; i < XEN_LEGACY_MAX_VCPUS; i++)
		b.d->shared->vcpu_info[i].evtchn_upcall_mask = 1;
	start_vcpu(&b, b.d->vcpu[0]);
	printk(LOG_INFO, "dom0: %lu MiB, kernel at %lx, entry %lx, region to %lx\n",
	       b.nr_pages >> 8, b.image.kernel_start, b.image.entry, b.l.end);
	domain_ctl_unpause(b.d);
}
