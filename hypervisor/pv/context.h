/* SPDX-License-Identifier: MIT */
/* A vcpu's state as the toolstack sets and reads it. */
#pragma once

#include "pv.h"

int debugreg_set(struct vcpu *v, unsigned reg, uint64_t val); /* 0, -EPERM, -ENODEV */
void vcpu_reset_registers(struct vcpu *v); /* what a new vcpu has */
