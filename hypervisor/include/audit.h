/* SPDX-License-Identifier: MIT */
/*
 * A count of all references to frames, from those who hold them, against what the frame table says.
 * For tests and for whoever suspects the hypervisor: the machine stands still meanwhile.
 */
#pragma once

#include "frame.h"

/*
 * Every processor is stopped between two operations; each frame that is wrong is printed (a few),
 * and how many there are. Debug key F.
 */
void audit_frames(void);

/* For those who hold references: one ref of this frame, with a type ref or without. */
void audit_ref(mfn_t m, bool typed);
void pv_audit(struct domain *d);            /* vcpus' roots, descriptor tables, vcpu_info */
void pv_audit_table(const struct frame *f); /* what the entries of a table hold */
void evtchn_fifo_audit(struct domain *d);   /* its pages of events */
void grant_audit(struct domain *d);         /* device maps of grants: the others are entries */
