/* SPDX-License-Identifier: MIT */
/*
 * Rule: a list of no grant operations is done, one of 2^31 and more is refused, and one that runs
 * off what is mapped does its part first.
 * as: dom0, domU
 */
#include "../kit/kit.h"

static const struct {
	const char *name;
	unsigned int command, size, status;
	bool one; /* takes a list of one only */
} ops[] = {
#define OP(name, type, one) \
	{ #name, GNTTABOP_##name, sizeof(struct type), offsetof(struct type, status), one }
	OP(map_grant_ref, gnttab_map_grant_ref, false),
	OP(unmap_grant_ref, gnttab_unmap_grant_ref, false),
	OP(unmap_and_replace, gnttab_unmap_and_replace, false),
	OP(copy, gnttab_copy, false),
	OP(swap_grant_ref, gnttab_swap_grant_ref, false),
	OP(setup_table, gnttab_setup_table, true),
	OP(query_size, gnttab_query_size, true),
	OP(get_status_frames, gnttab_get_status_frames, true),
};

static char name[96];

static void try(unsigned int i, const char *what, ulong list, unsigned int count, long want)
{
	str_format(name, sizeof(name), "%s, %s", ops[i].name, what);
	check(name, hypercall(grant_table_op, ops[i].command, list, count), want);
}

TEST
{
	char *page = page_alloc(), *hole = page_alloc();

	if (hole != page + PAGE_SIZE || va_map(hole, 0))
		error("no page with a hole behind it");
	for (unsigned int i = 0; i < ARRAY_SIZE(ops); i++) {
		char *last = hole - 2 * ops[i].size;

		try(i, "none", (ulong)page, 0, ops[i].one ? -XEN_EINVAL : 0);
		try(i, "none, at a bad pointer", VA_UNMAPPED, 0, ops[i].one ? -XEN_EINVAL : 0);
		try(i, "2^31", (ulong)page, 1U << 31, -XEN_EINVAL);
		try(i, "2^32 - 1", (ulong)page, ~0U, -XEN_EINVAL);
		memset(page, 0xff, PAGE_SIZE);
		try(i, "three, the third not mapped", (ulong)last, 3,
		    ops[i].one ? -XEN_EINVAL : -XEN_EFAULT);
		if (ops[i].one)
			continue;
		for (unsigned int n = 0; n < 2; n++) {
			int16_t status = *(int16_t *)(last + n * ops[i].size + ops[i].status);

			str_format(name, sizeof(name), "%s, status %u", ops[i].name, n);
			check_status(name, status, status);
		}
	}
}
