/* SPDX-License-Identifier: MIT */
/* Rule: clear_page and copy_page work on the caller's writable frames, and on no others. */
/* as: dom0, domU */
#include "../kit/kit.h"

TEST
{
	char *a = page_alloc(), *b = page_alloc();
	uint64_t *table = table_alloc();

	memset(a, 1, PAGE_SIZE);
	memset(b, 2, PAGE_SIZE);
	check("clear_page", mmuext(MMUEXT_CLEAR_PAGE, mfn_of(a), 0), 0);
	check_that("the page is all 0", !a[0] && !memcmp(a, a + 1, PAGE_SIZE - 1));
	check("copy_page", mmuext(MMUEXT_COPY_PAGE, mfn_of(a), mfn_of(b)), 0);
	check("the copy", memcmp(a, b, PAGE_SIZE), 0);
	check("copy_page onto itself", mmuext(MMUEXT_COPY_PAGE, mfn_of(a), mfn_of(a)), 0);
	check("copy_page from a table",
	      mmuext(MMUEXT_COPY_PAGE, mfn_of(a), mfn_of((void *)start_info->pt_base)), 0);
	check("the copy", memcmp(a, (void *)start_info->pt_base, PAGE_SIZE), 0);
	check("pinning a table", mmuext(MMUEXT_PIN_L1_TABLE, mfn_of(table), 0), 0);
	check("clear_page of a table", mmuext(MMUEXT_CLEAR_PAGE, mfn_of(table), 0), -XEN_EINVAL);
	check("copy_page onto a table", mmuext(MMUEXT_COPY_PAGE, mfn_of(table), mfn_of(a)),
	      -XEN_EINVAL);
	check("clear_page of a frame that is not there", mmuext(MMUEXT_CLEAR_PAGE, MFN_ABSENT, 0),
	      -XEN_EINVAL);
	check("copy_page from a frame that is not there",
	      mmuext(MMUEXT_COPY_PAGE, mfn_of(a), MFN_ABSENT), -XEN_EINVAL);
	check("copy_page onto a frame that is not there",
	      mmuext(MMUEXT_COPY_PAGE, MFN_ABSENT, mfn_of(a)), -XEN_EINVAL);
	check("clear_page of frame 0x100, the hypervisor's or nobody's",
	      mmuext(MMUEXT_CLEAR_PAGE, 0x100, 0), -XEN_EINVAL);
}
