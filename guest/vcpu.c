/* SPDX-License-Identifier: MIT */
/* The vcpus of this domain. */
#include "guest/vcpu.h"

unsigned int vcpu_count(void)
{
	return 1;
}

void vcpu_stop_others(void) {}

void vcpu_start_others(void) {}
