/* SPDX-License-Identifier: MIT */
/*
 * RAM while there is no frame allocator: the ranges of the memory map that nobody uses, from
 * whose upper ends pieces are taken. What is left goes to the frame allocator; the modules follow
 * when dom0 is built.
 *
 * The first MiB is left alone: firmware data, the loader's tables and the start of other
 * processors live there.
 */
#include "console.h"
#include "local.h"
#include "memory.h"
#include "offsets.h"

struct e820entry e820[128];
unsigned e820_count;

static struct span {
	uint64_t start, end;
} spans[160];
static unsigned nr_spans;

static void span_remove(uint64_t start, uint64_t end)
{
	unsigned i, n = nr_spans;

	for (i = 0; i < n; i++) {
		struct span *s = &spans[i];

		if (start >= s->end || end <= s->start)
			continue;
		if (start > s->start && end < s->end) {
			BUG_ON(nr_spans == ARRAY_SIZE(spans));
			spans[nr_spans++] = (struct span){ end, s->end };
			s->end = start;
		} else if (start <= s->start) {
			s->start = MIN(end, s->end);
		} else {
			s->end = start;
		}
	}
}

void memory_init(void)
{
	unsigned i;

	for (i = 0; i < e820_count; i++) {
		uint64_t start = ROUND_UP(e820[i].addr, PAGE_SIZE);
		uint64_t end = ROUND_DOWN(e820[i].addr + e820[i].size, PAGE_SIZE);

		if (e820[i].type == 1 && start < end)
			spans[nr_spans++] = (struct span){ start, end };
	}
	span_remove(0, LOW_MEMORY_END);
	span_remove(LOAD_PHYS, LOAD_PHYS + (uint64_t)(image_end - image_start));
	for (i = 0; i < boot_info.nr_modules; i++) {
		struct module *m = &boot_info.modules[i];

		span_remove(ROUND_DOWN(m->start, PAGE_SIZE),
			    ROUND_UP(m->start + m->size, PAGE_SIZE));
	}
}

paddr_t memory_take(uint64_t size, uint64_t align, uint64_t limit)
{
	struct span *best = NULL;
	uint64_t at, best_at = 0;
	unsigned i;

	for (i = 0; i < nr_spans; i++) {
		struct span *s = &spans[i];

		if (MIN(s->end, limit) < s->start + size)
			continue;
		at = ROUND_DOWN(MIN(s->end, limit) - size, align);
		if (at >= s->start && at >= best_at) {
			best = s;
			best_at = at;
		}
	}
	if (!best)
		panic("not enough memory: %lu KiB in one piece are needed", size >> 10);
	at = best->end;
	best->end = best_at;
	if (best_at + size < at) {
		BUG_ON(nr_spans == ARRAY_SIZE(spans));
		spans[nr_spans++] = (struct span){ best_at + size, at };
	}
	return best_at;
}

void memory_give_all(void)
{
	unsigned i;

	for (i = 0; i < nr_spans; i++)
		if (spans[i].start < spans[i].end)
			frame_add_free(MFN(spans[i].start >> PAGE_SHIFT),
				       (spans[i].end - spans[i].start) >> PAGE_SHIFT);
	nr_spans = 0;
}

void memory_free_modules(void)
{
	unsigned i;

	for (i = 0; i < boot_info.nr_modules; i++) {
		uint64_t start = ROUND_UP(boot_info.modules[i].start, PAGE_SIZE);
		uint64_t end = ROUND_DOWN(boot_info.modules[i].start + boot_info.modules[i].size,
					  PAGE_SIZE);

		if (start < end && start >= LOW_MEMORY_END)
			frame_add_free(MFN(start >> PAGE_SHIFT), (end - start) >> PAGE_SHIFT);
	}
	boot_info.nr_modules = 0;
}

uint64_t memory_top(void)
{
	uint64_t top = 0;
	unsigned i;

	for (i = 0; i < e820_count; i++)
		if (e820[i].type == 1)
			top = MAX(top, ROUND_DOWN(e820[i].addr + e820[i].size, PAGE_SIZE));
	return top;
}
