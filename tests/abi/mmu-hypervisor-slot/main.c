/* SPDX-License-Identifier: MIT */
/* Rule: L4 slots 256-271 are the hypervisor's: no update, no pin with them, no mapping there. */
/* as: dom0, domU */
#include "../kit/kit.h"

TEST
{
	uint64_t *l4 = (uint64_t *)start_info->pt_base, *l3 = table_alloc(), *other = page_alloc();
	uint64_t entry = mfn_of(l3) * PAGE_SIZE | PTE_KERN;
	uint64_t base = mfn_of(l4) * PAGE_SIZE;
	unsigned int filled = 0;

	for (unsigned int slot = 256; slot < 272; slot++)
		filled += !!(l4[slot] & PTE_P);
	check_that("the current L4 holds the hypervisor's own slots", filled);
	check("update of slot 256", mmu_update(base + 256 * 8, entry), -XEN_EINVAL);
	check("update of slot 260", mmu_update(base + 260 * 8, entry), -XEN_EINVAL);
	check("update of slot 271", mmu_update(base + 271 * 8, entry), -XEN_EINVAL);
	check("emptying slot 256", mmu_update(base + 256 * 8, 0), -XEN_EINVAL);
	check("writing the same to slot 256", mmu_update(base + 256 * 8, l4[256]), -XEN_EINVAL);
	check("update of slot 255", mmu_update(base + 255 * 8, entry), 0);
	check("update of slot 272", mmu_update(base + 272 * 8, entry), 0);
	check("update of slot 511", mmu_update(base + 511 * 8, entry), 0);
	check("emptying slot 511", mmu_update(base + 511 * 8, 0), 0);

	other[257] = 0x1000 | PTE_KERN;
	other[300] = 0;
	va_protect(other, PTE_RO);
	check("pinning an L4 with an entry in slot 257",
	      mmuext(MMUEXT_PIN_L4_TABLE, mfn_of(other), 0), 0);
	check("the slot now is as in every L4", other[257] == l4[257], 1);
	check("update_va_mapping there", va_map((void *)VA_HYPERVISOR, entry), -XEN_EINVAL);
	check("and in the M2P", va_map((void *)MACH2PHYS_VIRT_START, entry), -XEN_EINVAL);
	check("reading the hypervisor",
	      attempt("mov (%0), %%rax",
		      :
		      : "r"(VA_HYPERVISOR)
		      : "rax"),
	      TRAP_pf);
	check("writing to it",
	      attempt("movq $0, (%0)",
		      :
		      : "r"(VA_HYPERVISOR)
		      : "memory"),
	      TRAP_pf);
	check("jumping into it", attempt("jmp *%0", : : "r"(VA_HYPERVISOR)), TRAP_pf);
	check("the fault is there", trap.regs.rip, VA_HYPERVISOR);
}
