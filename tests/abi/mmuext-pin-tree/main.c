/* SPDX-License-Identifier: MIT */
/* Rule: a whole tree is pinned by its root, its tables and pages bound while it stands. */
/* as: dom0, domU */
#include "../kit/kit.h"

#define N 16

TEST
{
	uint64_t *l4 = page_alloc(), *l3 = page_alloc(), *l2 = page_alloc(), *l1[N];
	char *data = page_alloc();
	uint64_t entry = mfn_of(data) * PAGE_SIZE | PTE_KERN;
	domid_t self = DOMID_SELF;
	long pages = hypercall(memory_op, XENMEM_current_reservation, &self);

	for (unsigned int i = 0; i < N; i++) {
		l1[i] = page_alloc();
		for (unsigned int j = 0; j < 512; j++)
			l1[i][j] = entry;
		l2[i * 31] = mfn_of(l1[i]) * PAGE_SIZE | PTE_KERN;
	}
	l3[5] = l3[511] = mfn_of(l2) * PAGE_SIZE | PTE_KERN;
	l4[1] = l4[511] = mfn_of(l3) * PAGE_SIZE | PTE_KERN;
	check("pin while a leaf is mapped writable",
	      (va_protect(l4, PTE_RO), va_protect(l3, PTE_RO), va_protect(l2, PTE_RO),
	       mmuext(MMUEXT_PIN_L4_TABLE, mfn_of(l4), 0)),
	      -XEN_EINVAL);
	for (unsigned int i = 0; i < N; i++)
		va_protect(l1[i], PTE_RO);
	check("pin", mmuext(MMUEXT_PIN_L4_TABLE, mfn_of(l4), 0), 0);
	check("its leaves are tables now: writable", va_protect(l1[N - 1], PTE_KERN), -XEN_EBUSY);
	check("its data page may not become one",
	      (va_protect(data, PTE_RO), mmuext(MMUEXT_PIN_L1_TABLE, mfn_of(data), 0)),
	      -XEN_EINVAL);
	for (unsigned int i = 0; i < 512; i++)
		mmu_update(mfn_of(l1[0]) * PAGE_SIZE + i * 8, 0);
	check("512 entries of the first leaf removed", l1[0][0] | l1[0][511], 0);
	check("unpin", mmuext(MMUEXT_UNPIN_TABLE, mfn_of(l4), 0), 0);
	check("leaves writable", va_protect(l1[N - 1], PTE_KERN) | va_protect(l1[0], PTE_KERN), 0);
	check("the data page may become a table now",
	      (va_protect(data, PTE_RO), mmuext(MMUEXT_PIN_L1_TABLE, mfn_of(data), 0)), 0);
	check("pages", hypercall(memory_op, XENMEM_current_reservation, &self), pages);
}
