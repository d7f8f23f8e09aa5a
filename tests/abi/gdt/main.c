/* SPDX-License-Identifier: MIT */
/* Rule: set_gdt takes frames of descriptors that a guest may have, and keeps them read-only. */
/* as: dom0, domU */
#include "../kit/kit.h"

#define CODE64       0x00affa000000ffffUL /* DPL 3 */
#define DATA         0x00cff2000000ffffUL
#define CODE64_RING0 0x00af9a000000ffffUL
#define TSS          0x0000890000000067UL
#define GATE         0x0000ee0000000000UL
#define CALL_GATE    (0x0000ec0000000000UL | (FLAT_KERNEL_CS & 0xfffcUL) << 16)

static uint64_t *table;

static long set(ulong frame, unsigned int entries)
{
	return hypercall(set_gdt, &frame, entries);
}

/* Whether a table with this as its entry 2 becomes a GDT. */
static void one(const char *what, uint64_t descriptor, long want)
{
	hypercall(set_gdt, NULL, 0);
	if (va_protect(table, PTE_KERN))
		error("the table cannot be written");
	table[2] = descriptor;
	va_protect(table, PTE_RO);
	check(what, set(mfn_of(table), 512), want);
}

TEST
{
	ulong limit;

	table = page_alloc();
	check("more than 14 frames", set(mfn_of(table), 14 * 512 + 1), -XEN_EINVAL);
	check("65536 entries", set(mfn_of(table), 65536), -XEN_EINVAL);
	check("a frame that is mapped writable", set(mfn_of(table), 8), -XEN_EINVAL);
	check("a frame that is not there", set(MFN_ABSENT, 8), -XEN_EINVAL);
	check("a page table", set(mfn_of((void *)start_info->pt_base), 8), -XEN_EINVAL);
	check("none", set(0, 0), 0);
	one("data, DPL 3", DATA, 0);
	check("loading it", attempt("mov %k0, %%es", : : "r"(0x13)), TRAP_NONE);
	check("its limit", ({
		      __asm__ volatile("lsl %k1, %k0" : "=r"(limit) : "r"(0x13));
		      limit;
	      }),
	      0xffffffffUL);
	__asm__ volatile("mov %k0, %%es" : : "r"(0));
	check("loading entry 3, which is empty", attempt("mov %k0, %%es", : : "r"(0x1b)), TRAP_gp);
	check("its page writable, while in use", va_protect(table, PTE_KERN), -XEN_EBUSY);
	one("64-bit code, DPL 3", CODE64, 0);
	one("nothing", 0, 0);
	one("not present, of any kind", TSS & ~(1UL << 47), 0);
	one("code, DPL 0", CODE64_RING0, 0);
	check("its DPL, which was raised", table[2] >> 45 & 3, 3);
	one("a task state segment", TSS, -XEN_EINVAL);
	one("an interrupt gate", GATE, -XEN_EINVAL);
	one("a call gate, the low half", CALL_GATE, -XEN_EINVAL);
	check("the flat selectors of the hypervisor stay", ({
		      __asm__ volatile("lsl %k1, %k0" : "=r"(limit) : "r"(FLAT_RING3_DS32));
		      limit;
	      }),
	      0xffffffffUL);
}
