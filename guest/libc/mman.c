/* SPDX-License-Identifier: MIT */
/* Anonymous memory by the page: address space of its own, given back whole or in parts. */
#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>

#include "guest/hypercall.h"
#include "guest/irq.h"
#include "guest/libc/libc.h"
#include "guest/page.h"
#include "guest/vmap.h"
#include "lib/string.h"

static uint64_t right_of(int prot)
{
	return prot & PROT_WRITE ? PTE_RW : PTE_RO;
}

/* The address is a hint, which is not taken. */
void *mmap(void *addr, size_t len, int prot, int flags, int fd, off_t offset)
{
	size_t pages = DIV_ROUND_UP(len, PAGE_SIZE);
	void *va;

	if (!len || flags & MAP_FIXED || prot & PROT_EXEC) {
		errno = flags & MAP_FIXED ? ENOTSUP : prot & PROT_EXEC ? EACCES : EINVAL;
		return MAP_FAILED;
	}
	if (!(flags & MAP_ANONYMOUS)) {
		errno = ENODEV;
		return MAP_FAILED;
	}
	errno = ENOMEM;
	if (page_free_count() < pages + page_reserve())
		return MAP_FAILED;
	va = vmap_reserve(pages);
	if (!va)
		return MAP_FAILED;
	if (vmap_populate(va, pages)) {
		vmap_release(va, pages);
		return MAP_FAILED;
	}
	memset(va, 0, pages * PAGE_SIZE);
	if (!(prot & PROT_WRITE))
		mprotect(va, len, prot);
	return va;
}

/* Of the whole or a part. */
int munmap(void *addr, size_t len)
{
	size_t pages = DIV_ROUND_UP(len, PAGE_SIZE);

	if ((uintptr_t)addr % PAGE_SIZE || !len || !vmap_contains(addr, pages))
		return (int)libc_result(-EINVAL);
	vmap_depopulate(addr, pages);
	vmap_release(addr, pages);
	return 0;
}

int mprotect(void *addr, size_t len, int prot)
{
	char *at = addr, *end = at + len;

	if ((uintptr_t)addr % PAGE_SIZE)
		return (int)libc_result(-EINVAL);
	if (prot & PROT_EXEC)
		return (int)libc_result(-EACCES);
	for (; at < end; at += PAGE_SIZE) {
		unsigned long flags = irq_save(); /* the frame is used before another suspend */
		mfn_t mfn = virt_to_mfn(at);
		int err = mfn_eq(mfn, MFN_NONE) ? -ENOMEM
						: pte_set(at, pte_make(mfn, right_of(prot)));

		irq_restore(flags);
		if (err)
			return (int)libc_result(err);
	}
	return 0;
}

int msync(void *addr, size_t len, int flags)
{
	return 0;
}

int madvise(void *addr, size_t len, int advice)
{
	return 0;
}

/* Nothing is ever paged out. */
int mlock(const void *addr, size_t len)
{
	return 0;
}

int munlock(const void *addr, size_t len)
{
	return 0;
}
