/* SPDX-License-Identifier: MIT */
/* ELF images: what is read of a good one, and the name of what is wrong with each bad one. */
// uses: lib/elf.c

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/elf.h"

struct note_words {
	uint32_t name_len, desc_len, type;
	char name[4];
	uint64_t value;
} PACKED;

struct image {
	struct elf_header header;
	struct elf_segment segments[2];
	struct elf_section sections[2];
	struct note_words note, section_note;
	char text[64];
} PACKED;

static struct image good(void)
{
	struct image image = {
		.header = { .ident = { 0x7f, 'E', 'L', 'F', 2, 1, 1 },
			    .type = 2,
			    .machine = 62,
			    .version = 1,
			    .entry = 0x400000,
			    .phoff = offsetof(struct image, segments),
			    .shoff = offsetof(struct image, sections),
			    .ehsize = 64,
			    .phentsize = 56,
			    .phnum = 2,
			    .shentsize = 64,
			    .shnum = 2 },
		.segments = { { .type = ELF_PT_LOAD,
				.flags = ELF_PF_R | ELF_PF_X,
				.offset = offsetof(struct image, text),
				.vaddr = 0x400000,
				.paddr = 0,
				.filesz = 64,
				.memsz = 4096 },
			      { .type = ELF_PT_NOTE,
				.offset = offsetof(struct image, note),
				.filesz = sizeof(struct note_words) } },
		.sections = { { 0 },
			      { .type = ELF_SHT_NOTE,
				.offset = offsetof(struct image, section_note),
				.size = sizeof(struct note_words) } },
		.note = { 4, 8, 3, "Xen", 0x123456789abcULL },
		.section_note = { 4, 8, 7, "Xen", 77 },
	};

	return image;
}

/* Opens a copy that ends where the allocation does. */
static enum elf_status open_cut(const struct image *image, size_t size)
{
	uint8_t *copy = malloc(size);
	struct elf elf;
	enum elf_status status;
	struct elf_note note;

	memcpy(copy, image, size);
	status = elf_open(&elf, copy, size);
	if (status == ELF_OK)
		elf_xen_note(&elf, 99, &note);
	free(copy);
	return status;
}

/* Those of these two types and no others, one by one and all at once. */
static void check_notes(struct image image, bool three, bool seven)
{
	struct elf_note notes[8], few[7], note;
	uint64_t value;
	struct elf elf;

	assert(elf_open(&elf, &image, sizeof(image)) == ELF_OK);
	elf_notes(&elf, "Xen", notes, 8);
	for (uint32_t type = 0; type < 8; type++) {
		bool wanted = (type == 3 && three) || (type == 7 && seven);

		assert(elf_xen_note(&elf, type, &note) == wanted);
		assert(!notes[type].desc == !wanted);
		assert(!wanted || notes[type].desc == note.desc);
	}
	assert(!seven || (elf_note_number(&notes[7], &value) && value == 77));
	elf_notes(&elf, "Xen", few, 7);
	assert(few[3].desc == notes[3].desc);
	elf_notes(&elf, "Xenon", notes, 8);
	assert(!notes[3].desc && !notes[7].desc);
}

/* Sections count where no segment has a note of that name. */
static void check_places(void)
{
	struct image image = good();

	check_notes(image, true, false);
	memcpy(image.note.name, "GNU", 4);
	check_notes(image, false, true);
	memcpy(image.note.name, "Xen", 4);
	image.segments[1].type = 0;
	check_notes(image, false, true);
	image.sections[1].offset = offsetof(struct image, note);
	image.sections[1].size = 2 * sizeof(struct note_words);
	check_notes(image, true, true);
}

static void check_good(void)
{
	struct image image = good();
	struct elf elf;
	struct elf_segment segment;
	struct elf_section section;
	struct elf_note note;
	uint64_t value;

	assert(elf_open(&elf, &image, sizeof(image)) == ELF_OK);
	assert(elf.header.entry == 0x400000);
	assert(elf_segment(&elf, 0, &segment) && segment.memsz == 4096);
	assert(elf_segment(&elf, 1, &segment) && segment.type == ELF_PT_NOTE);
	assert(!elf_segment(&elf, 2, &segment));
	assert(elf_section(&elf, 1, &section) && !elf_section(&elf, 2, &section));
	assert(elf_xen_note(&elf, 3, &note) && elf_note_number(&note, &value));
	assert(value == 0x123456789abcULL);
	assert(!elf_xen_note(&elf, 8, &note));
	note.desc_len = 5;
	assert(!elf_note_number(&note, &value));
}

static void check_bad(void)
{
#define BAD(change, status)                                          \
	do {                                                         \
		struct image image = good();                         \
		change;                                              \
		assert(open_cut(&image, sizeof(image)) == (status)); \
	} while (0)
	BAD(image.header.ident[0] = 0, ELF_NOT_ELF);
	BAD(image.header.ident[4] = 1, ELF_NOT_64BIT);
	BAD(image.header.ident[5] = 2, ELF_NOT_X86);
	BAD(image.header.machine = 183, ELF_NOT_X86);
	BAD(image.header.type = 1, ELF_NOT_EXECUTABLE);
	BAD(image.header.phnum = 0, ELF_NO_SEGMENTS);
	BAD(image.header.phnum = 0xffff, ELF_TRUNCATED);
	BAD(image.header.phoff = ~0ULL, ELF_TRUNCATED);
	BAD(image.header.phentsize = 32, ELF_MALFORMED);
	BAD(image.segments[0].type = 0, ELF_NO_SEGMENTS);
	BAD(image.segments[0].memsz = 0, ELF_NO_SEGMENTS);
	BAD(image.segments[0].filesz = 5000, ELF_MALFORMED);
	BAD(image.segments[0].vaddr = ~0ULL - 100, ELF_MALFORMED);
	BAD(image.segments[0].paddr = ~0ULL - 100, ELF_MALFORMED);
	BAD(image.segments[0].offset = sizeof(image) - 63, ELF_TRUNCATED);
	BAD(image.segments[0].offset = ~0ULL - 10, ELF_TRUNCATED);
	/* Notes that lie elsewhere, or say that they are longer than they are, are not there. */
	BAD(image.segments[1].offset = ~0ULL - 4, ELF_OK);
	BAD(image.note.name_len = ~0U, ELF_OK);
	BAD(image.note.desc_len = ~0U - 2, ELF_OK);
	BAD(image.sections[1].size = ~0ULL, ELF_OK);
	BAD(image.header.shoff = sizeof(image) - 64, ELF_OK);
	BAD(image.header.shnum = 0xffff, ELF_OK);
}

static void check_cut(void)
{
	struct image image = good();

	for (size_t size = 0; size < sizeof(image); size++) {
		enum elf_status status = open_cut(&image, size);

		assert(status == (size < 4 ? ELF_NOT_ELF : ELF_TRUNCATED));
		assert(strlen(elf_status_text(status)) > 5);
	}
}

int main(void)
{
	check_good();
	check_places();
	check_bad();
	check_cut();
	return 0;
}
