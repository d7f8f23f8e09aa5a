/* SPDX-License-Identifier: MIT */
/*
 * Of whom a hypercall speaks: its foreigndom argument, and the processors where a domain's vcpus
 * run.
 */
#pragma once

#include "pv.h"

struct foreign {
	domid_t id; /* DOMID_IO and DOMID_XEN are possible */
	struct domain *d; /* NULL for those two */
};

int foreign_open(struct foreign *f,
		 domid_t id); /* 0, -ESRCH (also for the caller's own number, as Xen) */
void foreign_close(struct foreign *f);
int foreign_permitted(const struct foreign *f); /* 0, -EPERM */

/*
 * Flush va (or all: ~0UL) where the vcpus in the guest's bitmap run; NULL: where any runs. 0,
 * -EFAULT.
 */
int flush_vcpus(struct domain *d, const void *bitmap, unsigned long va);
