/* SPDX-License-Identifier: MIT */
/* The one source of chance, and the values made of it. */
#include "torture.h"

char arena[ARENA_PAGES + 1][PAGE_SIZE] ALIGNED(PAGE_SIZE);
static uint64_t state;

void random_seed(uint64_t seed)
{
	state = seed;
	state = random_next(); /* neighbours do not begin where the next one goes on */
}

uint64_t random_next(void)
{
	uint64_t x = state += 0x9e3779b97f4a7c15UL;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9UL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebUL;
	return x ^ x >> 31;
}

unsigned int random_below(unsigned int n)
{
	return (unsigned int)((random_next() >> 32) * n >> 32);
}

bool one_in(unsigned int n)
{
	return !random_below(n);
}

uint64_t wild_number(void)
{
	switch (random_below(8)) {
	case 0 ... 2:
		return random_below(8);
	case 3:
		return random_below(4096);
	case 4:
		return (1UL << random_below(64)) + random_below(3) - 1;
	case 5:
		return (uint32_t)random_next();
	case 6:
		return -(uint64_t)random_below(64);
	default:
		return random_next();
	}
}

ulong wild_frame(void)
{
	const ulong *p2m = (const ulong *)start_info->mfn_list;

	switch (random_below(16)) {
	case 0 ... 6:
		return p2m[random_below((unsigned int)start_info->nr_pages)];
	case 7:
		return mfn_of((char *)start_info->pt_base +
			      random_below((unsigned int)start_info->nr_pt_frames) * PAGE_SIZE);
	case 8:
		return start_info->shared_info / PAGE_SIZE;
	case 9 ... 11:
		return random_below(0x11000); /* all of the machine's memory, and a little more */
	case 12:
		return random_below(0x1000); /* the hypervisor loads low */
	case 13:
		return 0xfee00 - random_below(2) * 0x200; /* an APIC */
	case 14:
		return random_next() >> 24;
	default:
		return wild_number();
	}
}

domid_t wild_domain(void)
{
	static const domid_t known[] = { DOMID_SELF, DOMID_SELF, DOMID_SELF,
					 DOMID_IO,   DOMID_XEN,  DOMID_COW,
					 DOMID_IDLE, 0,          DOMID_INVALID };

	return one_in(4)    ? (domid_t)random_below(32)
	       : one_in(32) ? (domid_t)random_next()
			    : pick(known);
}

uint64_t wild_entry(void)
{
	static const uint64_t flags[] = {
		PTE_RO,           PTE_KERN,         PTE_KERN | PTE_NX,  PTE_P,
		PTE_P | PTE_RW,   PTE_RO | PTE_PSE, PTE_KERN | PTE_PSE, 0,
		0x018 | PTE_KERN, 0x100 | PTE_KERN
	};
	uint64_t entry = wild_frame() << 12 | pick(flags);

	return one_in(32) ? entry ^ 1UL << random_below(64) : entry;
}

void *wild_pointer(size_t size)
{
	ulong at;

	switch (random_below(24)) {
	case 0:
		return NULL;
	case 1:
		return (void *)VA_UNMAPPED;
	case 2:
		return (void *)(VA_HYPERVISOR + (random_next() >> 30));
	case 3:
		return (void *)(0xffff800000000000UL + (random_next() >> 20));
	case 4:
		return (void *)(VA_NONCANONICAL - random_below(0x3000));
	case 5:
		return (void *)(0x0000800000000000UL - random_below(64));
	case 6:
		return (void *)-(ulong)random_below(64);
	case 7:
		return (void *)start_info->pt_base;
	case 8:
		return (void *)wild_number();
	case 9: /* cut off by the hole */
		at = (ulong)arena[ARENA_PAGES] - random_below((unsigned int)size + 9);
		return (void *)at;
	case 10: /* over the border of two pages, misaligned */
		return arena[1 + random_below(ARENA_PAGES - 1)] - random_below(24);
	default:
		return arena[0] + random_below(ARENA_PAGES * PAGE_SIZE - 2048) / 8 * 8;
	}
}

static uint64_t wild_field(void)
{
	switch (random_below(8)) {
	case 0 ... 1:
		return (ulong)wild_pointer(256);
	case 2:
		return wild_frame();
	case 3:
		return wild_domain() | (uint64_t)wild_domain() << 32;
	case 4:
		return wild_number() | wild_number() << 32;
	case 5:
		return wild_frame() << 12 | random_below(8);
	default:
		return wild_number();
	}
}

void wild_fill(void *to, size_t size)
{
	uint64_t word;

	for (size_t i = 0; i < size; i += sizeof(word)) {
		word = wild_field();
		memcpy((char *)to + i, &word, MIN(sizeof(word), size - i));
	}
}

/*
 * A page of the arena has been made read-only, a table or a stranger's: it gets its own frame
 * again, or a new one. False where that is no remedy.
 */
bool arena_mend(ulong va)
{
	xen_pfn_t frame = 0;
	struct xen_memory_reservation fresh = { .nr_extents = 1, .domid = DOMID_SELF };
	char *page = (char *)(va & ~(PAGE_SIZE - 1));
	ulong own;

	if (page < arena[0] || page >= arena[ARENA_PAGES])
		return false;
	own = mfn_of(page);
	if (!va_map(page, own << 12 | PTE_KERN))
		return true;
	mmuext(MMUEXT_UNPIN_TABLE, own, 0);
	if (!va_map(page, own << 12 | PTE_KERN))
		return true;
	set_xen_guest_handle(fresh.extent_start, &frame);
	return hypercall(memory_op, XENMEM_increase_reservation, &fresh) == 1 &&
	       !va_map(page, frame << 12 | PTE_KERN);
}

void arena_init(void)
{
	if (va_map(arena[ARENA_PAGES], 0))
		error("the arena's last page cannot be unmapped");
}
