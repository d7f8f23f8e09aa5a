/* SPDX-License-Identifier: MIT */
/* Rule: a plain write to an L1 is made as mmu_update would: for dom0, for others by vm_assist. */
#include "../kit/kit.h"

static long write(uint64_t *entry, uint64_t value)
{
	return attempt("mov %1, (%0)", : : "r"(entry), "r"(value) : "memory");
}

static void peer_writes(void)
{
	uint64_t *entry = pte_of(page_alloc(), 1);

	box.value[0] = write(entry, *entry);
	hypercall(vm_assist, VMASST_CMD_enable, VMASST_TYPE_writable_pagetables);
	box.value[1] = write(entry, *entry);
	hypercall(vm_assist, VMASST_CMD_disable, VMASST_TYPE_writable_pagetables);
	box.value[2] = write(entry, *entry);
}

TEST
{
	static struct peer peer;
	volatile char *a = page_alloc(), *b = page_alloc();
	uint64_t *entry = pte_of((void *)a, 1), old = *entry, seen;
	uint64_t to_b = mfn_of((void *)b) * PAGE_SIZE | PTE_KERN;

	b[0] = 'b';
	check("a write of an entry", write(entry, to_b), TRAP_NONE);
	mmuext(MMUEXT_INVLPG_LOCAL, (ulong)a, 0);
	check("what is there", a[0], 'b');
	check("a compare and exchange of it",
	      attempt("lock cmpxchg %2, (%1)",
		      : "=a"(seen)
		      : "r"(entry), "r"(old), "0"(*entry)
		      : "memory"),
	      TRAP_NONE);
	mmuext(MMUEXT_INVLPG_LOCAL, (ulong)a, 0);
	check("what is there", a[0], 0);
	check("one of a value that is not there",
	      attempt("lock cmpxchg %2, (%1)",
		      : "=a"(seen)
		      : "r"(entry), "r"(to_b), "0"(1UL)
		      : "memory"),
	      TRAP_NONE);
	check("changes nothing", (*entry ^ old) & PAGE_MASK & ~PTE_NX, 0);
	check("a write of nothing", write(entry, 0), TRAP_NONE);
	mmuext(MMUEXT_INVLPG_LOCAL, (ulong)a, 0);
	check("a read", attempt("movb (%0), %%al", : : "r"(a) : "rax"), TRAP_pf);
	check("a write of a page table, writable",
	      write(entry, mfn_of((void *)start_info->pt_base) * PAGE_SIZE | PTE_KERN), TRAP_pf);
	check("error code", trap.error, 3);
	check_same("cr2", trap.cr2, entry);
	check("a write of a frame that is not there", write(entry, MFN_ABSENT << 12 | PTE_KERN),
	      TRAP_pf);
	check("the entry", *entry, 0);
	check("a write of an L2 entry", write(pte_of((void *)a, 2), 0), TRAP_pf);
	check("back", write(entry, old), TRAP_NONE);

	peer_start(&peer, 1, peer_writes);
	check("a peer ends", peer_wait(&peer, 5000), SHUTDOWN_poweroff);
	check("its write without vm_assist", peer.box->value[0], TRAP_pf);
	check("with writable_pagetables", peer.box->value[1], TRAP_NONE);
	check("without it again", peer.box->value[2], TRAP_pf);
}
