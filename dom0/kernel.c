/* SPDX-License-Identifier: MIT */
/* Reads a PV64 kernel's notes (<xen/elfnote.h>) and lays out its first address space. Pure. */
#include "dom0/kernel.h"
#include "guest/notes.h"

#include <stddef.h>
#include <string.h>

#include <xen/elfnote.h>

#define TABLE_SPAN(level) (1ULL << (PAGE_SHIFT + 9 * (level))) /* bytes one table of a level maps */
#define PADDING		  (512U * 1024)			       /* behind the last page in use */
#define ALIGNMENT	  (4ULL << 20)			       /* of the end of what is mapped */

/* Of notes by type, as elf_notes finds them. */
static uint64_t note_or(const struct elf_note *notes, uint32_t type, uint64_t fallback)
{
	uint64_t value;

	return notes[type].desc && elf_note_number(&notes[type], &value) ? value : fallback;
}

static bool note_is(const struct elf_note *note, const char *text)
{
	return note->desc_len == strlen(text) + 1 && !memcmp(note->desc, text, note->desc_len);
}

static int check_notes(const struct elf_note *notes, const char *name, struct error *error)
{
	const struct elf_note *version = &notes[XEN_ELFNOTE_XEN_VERSION];
	const struct elf_note *entry = &notes[XEN_ELFNOTE_ENTRY];

	if (!version->desc && !entry->desc)
		return error_set(error, -ENOEXEC,
				 "%s: the kernel has no Xen notes: it was not built for Xen PV",
				 name);
	if (version->desc && !note_is(version, "xen-3.0"))
		return error_set(error, -ENOEXEC,
				 "%s: the kernel's Xen note asks for another ABI than xen-3.0",
				 name);
	if (!entry->desc)
		return error_set(error, -ENOEXEC,
				 "%s: the kernel's Xen notes name no PV entry point", name);
	return 0;
}

/* Virtual bounds of all segments; every one must lie at or above virt_base and not wrap. */
static int find_bounds(struct kernel *kernel, const char *name, struct error *error)
{
	struct elf_segment segment;

	kernel->start = UINT64_MAX;
	kernel->end = 0;
	for (unsigned int i = 0; elf_segment(&kernel->elf, i, &segment); i++) {
		uint64_t va = segment.paddr + kernel->virt_offset;

		if (segment.type != ELF_PT_LOAD || !segment.memsz)
			continue;
		if (va < kernel->virt_base || va + segment.memsz < va)
			return error_set(
				error, -ENOEXEC,
				"%s: the kernel has a segment outside its own address space", name);
		kernel->start = MIN(kernel->start, va);
		kernel->end = MAX(kernel->end, va + segment.memsz);
	}
	if (kernel->end <= kernel->start || kernel->entry < kernel->start ||
	    kernel->entry >= kernel->end)
		return error_set(error, -ENOEXEC, "%s: the kernel's entry point lies outside it",
				 name);
	return 0;
}

int kernel_open(struct kernel *kernel, const void *image, size_t size, const char *name,
		struct error *error)
{
	enum elf_status status = elf_open(&kernel->elf, image, size);
	struct elf_note notes[XEN_ELFNOTE_MAX + 1], own[LAMINA_NOTES];

	if (status != ELF_OK)
		return error_set(error, -ENOEXEC, "%s: the kernel %s", name,
				 elf_status_text(status));
	elf_notes(&kernel->elf, "Xen", notes, ARRAY_SIZE(notes));
	elf_notes(&kernel->elf, LAMINA_NOTE_NAME, own, ARRAY_SIZE(own));
	if (check_notes(notes, name, error))
		return error->code;
	kernel->virt_base = note_or(notes, XEN_ELFNOTE_VIRT_BASE, 0);
	kernel->virt_offset = kernel->virt_base - note_or(notes, XEN_ELFNOTE_PADDR_OFFSET, 0);
	kernel->entry = note_or(notes, XEN_ELFNOTE_ENTRY, kernel->elf.header.entry);
	kernel->hypercall_page = note_or(notes, XEN_ELFNOTE_HYPERCALL_PAGE, 0);
	kernel->p2m_base = note_or(notes, XEN_ELFNOTE_INIT_P2M, KERNEL_NO_P2M_BASE);
	kernel->mod_by_pfn = note_or(notes, XEN_ELFNOTE_MOD_START_PFN, 0);
	kernel->data_nx = note_or(own, LAMINA_NOTE_DATA_NX, 0);
	if (find_bounds(kernel, name, error))
		return error->code;
	if (kernel->virt_base % PAGE_SIZE || kernel->hypercall_page % PAGE_SIZE ||
	    (kernel->hypercall_page && (kernel->hypercall_page < kernel->start ||
					kernel->hypercall_page >= kernel->end)) ||
	    (kernel->p2m_base != KERNEL_NO_P2M_BASE && kernel->p2m_base % PAGE_SIZE))
		return error_set(error, -ENOEXEC,
				 "%s: the kernel's Xen notes contradict each other", name);
	return 0;
}

/* --- Layout ---------------------------------------------------------------------------------- */

static uint64_t pages(uint64_t bytes)
{
	return bytes / PAGE_SIZE + (bytes % PAGE_SIZE != 0);
}

/* Tables of one level that [va, va + bytes) touches. */
static uint64_t tables_of(unsigned int level, uint64_t va, uint64_t bytes)
{
	return (va + bytes - 1) / TABLE_SPAN(level) - va / TABLE_SPAN(level) + 1;
}

/* An L4, and the L1-L3 of the linear map and of a p2m that lies elsewhere. */
static uint64_t count_tables(const struct kernel *kernel, const struct layout *layout)
{
	uint64_t count = 1;

	for (unsigned int level = 1; level <= 3; level++) {
		count += tables_of(level, kernel->virt_base, layout->map_pages << PAGE_SHIFT);
		if (kernel->p2m_base != KERNEL_NO_P2M_BASE)
			count +=
				tables_of(level, kernel->p2m_base, layout->p2m_pages << PAGE_SHIFT);
	}
	return count;
}

/* Tables map themselves: their number is found by trying until it does not grow. */
static void place_tables(const struct kernel *kernel, struct layout *layout)
{
	uint64_t want = 1;

	do {
		uint64_t end;

		layout->table_pages = want;
		layout->stack = layout->first_table + want;
		layout->used_pages = layout->stack + 1;
		end = layout_va(kernel, layout->used_pages) + PADDING;
		end = (end + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
		layout->map_pages = MIN((end - kernel->virt_base) >> PAGE_SHIFT,
					MAX(layout->total_pages, layout->used_pages));
		want = count_tables(kernel, layout);
	} while (want > layout->table_pages);
}

int layout_compute(struct layout *layout, const struct kernel *kernel, uint64_t module_size,
		   uint64_t total_pages, const char *name, struct error *error)
{
	bool elsewhere = kernel->p2m_base != KERNEL_NO_P2M_BASE;
	uint64_t next;

	layout->total_pages = total_pages;
	layout->first_kernel = (kernel->start - kernel->virt_base) >> PAGE_SHIFT;
	next = pages(kernel->end - kernel->virt_base);
	layout->kernel_pages = next - layout->first_kernel;
	layout->first_module = next;
	layout->module_pages = pages(module_size);
	next += layout->module_pages;
	layout->p2m_pages = pages(total_pages * sizeof(uint64_t));
	layout->first_p2m = next;
	if (!elsewhere)
		next += layout->p2m_pages;
	layout->start_info = next++;
	layout->store = next++;
	layout->console = next++;
	layout->first_table = next;
	/* Far beyond any memory the sum below could wrap: refuse first. */
	if (next < total_pages)
		place_tables(kernel, layout);
	else
		layout->used_pages = next + 8;
	/*
	 * Where the kernel wants its p2m elsewhere, its pages lie behind all else: Linux drops its
	 * map of what begins with the tables, and what lay between would stay mapped, writable and
	 * executable.
	 */
	if (elsewhere) {
		layout->first_p2m = layout->used_pages;
		layout->used_pages += layout->p2m_pages;
	}
	layout->p2m_va = elsewhere ? kernel->p2m_base : layout_va(kernel, layout->first_p2m);
	if (layout->used_pages > total_pages)
		return error_set(error, -ENOMEM,
				 "%s: needs at least %lu KiB of memory, its domain has %lu KiB; "
				 "raise memory=",
				 name, (unsigned long)(layout->used_pages << 2),
				 (unsigned long)(total_pages << 2));
	return 0;
}
