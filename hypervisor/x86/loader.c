/* SPDX-License-Identifier: MIT */
/*
 * What the loader left: command line, modules and memory map of multiboot 1 (0.6.96, section 3.3)
 * or PVH (<xen/arch-x86/hvm/start_info.h>), in one form. Strings are copied out of the loader's
 * memory; the modules stay.
 */
#include "console.h"
#include "lib/string.h"
#include "local.h"
#include "memory.h"
#include <xen/arch-x86/hvm/start_info.h>

#define MULTIBOOT_BOOTLOADER_MAGIC 0x2badb002
#define MULTIBOOT_CMDLINE          (1u << 2)
#define MULTIBOOT_MODS             (1u << 3)
#define MULTIBOOT_MMAP             (1u << 6)

struct multiboot_info {
	uint32_t flags, mem_lower, mem_upper, boot_device, cmdline, mods_count, mods_addr, syms[4];
	uint32_t mmap_length, mmap_addr;
};
struct multiboot_module {
	uint32_t start, end, string, reserved;
};
struct multiboot_mmap {
	uint32_t size;
	uint64_t addr, length;
	uint32_t type;
} PACKED;

struct boot_info boot_info;
static char strings[4096];
static size_t strings_used;

/* The loader's memory, before and after the final tables are there: low RAM is in the directmap. */
static const void *low(uint64_t pa)
{
	return (const void *)(DIRECTMAP_VIRT + pa);
}

static const char *keep(uint64_t pa)
{
	char *at = strings + strings_used;
	size_t room = sizeof(strings) - strings_used, len;

	if (!pa || room < 2)
		return "";
	len = strlcpy(at, low(pa), room);
	strings_used += MIN(len + 1, room);
	return at;
}

/* Multiboot loaders put the file's name in front; Xen drops it, so we do. */
static const char *skip_word(const char *s)
{
	while (*s && *s != ' ')
		s++;
	while (*s == ' ')
		s++;
	return s;
}

static void add_module(uint64_t start, uint64_t size, const char *args)
{
	if (boot_info.nr_modules < MAX_MODULES)
		boot_info.modules[boot_info.nr_modules++] = (struct module){ start, size, args };
}

/* RAM beyond the directmap's reach is left out; the map that guests see says so. */
static void add_map(uint64_t addr, uint64_t size, uint32_t type)
{
	if (addr >= DIRECTMAP_SIZE)
		size = 0;
	else
		size = MIN(size, DIRECTMAP_SIZE - addr);
	if (e820_count < ARRAY_SIZE(e820) && size)
		e820[e820_count++] = (struct e820entry){ addr, size, type };
}

static void read_multiboot(uint64_t pa)
{
	const struct multiboot_info *mbi = low(pa);
	const struct multiboot_module *mod = low(mbi->mods_addr);
	uint32_t at, i;

	boot_info.cmdline = mbi->flags & MULTIBOOT_CMDLINE ? skip_word(keep(mbi->cmdline)) : "";
	for (i = 0; mbi->flags & MULTIBOOT_MODS && i < mbi->mods_count; i++)
		add_module(mod[i].start, mod[i].end - mod[i].start, skip_word(keep(mod[i].string)));
	if (!(mbi->flags & MULTIBOOT_MMAP)) {
		add_map(0, mbi->mem_lower * 1024UL, 1);
		add_map(0x100000, mbi->mem_upper * 1024UL, 1);
		return;
	}
	for (at = 0; at < mbi->mmap_length;) {
		const struct multiboot_mmap *m = low(mbi->mmap_addr + at);

		add_map(m->addr, m->length, m->type);
		at += m->size + 4;
	}
}

static void read_pvh(uint64_t pa)
{
	const struct hvm_start_info *si = low(pa);
	const struct hvm_modlist_entry *mod = low(si->modlist_paddr);
	const struct hvm_memmap_table_entry *map = low(si->memmap_paddr);
	uint32_t i;

	boot_info.cmdline = keep(si->cmdline_paddr);
	boot_info.rsdp = si->rsdp_paddr;
	for (i = 0; i < si->nr_modules; i++)
		add_module(mod[i].paddr, mod[i].size, keep(mod[i].cmdline_paddr));
	for (i = 0; si->version >= 1 && i < si->memmap_entries; i++)
		add_map(map[i].addr, map[i].size, map[i].type);
}

/* Firmware may give the map in any order; overlaps are not expected of any. */
static void sort_map(void)
{
	unsigned i, j;

	for (i = 1; i < e820_count; i++)
		for (j = i; j && e820[j - 1].addr > e820[j].addr; j--) {
			struct e820entry e = e820[j];

			e820[j] = e820[j - 1];
			e820[j - 1] = e;
		}
}

void loader_read(uint32_t magic, uint64_t info)
{
	if (magic == MULTIBOOT_BOOTLOADER_MAGIC)
		read_multiboot(info);
	else if (*(const uint32_t *)low(info) == XEN_HVM_START_MAGIC_VALUE)
		read_pvh(info);
	sort_map();
}
