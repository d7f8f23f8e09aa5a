/* SPDX-License-Identifier: MIT */
/* The parts of memory_op that stand in files of their own. */
#pragma once

#include "memory.h"

unsigned memory_max_order(void); /* the largest extent that the current domain may ask for */
int memory_max_bits(
	const struct xen_memory_reservation *r); /* of its mem_flags: 0 no limit, -EINVAL */

long memory_exchange(void *arg);
long memory_machphys(void *arg);
long memory_machphys_list(void *arg);
long memory_map(void *arg);
long memory_machine_map(void *arg);
long memory_set_map(void *arg);
long memory_acquire_resource(void *arg);
