/* SPDX-License-Identifier: MIT */
/* A vcpu's two roots, and the switch between guest kernel and guest user. */
#pragma once

#include "pv.h"

int root_set_kernel(mfn_t m); /* of the current vcpu: 0, -EINVAL, -ERESTART */
int root_set_user(mfn_t m); /* MFN(0): none */
/* Both take over a typed ref on the root. */
void root_take_kernel(struct vcpu *v, mfn_t m);
void root_take_user(struct vcpu *v, mfn_t m);
void root_toggle(struct vcpu *v); /* current vcpu: the other mode, with its root and GS base */
void root_toggle_tables(struct vcpu *v); /* only the tables, to look into the other address space */
