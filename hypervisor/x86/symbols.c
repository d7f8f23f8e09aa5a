/* SPDX-License-Identifier: MIT */
/*
 * Names for addresses, and a backtrace. The code keeps no frame pointers, so every word on the
 * stack that points into the text right behind a call instruction counts as a return address:
 * some may be old ones.
 */
#include "lib/symbols.h"
#include "console.h"
#include "lib/format.h"
#include "local.h"

#define BACKTRACE_LINES 24
#define BACKTRACE_WORDS 1024

static bool in_text(uint64_t pc)
{
	return pc >= (uint64_t)image_start && pc < (uint64_t)rodata_start;
}

void symbol_format(char *buf, size_t size, unsigned long pc)
{
	uint64_t offset;
	const char *name = in_text(pc) ? symbol_find(pc, &offset) : NULL;

	if (name)
		str_format(buf, size, "%s+0x%lx", name, offset);
	else
		str_format(buf, size, "0x%016lx", pc);
}

/*
 * call rel32, or call through a register or memory in its 2, 3, 6 and 7 byte forms (SDM vol. 2,
 * CALL).
 */
static bool behind_call(uint64_t pc)
{
	static const uint8_t lengths[] = { 2, 3, 4, 6, 7 };
	const uint8_t *p = (const uint8_t *)pc;
	unsigned i;

	if (!in_text(pc - 7) || !in_text(pc))
		return false;
	if (p[-5] == 0xe8)
		return true;
	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		const uint8_t *q = p - lengths[i];

		if (q[0] == 0xff && (q[1] >> 3 & 7) == 2)
			return true;
	}
	return false;
}

void backtrace(unsigned long rsp, unsigned long rip)
{
	unsigned long top = (rsp | (PAGE_SIZE * 2 - 1)) + 1,
		      block = ROUND_DOWN(rsp, CPU_BLOCK_SIZE);
	unsigned lines = 0, words = 0;
	char name[80];

	if (rip) {
		symbol_format(name, sizeof(name), rip);
		printk(LOG_ERR, "  at %s\n", name);
	}
	if (block < CPUS_VIRT || block >= CPUS_VIRT + MAX_CPUS * CPU_BLOCK_SIZE)
		return;
	/* The main stack is two pages, the others one. */
	if (rsp - block < 6 * PAGE_SIZE)
		top = ROUND_DOWN(rsp, PAGE_SIZE) + PAGE_SIZE;
	for (rsp = ROUND_UP(rsp, 8);
	     rsp < top && lines < BACKTRACE_LINES && words < BACKTRACE_WORDS; rsp += 8, words++) {
		uint64_t pc = *(uint64_t *)rsp;

		if (!behind_call(pc))
			continue;
		symbol_format(name, sizeof(name), pc);
		printk(LOG_ERR, "  [%016lx] %s\n", rsp, name);
		lines++;
	}
}
