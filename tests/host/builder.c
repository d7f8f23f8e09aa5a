/* SPDX-License-Identifier: MIT */
/*
 * Rules: a kernel is refused with a line that says why; the start-of-day layout is in the ABI's
 * order and its tables suffice; every page table is mapped read-only, everything else writable, and
 * all executable but for an image that asks for less.
 */
// uses: dom0/kernel.c dom0/tables.c lib/elf.c lib/format.c
#include "dom0/kernel.h"
#include "dom0/tables.h"
#include "guest/notes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xen/elfnote.h>

#include "tests/host/check.h"

/* --- A kernel image made here ---------------------------------------------------------------- */

#define BASE	 0x400000ULL
#define TEXT_LEN 0x3000ULL
#define BSS_LEN	 0x5000ULL

struct image {
	struct elf_header header;
	struct elf_segment segments[2];
	uint8_t notes[512];
	uint8_t text[TEXT_LEN];
};

static size_t add_note(struct image *image, size_t at, const char *name, uint32_t type,
		       const void *desc, uint32_t len)
{
	uint32_t name_len = (uint32_t)strlen(name) + 1, head[3] = { name_len, len, type };
	uint8_t *note = image->notes + at, *desc_at = note + 12 + ((name_len + 3) & ~3U);

	memcpy(note, head, 12);
	memcpy(note + 12, name, name_len);
	memcpy(desc_at, desc, len);
	return (size_t)(desc_at - image->notes) + ((len + 3) & ~3U);
}

static size_t number_note(struct image *image, size_t at, uint32_t type, uint64_t value)
{
	return add_note(image, at, "Xen", type, &value, 8);
}

static struct image *make_image(uint64_t p2m_base, uint32_t data_nx)
{
	struct image *image = calloc(1, sizeof(*image));
	size_t at = 0;

	memcpy(image->header.ident, "\x7f" "ELF\x02\x01\x01", 7);
	image->header.type = 2;
	image->header.machine = 62;
	image->header.version = 1;
	image->header.entry = BASE;
	image->header.phoff = offsetof(struct image, segments);
	image->header.ehsize = 64;
	image->header.phentsize = sizeof(struct elf_segment);
	image->header.phnum = 2;
	at = add_note(image, at, "Xen", XEN_ELFNOTE_XEN_VERSION, "xen-3.0", 8);
	at = number_note(image, at, XEN_ELFNOTE_VIRT_BASE, BASE);
	at = number_note(image, at, XEN_ELFNOTE_PADDR_OFFSET, BASE);
	at = number_note(image, at, XEN_ELFNOTE_ENTRY, BASE + 0x10);
	at = number_note(image, at, XEN_ELFNOTE_HYPERCALL_PAGE, BASE + 0x1000);
	if (p2m_base)
		at = number_note(image, at, XEN_ELFNOTE_INIT_P2M, p2m_base);
	if (data_nx)
		at = add_note(image, at, LAMINA_NOTE_NAME, LAMINA_NOTE_DATA_NX, &data_nx, 4);
	image->segments[0] = (struct elf_segment){ ELF_PT_LOAD,
						   ELF_PF_R | ELF_PF_X,
						   offsetof(struct image, text),
						   BASE,
						   BASE,
						   TEXT_LEN,
						   TEXT_LEN + BSS_LEN,
						   4096 };
	image->segments[1] = (struct elf_segment){
		ELF_PT_NOTE, ELF_PF_R, offsetof(struct image, notes), 0, 0, at, at, 4
	};
	return image;
}

static int open_image(struct image *image, size_t size, struct kernel *kernel, struct error *error)
{
	memset(error, 0, sizeof(*error));
	return kernel_open(kernel, image, size, "k", error);
}

static bool refused(struct image *image, size_t size, const char *word)
{
	struct kernel kernel;
	struct error error;

	return open_image(image, size, &kernel, &error) == -ENOEXEC && strstr(error.text, word) &&
	       !strchr(error.text, '\n');
}

static void test_refusals(void)
{
	struct image *image = make_image(0, 0);
	size_t size = sizeof(*image);

	CHECK("not-elf", refused((struct image *)"no kernel at all", 16, "ELF"));
	CHECK("cut-short", refused(image, size - TEXT_LEN, "cut short"));
	image->header.ident[4] = 1;
	CHECK("32-bit", refused(image, size, "64"));
	image->header.ident[4] = 2;
	image->segments[1].filesz = image->segments[1].memsz = 0;
	CHECK("no-notes", refused(image, size, "Xen"));
	free(image);

	image = make_image(0, 0);
	number_note(image, 24 + 24 + 24, XEN_ELFNOTE_ENTRY, BASE + 0x100000);
	CHECK("entry-outside", refused(image, size, "entry"));
	free(image);

	image = make_image(0, 0);
	image->segments[0].paddr = 0;
	CHECK("below-base", refused(image, size, "outside"));
	free(image);

	image = make_image(0, 0);
	number_note(image, 24 * 4, XEN_ELFNOTE_HYPERCALL_PAGE, 0x1000);
	CHECK("hypercall-page-outside", refused(image, size, "notes"));
	free(image);
}

/* --- Layout and tables ----------------------------------------------------------------------- */

/* Walk the tables as the processor would. Returns the entry, 0: not mapped. */
static uint64_t walk(const char *memory, uint64_t root_mfn, uint64_t first_mfn, uint64_t va)
{
	uint64_t mfn = root_mfn, entry = 0;

	for (int level = 3; level >= 0; level--) {
		const uint64_t *table = (const uint64_t *)(memory + ((mfn - first_mfn) << 12));

		entry = table[va >> (12 + 9 * level) & 511];
		if (!(entry & 1))
			return 0;
		mfn = entry >> 12 & 0xffffffffffULL;
	}
	return entry;
}

#define FIRST_MFN 0x1234ULL

static void check_tables(const char *name, const struct kernel *kernel, const struct layout *l)
{
	char *memory = calloc(l->total_pages, 4096);
	uint64_t *p2m = malloc(l->total_pages * 8);
	struct tables t = {
		.memory = memory,
		.p2m = p2m,
		.first = l->first_table,
		.count = l->table_pages,
		.data = kernel->data_nx ? l->first_kernel + l->kernel_pages : UINT64_MAX,
	};
	unsigned int wrong = 0;

	for (uint64_t i = 0; i < l->total_pages; i++)
		p2m[i] = FIRST_MFN + i;
	tables_init(&t);
	tables_map(&t, layout_va(kernel, 0), 0, l->map_pages);
	if (kernel->p2m_base != KERNEL_NO_P2M_BASE)
		tables_map(&t, l->p2m_va, l->first_p2m, l->p2m_pages);
	for (uint64_t pfn = 0; pfn < l->map_pages; pfn++) {
		uint64_t entry =
			walk(memory, p2m[l->first_table], FIRST_MFN, layout_va(kernel, pfn));
		bool table = pfn >= l->first_table && pfn < l->first_table + l->table_pages;

		wrong += (entry >> 12 & 0xffffffffffULL) != p2m[pfn] ||
			 entry >> 63 != (pfn >= t.data) || !!(entry & 2) == table || !(entry & 4);
	}
	for (uint64_t i = 0; i < l->p2m_pages; i++)
		wrong += (walk(memory, p2m[l->first_table], FIRST_MFN, l->p2m_va + (i << 12)) >>
				  12 & 0xffffffffffULL) != p2m[l->first_p2m + i];
	CHECK(name, !wrong && t.next <= l->first_table + l->table_pages);
	free(memory);
	free(p2m);
}

static void test_layout(const char *name, uint64_t p2m_base, uint32_t data_nx, uint64_t module,
			uint64_t pages)
{
	struct image *image = make_image(p2m_base, data_nx);
	struct kernel kernel;
	struct layout l;
	struct error error;
	bool elsewhere = p2m_base != 0;
	uint64_t behind_module = 8 + (module + 4095) / 4096, p2m = (pages * 8 + 4095) / 4096;

	CHECK("opens", !open_image(image, sizeof(*image), &kernel, &error) &&
			       kernel.data_nx == !!data_nx);
	CHECK("fits", !layout_compute(&l, &kernel, module, pages, "k", &error));
	CHECK("order", l.first_kernel == 0 && l.first_module == 8 &&
			       l.start_info == behind_module + (elsewhere ? 0 : p2m) &&
			       l.first_table == l.console + 1 &&
			       l.stack == l.first_table + l.table_pages);
	CHECK("p2m", l.first_p2m == (elsewhere ? l.stack + 1 : behind_module) &&
			     l.used_pages == l.stack + 1 + (elsewhere ? p2m : 0));
	CHECK("padded", l.map_pages == pages || (l.map_pages - l.stack - 1) * 4096 >= 512 * 1024);
	check_tables(name, &kernel, &l);
	free(image);
}

static void test_too_small(void)
{
	struct image *image = make_image(0, 0);
	struct kernel kernel;
	struct layout l;
	struct error error;

	open_image(image, sizeof(*image), &kernel, &error);
	CHECK("too-small", layout_compute(&l, &kernel, 0, 12, "k", &error) == -ENOMEM &&
				   strstr(error.text, "memory="));
	memset(&error, 0, sizeof(error));
	CHECK("huge-module", layout_compute(&l, &kernel, ~0ULL, 4096, "k", &error) == -ENOMEM);
	free(image);
}

int main(void)
{
	test_refusals();
	test_layout("tables-1MiB", 0, 1, 0, 256);
	test_layout("tables-16MiB", 0, 0, 5000, 4096);
	test_layout("tables-64MiB", 0, 1, 9 << 20, 16384);
	test_layout("tables-p2m-elsewhere", 0x8000000000ULL, 0, 12345, 16384);
	test_too_small();
	return failures != 0;
}
