/* SPDX-License-Identifier: MIT */
/*
 * Rule: memory_op of a domain that is not there is -ESRCH; what PV domains do not have is told of
 * others.
 */
#include "../kit/kit.h"

static long of(unsigned int cmd, domid_t domid)
{
	static union {
		domid_t domid;
		uint64_t rest[16];
	} argument;

	memset(&argument, 0, sizeof(argument));
	argument.domid = domid;
	return hypercall(memory_op, cmd, &argument);
}

TEST
{
	static const struct {
		const char *name;
		unsigned int command;
		long own;
	} ops[] = {
		{ "add_to_physmap", XENMEM_add_to_physmap, -XEN_EACCES },
		{ "add_to_physmap_batch", XENMEM_add_to_physmap_batch, -XEN_EACCES },
		{ "remove_from_physmap", XENMEM_remove_from_physmap, -XEN_EACCES },
		{ "get_vnumainfo", XENMEM_get_vnumainfo, -XEN_EOPNOTSUPP },
		{ "get_sharing_freed_pages", XENMEM_get_sharing_freed_pages, 0 },
		{ "get_sharing_shared_pages", XENMEM_get_sharing_shared_pages, 0 },
	};
	static const struct {
		const char *name;
		unsigned int command;
	} sizes[] = {
		{ "current_reservation", XENMEM_current_reservation },
		{ "maximum_reservation", XENMEM_maximum_reservation },
		{ "maximum_gpfn", XENMEM_maximum_gpfn },
	};
	struct xen_memory_reservation claim = { .nr_extents = 1, .domid = 999 };
	char text[64];

	for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
		check(ops[i].name, of(ops[i].command, DOMID_SELF), ops[i].own);
		str_format(text, sizeof(text), "%s of domain 999", ops[i].name);
		check(text, of(ops[i].command, 999), ops[i].own ? -XEN_ESRCH : 0);
		str_format(text, sizeof(text), "%s of DOMID_XEN", ops[i].name);
		check(text, of(ops[i].command, DOMID_XEN), ops[i].own ? -XEN_ESRCH : 0);
	}
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		check_that(sizes[i].name, of(sizes[i].command, DOMID_SELF) >= 0);
		str_format(text, sizeof(text), "%s of domain 999", sizes[i].name);
		check(text, of(sizes[i].command, 999), -XEN_ESRCH);
	}
	check("claim_pages for domain 999", hypercall(memory_op, XENMEM_claim_pages, &claim),
	      -XEN_EINVAL);
	claim.domid = DOMID_SELF;
	claim.nr_extents = 1UL << 40;
	check("of 2^40 pages", hypercall(memory_op, XENMEM_claim_pages, &claim), -XEN_EINVAL);
}
