/* SPDX-License-Identifier: MIT */
/* Entering the guest's kernel at one of its handlers. */
#pragma once

#include "pv.h"

#define BOUNCE_MASK  1u /* events are masked on entry */
#define BOUNCE_ERROR 2u /* push the error code */
#define BOUNCE_SEGMENTS 4u /* push the selectors, as the failsafe callback has them */

/*
 * Build a frame on the guest kernel's stack and go on at `address`; crashes the domain when it
 * cannot.
 */
void bounce(struct vcpu *v, uint64_t address, unsigned flags, uint32_t error);
/* iret.c: the iret hypercall where do_iret (x86/direct.S) does not return by itself. 0. */
long iret_full(void);

static inline bool guest_kernel(const struct vcpu *v)
{
	return !v->pv.user_mode;
}
