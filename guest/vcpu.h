/* SPDX-License-Identifier: MIT */
/* The vcpus of this domain: how many, which one this is, stopping and starting them. */
#pragma once

#include "guest/irq.h"
#include "guest/types.h"

/* As many as shared_info has room for; what the domain has beyond is left alone, and told once. */
#define VCPUS_MAX XEN_LEGACY_MAX_VCPUS

/* A set of vcpus, bit n for vcpu n. */
typedef uint32_t vcpu_mask_t;

#define VCPU_ANY	((vcpu_mask_t)~0)
#define VCPU_ONLY(vcpu) ((vcpu_mask_t)1 << (vcpu))

/*
 * How many vcpus run threads: 1 during INIT_early and _core, all from INIT_bus on. Their numbers
 * are 0 to that - 1.
 */
unsigned int vcpu_count(void);

/* The calling vcpu (guest/irq.h): good for as long as upcalls are masked, a hint otherwise. */

/*
 * For suspending: all vcpus but 0 go down, from a thread that is bound to vcpu 0, and come up
 * again, also in a domain that was restored and knows nothing of them. Their threads run on vcpu 0
 * meanwhile. While they are down no event reaches their ports, and their timers do not fire.
 */
void vcpu_stop_others(void);
void vcpu_start_others(void);
