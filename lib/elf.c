/* SPDX-License-Identifier: MIT */
/* Bounds-checked reading of ELF64 images: header, segments, sections, notes. */
#include "lib/elf.h"
#include "lib/string.h"

#define CLASS_64        2
#define DATA_LITTLE     1
#define TYPE_EXECUTABLE 2
#define TYPE_SHARED     3
#define MACHINE_X86_64  62
#define SHT_NOBITS      8

_Static_assert(sizeof(struct elf_header) == 64, "Elf64_Ehdr");
_Static_assert(sizeof(struct elf_segment) == 56, "Elf64_Phdr");
_Static_assert(sizeof(struct elf_section) == 64, "Elf64_Shdr");

static bool inside(const struct elf *elf, uint64_t offset, uint64_t size)
{
	return offset <= elf->size && size <= elf->size - offset;
}

static enum elf_status check_header(const struct elf *elf)
{
	const struct elf_header *h = &elf->header;

	if (h->ident[4] != CLASS_64)
		return ELF_NOT_64BIT;
	if (h->ident[5] != DATA_LITTLE || h->machine != MACHINE_X86_64)
		return ELF_NOT_X86;
	if (h->type != TYPE_EXECUTABLE && h->type != TYPE_SHARED)
		return ELF_NOT_EXECUTABLE;
	if (!h->phnum)
		return ELF_NO_SEGMENTS;
	if (h->phentsize != sizeof(struct elf_segment))
		return ELF_MALFORMED;
	if (!inside(elf, h->phoff, (uint64_t)h->phnum * sizeof(struct elf_segment)))
		return ELF_TRUNCATED;
	return ELF_OK;
}

static enum elf_status check_segments(const struct elf *elf)
{
	struct elf_segment s;
	bool loadable = false;
	unsigned int i;

	for (i = 0; elf_segment(elf, i, &s); i++) {
		if (s.type != ELF_PT_LOAD || !s.memsz)
			continue;
		if (s.filesz > s.memsz || s.vaddr + s.memsz < s.vaddr ||
		    s.paddr + s.memsz < s.paddr)
			return ELF_MALFORMED;
		if (!inside(elf, s.offset, s.filesz))
			return ELF_TRUNCATED;
		loadable = true;
	}
	return loadable ? ELF_OK : ELF_NO_SEGMENTS;
}

enum elf_status elf_open(struct elf *elf, const void *data, size_t size)
{
	static const uint8_t magic[4] = { 0x7f, 'E', 'L', 'F' };
	enum elf_status status;

	elf->data = data;
	elf->size = size;
	if (size < sizeof(magic) || memcmp(data, magic, sizeof(magic)))
		return ELF_NOT_ELF;
	/* A 32-bit header is shorter: name the class before the length. */
	if (size > 4 && elf->data[4] != CLASS_64)
		return ELF_NOT_64BIT;
	if (size < sizeof(elf->header))
		return ELF_TRUNCATED;
	memcpy(&elf->header, data, sizeof(elf->header));
	status = check_header(elf);
	return status == ELF_OK ? check_segments(elf) : status;
}

const char *elf_status_text(enum elf_status status)
{
	static const char *const texts[] = {
		[ELF_OK] = "is a valid ELF image",
		[ELF_NOT_ELF] = "is not an ELF image",
		[ELF_NOT_64BIT] = "is not for 64 bits",
		[ELF_NOT_X86] = "is not for x86-64",
		[ELF_NOT_EXECUTABLE] = "is not an executable ELF image",
		[ELF_TRUNCATED] = "is cut short",
		[ELF_MALFORMED] = "has malformed program headers",
		[ELF_NO_SEGMENTS] = "has nothing to load",
	};

	return (unsigned int)status < ARRAY_SIZE(texts) ? texts[status] : "is invalid";
}

bool elf_segment(const struct elf *elf, unsigned int index, struct elf_segment *segment)
{
	if (index >= elf->header.phnum)
		return false;
	memcpy(segment, elf->data + elf->header.phoff + index * sizeof(*segment), sizeof(*segment));
	return true;
}

bool elf_section(const struct elf *elf, unsigned int index, struct elf_section *section)
{
	const struct elf_header *h = &elf->header;

	if (index >= h->shnum || h->shentsize != sizeof(*section) ||
	    !inside(elf, h->shoff, (uint64_t)h->shnum * sizeof(*section)))
		return false;
	memcpy(section, elf->data + h->shoff + index * sizeof(*section), sizeof(*section));
	return section->type == SHT_NOBITS || inside(elf, section->offset, section->size);
}

/* The note at *offset of an area of size bytes; moves *offset behind it. */
static bool note_at(const uint8_t *area, uint64_t size, uint64_t *offset, struct elf_note *note)
{
	uint32_t head[3];
	uint64_t name_room, desc_room, left;

	if (*offset > size || size - *offset < sizeof(head))
		return false;
	memcpy(head, area + *offset, sizeof(head));
	left = size - *offset - sizeof(head);
	name_room = ROUND_UP((uint64_t)head[0], 4);
	desc_room = ROUND_UP((uint64_t)head[1], 4);
	/* The padding behind the last description may be missing. */
	if (name_room > left || head[1] > left - name_room)
		return false;
	note->name_len = head[0];
	note->desc_len = head[1];
	note->type = head[2];
	note->name = (const char *)area + *offset + sizeof(head);
	note->desc = (const uint8_t *)note->name + name_room;
	*offset += sizeof(head) + name_room + desc_room;
	return true;
}

/* The cursor's area, empty where it is no area of notes; false beyond the last. */
static bool note_area(const struct elf *elf, const struct elf_note_cursor *cursor, uint64_t *offset,
		      uint64_t *size)
{
	struct elf_segment segment;
	struct elf_section section;

	*offset = *size = 0;
	if (cursor->in_sections) {
		if (cursor->index >= elf->header.shnum)
			return false;
		if (elf_section(elf, cursor->index, &section) && section.type == ELF_SHT_NOTE) {
			*offset = section.offset;
			*size = section.size;
		}
		return true;
	}
	if (!elf_segment(elf, cursor->index, &segment))
		return false;
	if (segment.type == ELF_PT_NOTE && inside(elf, segment.offset, segment.filesz)) {
		*offset = segment.offset;
		*size = segment.filesz;
	}
	return true;
}

bool elf_note_next(const struct elf *elf, struct elf_note_cursor *cursor, struct elf_note *note)
{
	uint64_t offset, size;

	for (;;) {
		if (!note_area(elf, cursor, &offset, &size)) {
			if (cursor->in_sections)
				return false;
			*cursor = (struct elf_note_cursor){ .in_sections = true,
							    .found = cursor->found };
			continue;
		}
		if (size && note_at(elf->data + offset, size, &cursor->offset, note))
			return true;
		cursor->index++;
		cursor->offset = 0;
	}
}

bool elf_note_named(const struct elf *elf, struct elf_note_cursor *cursor, const char *name,
		    struct elf_note *note)
{
	size_t size = strlen(name) + 1;

	while (elf_note_next(elf, cursor, note)) {
		if (cursor->in_sections && cursor->found)
			return false;
		if (note->name_len == size && !memcmp(note->name, name, size)) {
			cursor->found |= !cursor->in_sections;
			return true;
		}
	}
	return false;
}

bool elf_xen_note(const struct elf *elf, uint32_t type, struct elf_note *note)
{
	struct elf_note_cursor cursor = { 0 };

	while (elf_note_named(elf, &cursor, "Xen", note))
		if (note->type == type)
			return true;
	return false;
}

void elf_notes(const struct elf *elf, const char *name, struct elf_note *notes, uint32_t count)
{
	struct elf_note_cursor cursor = { 0 };
	struct elf_note note;

	memset(notes, 0, count * sizeof(*notes));
	while (elf_note_named(elf, &cursor, name, &note))
		if (note.type < count && !notes[note.type].desc)
			notes[note.type] = note;
}

bool elf_note_number(const struct elf_note *note, uint64_t *value)
{
	if (note->desc_len != 4 && note->desc_len != 8)
		return false;
	*value = 0;
	memcpy(value, note->desc, note->desc_len);
	return true;
}
