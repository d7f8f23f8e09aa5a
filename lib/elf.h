/* SPDX-License-Identifier: MIT */
/*
 * ELF64 x86-64 images in memory, read with every offset checked against the image's size. The
 * image is hostile and must not change while it is read. Nothing here allocates or copies.
 */
#pragma once

#include "lib/types.h"

#define ELF_PT_LOAD 1
#define ELF_PT_NOTE 4

#define ELF_PF_X 1
#define ELF_PF_W 2
#define ELF_PF_R 4

#define ELF_SHT_SYMTAB 2
#define ELF_SHT_STRTAB 3
#define ELF_SHT_NOTE   7

struct elf_header {
	uint8_t ident[16];
	uint16_t type, machine;
	uint32_t version;
	uint64_t entry, phoff, shoff;
	uint32_t flags;
	uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct elf_segment {
	uint32_t type, flags;
	uint64_t offset, vaddr, paddr, filesz, memsz, align;
};

struct elf_section {
	uint32_t name, type;
	uint64_t flags, addr, offset, size;
	uint32_t link, info;
	uint64_t align, entsize;
};

enum elf_status {
	ELF_OK,
	ELF_NOT_ELF,
	ELF_NOT_64BIT,
	ELF_NOT_X86,
	ELF_NOT_EXECUTABLE,
	ELF_TRUNCATED,
	ELF_MALFORMED,
	ELF_NO_SEGMENTS,
};

struct elf {
	const uint8_t *data;
	size_t size;
	struct elf_header header;
};

/* A note, inside the image: name has name_len bytes, its final 0 included, and desc desc_len. */
struct elf_note {
	uint32_t type, name_len, desc_len;
	const char *name;
	const uint8_t *desc;
};

/* Where an iteration over notes stands; starts as all 0. */
struct elf_note_cursor {
	bool in_sections;
	bool found; /* elf_note_named: one in a segment */
	unsigned int index;
	uint64_t offset;
};

/*
 * Checks the header and every loadable segment: bytes inside the image, filesz <= memsz, no
 * address that wraps, at least one segment to load. On ELF_OK elf refers to data, whose owner
 * keeps it.
 */
enum elf_status elf_open(struct elf *elf, const void *data, size_t size);

/* What is wrong, as words that follow "the kernel ". */
const char *elf_status_text(enum elf_status status);

/* Segment index, copied; false at or beyond the last. Loadable ones were checked by elf_open. */
bool elf_segment(const struct elf *elf, unsigned int index, struct elf_segment *segment);

/* Section index, copied, its bytes inside the image unless it is NOBITS; false when not so. */
bool elf_section(const struct elf *elf, unsigned int index, struct elf_section *section);

/* The next note: those of segments first, then those of sections. False after the last. */
bool elf_note_next(const struct elf *elf, struct elf_note_cursor *cursor, struct elf_note *note);

/* The next one of that name. As for Xen, sections count only where no segment has such a note. */
bool elf_note_named(const struct elf *elf, struct elf_note_cursor *cursor, const char *name,
		    struct elf_note *note);

/* The note named "Xen" of this type (XEN_ELFNOTE_*). */
bool elf_xen_note(const struct elf *elf, uint32_t type, struct elf_note *note);

/*
 * All notes of that name whose types are below `count`, by type: the first one of each, with desc
 * NULL where there is none.
 */
void elf_notes(const struct elf *elf, const char *name, struct elf_note *notes, uint32_t count);

/* desc as a little-endian number of 4 or 8 bytes; false when it has another size. */
bool elf_note_number(const struct elf_note *note, uint64_t *value);
