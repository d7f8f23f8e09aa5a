/* SPDX-License-Identifier: MIT */
/*
 * Page tables. A dozen pages of the image's own become tables of any level, hold any entry, are
 * pinned, hung into free slots of the live root, and used through them; a page that is no table at
 * the moment is filled directly, so that whole tables of nonsense come to be validated.
 */
#include "torture.h"

#define TABLES 12
static uint64_t tables[TABLES][512] ALIGNED(PAGE_SIZE);

/* Slots of the root that nothing of ours needs. */
static unsigned int free_slot(void)
{
	static const unsigned int slots[] = { 1, 2, 255, 272, 300, 511 };

	return one_in(32) ? random_below(512) : pick(slots);
}

static uint64_t *some_table(void)
{
	return tables[random_below(TABLES)];
}

/* Points at one of ours, or at anything. */
static uint64_t some_entry(void)
{
	if (one_in(3))
		return wild_entry();
	return mfn_of(some_table()) << 12 | (one_in(3) ? PTE_KERN : PTE_RO);
}

/* Entries of our tables, of the root's free slots, and at times of anything. */
static uint64_t some_slot(void)
{
	switch (random_below(16)) {
	case 0 ... 1:
		return mfn_of((void *)start_info->pt_base) << 12 | free_slot() * 8;
	case 2:
		return wild_frame() << 12 | random_below(512) * 8;
	default:
		return mfn_of(some_table()) << 12 |
		       (one_in(4) ? random_below(512) : random_below(4)) * 8;
	}
}

static void update(void)
{
	struct mmu_update *u = (void *)arena[0];
	unsigned int n = one_in(4) ? random_below(64) : 1;
	bool live;

	for (unsigned int i = 0; i < n; i++) {
		u[i].ptr = some_slot();
		/* Our own root's slots of the image are not for free. */
		live = u[i].ptr == (mfn_of((void *)start_info->pt_base) << 12);
		u[i].ptr = live ? 0 : u[i].ptr | (one_in(4) ? random_below(8) : 0);
		u[i].val = one_in(4) ? 0 : some_entry();
	}
	hypercall_record(__HYPERVISOR_mmu_update, (ulong)u, one_in(32) ? wild_number() : n,
			 one_in(4) ? (ulong)wild_pointer(4) : 0,
			 one_in(8) ? wild_domain() : DOMID_SELF, 0);
}

static void extended(void)
{
	struct mmuext_op *op = (void *)arena[0];
	unsigned int n = one_in(4) ? random_below(16) : 1;

	for (unsigned int i = 0; i < n; i++) {
		op[i].cmd = one_in(2) ? random_below(5) : random_below(24);
		if (op[i].cmd == MMUEXT_NEW_BASEPTR && !one_in(64))
			op[i].cmd = MMUEXT_PIN_L4_TABLE;
		op[i].arg1.mfn = one_in(4) ? wild_frame() : mfn_of(some_table());
		op[i].arg2.src_mfn = one_in(2) ? wild_frame() : (ulong)wild_pointer(8);
		if (op[i].cmd == MMUEXT_SET_LDT) {
			op[i].arg1.linear_addr = (ulong)some_table();
			op[i].arg2.nr_ents = one_in(4) ? (unsigned int)wild_number() : 512;
		}
	}
	hypercall_record(__HYPERVISOR_mmuext_op, (ulong)op, one_in(32) ? wild_number() : n,
			 one_in(4) ? (ulong)wild_pointer(4) : 0,
			 one_in(8) ? wild_domain() : DOMID_SELF, 0);
}

/* Our own view of a table: none, read-only or writable. */
static void view(void)
{
	static const uint64_t flags[] = { 0, PTE_RO, PTE_RO, PTE_KERN, PTE_KERN | PTE_NX };
	uint64_t *table = some_table();

	hypercall_record(__HYPERVISOR_update_va_mapping, (ulong)table,
			 mfn_of(table) << 12 | pick(flags),
			 one_in(8) ? wild_number() : random_below(6), 0, 0);
}

static void fill(void)
{
	uint64_t *table = some_table();
	bool sparse = !one_in(4);

	for (unsigned int i = 0; i < 512; i++) {
		if (sparse && !one_in(64))
			continue;
		if (attempt("mov %1, %0", : "=m"(table[i]) : "r"(some_entry())) != TRAP_NONE)
			break;
	}
}

/* Through whatever hangs in a free slot; a write may hit what is ours, and must hit nothing else.
 */
static void use(void)
{
	ulong va = (ulong)free_slot() << 39 | (random_below(512) & 3UL) << 30 |
		   (random_below(512) & 3UL) << 21 | (random_below(512) & 3UL) << 12;
	volatile ulong got;

	if (va >> 47)
		va |= 0xffff000000000000UL;
	attempt("mov (%1), %0", : "=&r"(got) : "r"(va) : "memory");
}

/* Writes that the hypervisor emulates or refuses, by all kinds of instructions. */
static void poke(void)
{
	uint64_t *at = some_table() + random_below(512);
	uint64_t value = some_entry();
	ulong count = random_below(600);

	if (one_in(8))
		at = (uint64_t *)((char *)at + random_below(8));
	switch (random_below(6)) {
	case 0:
		attempt("mov %0, (%1)", : : "r"(value), "r"(at) : "memory");
		break;
	case 1:
		attempt("lock xchg %0, (%1)", : "+r"(value) : "r"(at) : "memory");
		break;
	case 2:
		attempt("lock cmpxchg %0, (%1)",
			:
			: "r"(value), "r"(at), "a"(value ^ one_in(2))
			: "memory");
		break;
	case 3:
		attempt("movl %k0, (%1)", : : "r"(value), "r"(at) : "memory");
		break;
	case 4:
		attempt("lock btrq %0, (%1)", : : "r"(value & 63), "r"(at) : "memory");
		break;
	default:
		attempt("rep stosq", : "+D"(at), "+c"(count) : "a"(value) : "memory");
	}
}

static void descriptors(void)
{
	ulong at = mfn_of(some_table()) << 12 | random_below(512) * 8;

	if (one_in(2))
		hypercall_record(__HYPERVISOR_update_descriptor, at + random_below(2) * 4,
				 random_next(), 0, 0, 0);
	else
		hypercall_record(__HYPERVISOR_set_gdt, (ulong)wild_pointer(128),
				 one_in(2) ? random_below(7168) : wild_number(), 0, 0, 0);
}

void tables_step(void)
{
	switch (random_below(16)) {
	case 0 ... 4:
		update();
		break;
	case 5 ... 8:
		extended();
		break;
	case 9 ... 10:
		view();
		break;
	case 11:
		fill();
		break;
	case 12:
		use();
		break;
	case 13:
		descriptors();
		break;
	default:
		poke();
	}
}

void tables_init(void)
{
	for (unsigned int i = 0; i < TABLES; i++)
		va_protect(tables[i], PTE_RO);
}
