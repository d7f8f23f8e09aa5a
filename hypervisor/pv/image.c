/* SPDX-License-Identifier: MIT */
/* dom0's kernel: its ELF notes, its segments, and the plan of the initial address space. */
#include "console.h"
#include "hypervisor/pv/image.h"
#include "lib/string.h"
#include <xen/elfnote.h>
#include <xen/features.h>

#define SIZE_4M   (1UL << 22)
#define SIZE_512K (1UL << 19)

static uint64_t note_number(const struct image *im, uint32_t type, uint64_t fallback)
{
	struct elf_note note;
	uint64_t val;

	return elf_xen_note(&im->elf, type, &note) && elf_note_number(&note, &val) ? val : fallback;
}

static void check_notes(const struct image *im)
{
	struct elf_note note;

	if (!elf_xen_note(&im->elf, XEN_ELFNOTE_XEN_VERSION, &note) &&
	    !elf_xen_note(&im->elf, XEN_ELFNOTE_VIRT_BASE, &note) &&
	    !elf_xen_note(&im->elf, XEN_ELFNOTE_HYPERCALL_PAGE, &note))
		panic("dom0: the kernel has no Xen notes: it is not for paravirtual guests");
	if (elf_xen_note(&im->elf, XEN_ELFNOTE_XEN_VERSION, &note) &&
	    (note.desc_len < 7 || memcmp(note.desc, "xen-3.0", 7)))
		panic("dom0: the kernel wants another version of the interface than xen-3.0");
	if (elf_xen_note(&im->elf, XEN_ELFNOTE_SUPPORTED_FEATURES, &note) &&
	    !(note_number(im, XEN_ELFNOTE_SUPPORTED_FEATURES, 0) & 1UL << XENFEAT_dom0))
		panic("dom0: the kernel does not support being dom0");
}

static void find_extent(const struct image *im, uint64_t *low, uint64_t *high)
{
	struct elf_segment s;
	unsigned i;

	*low = ADDRESS_UNSET;
	*high = 0;
	for (i = 0; elf_segment(&im->elf, i, &s); i++) {
		if (s.type != ELF_PT_LOAD || !s.memsz)
			continue;
		*low = MIN(*low, s.paddr);
		*high = MAX(*high, s.paddr + s.memsz);
	}
}

void image_parse(struct image *im, const void *data, size_t size)
{
	enum elf_status status = elf_open(&im->elf, data, size);
	uint64_t low, high;

	if (status != ELF_OK)
		panic("dom0: the kernel %s", elf_status_text(status));
	check_notes(im);
	im->virt_base = note_number(im, XEN_ELFNOTE_VIRT_BASE, 0);
	im->virt_offset = im->virt_base - note_number(im, XEN_ELFNOTE_PADDR_OFFSET, 0);
	im->entry = note_number(im, XEN_ELFNOTE_ENTRY, im->elf.header.entry);
	im->hypercall_page = note_number(im, XEN_ELFNOTE_HYPERCALL_PAGE, ADDRESS_UNSET);
	im->init_p2m = note_number(im, XEN_ELFNOTE_INIT_P2M, ADDRESS_UNSET);
	im->unmapped_ramdisk = note_number(im, XEN_ELFNOTE_MOD_START_PFN, 0);
	find_extent(im, &low, &high);
	im->kernel_start = low + im->virt_offset;
	im->kernel_end = high + im->virt_offset;
	if (low >= high || im->kernel_start < im->virt_base || im->kernel_start > im->kernel_end ||
	    im->entry < im->kernel_start || im->entry >= im->kernel_end ||
	    !IS_ALIGNED(im->virt_base, PAGE_SIZE))
		panic("dom0: the kernel's addresses make no sense: base %lx, %lx to %lx, entry %lx",
		      im->virt_base, im->kernel_start, im->kernel_end, im->entry);
	if (im->hypercall_page != ADDRESS_UNSET &&
	    (im->hypercall_page < im->kernel_start ||
	     im->hypercall_page + PAGE_SIZE > im->kernel_end))
		panic("dom0: the hypercall page is outside of the kernel");
}

void image_load(const struct image *im, char *at)
{
	struct elf_segment s;
	unsigned i;
	char *to;

	for (i = 0; elf_segment(&im->elf, i, &s); i++) {
		if (s.type != ELF_PT_LOAD || !s.memsz)
			continue;
		to = at + (s.paddr + im->virt_offset - im->virt_base);
		memcpy(to, im->elf.data + s.offset, s.filesz);
		memset(to + s.filesz, 0, s.memsz - s.filesz);
	}
	if (im->hypercall_page != ADDRESS_UNSET)
		hypercall_page_fill(at + (im->hypercall_page - im->virt_base));
}

/* Tables of one level for [from, to) when an entry of the level above spans 1 << shift bytes. */
static uint64_t tables_for(uint64_t from, uint64_t to, unsigned shift)
{
	return ((to - 1) >> shift) - (from >> shift) + 1;
}

void layout_plan(struct layout *l, const struct image *im, uint64_t ramdisk_size, uint64_t nr_pages)
{
	uint64_t at = ROUND_UP(im->kernel_end, PAGE_SIZE), n;

	l->start = im->virt_base;
	l->ramdisk = at;
	if (!im->unmapped_ramdisk)
		at += ROUND_UP(ramdisk_size, PAGE_SIZE);
	l->p2m = at;
	if (im->init_p2m == ADDRESS_UNSET)
		at += ROUND_UP(nr_pages * 8, PAGE_SIZE);
	l->start_info = at;
	l->tables = at + PAGE_SIZE;
	/* The tables map themselves, so their number depends on itself. */
	for (n = 4;; n++) {
		l->stack = l->tables + n * PAGE_SIZE;
		l->end = ROUND_UP(l->stack + PAGE_SIZE, SIZE_4M);
		if (l->end - (l->stack + PAGE_SIZE) < SIZE_512K)
			l->end += SIZE_4M;
		if (1 + tables_for(l->start, l->end, 39) + tables_for(l->start, l->end, 30) +
			    tables_for(l->start, l->end, 21) <= n)
			break;
	}
	l->nr_tables = n;
}
