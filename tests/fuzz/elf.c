/* SPDX-License-Identifier: MIT */
/* Any bytes as an ELF image: everything that it offers is walked and read. */
// uses: lib/elf.c

#include "lib/elf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile uint8_t sink;

static void read_all(const void *p, size_t size)
{
	for (size_t i = 0; i < size; i++)
		sink ^= ((const uint8_t *)p)[i];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct elf_note_cursor cursor = { 0 };
	struct elf_segment segment;
	struct elf_section section;
	struct elf_note note;
	struct elf elf;
	uint64_t value;

	if (elf_open(&elf, data, size) != ELF_OK)
		return 0;
	for (unsigned int i = 0; elf_segment(&elf, i, &segment); i++)
		if (segment.type == ELF_PT_LOAD && segment.memsz)
			read_all(data + segment.offset, segment.filesz);
	for (unsigned int i = 0; i < elf.header.shnum; i++)
		if (elf_section(&elf, i, &section) && section.type == ELF_SHT_SYMTAB)
			read_all(data + section.offset, section.size);
	while (elf_note_next(&elf, &cursor, &note)) {
		read_all(note.name, note.name_len);
		read_all(note.desc, note.desc_len);
		elf_note_number(&note, &value);
	}
	return 0;
}
