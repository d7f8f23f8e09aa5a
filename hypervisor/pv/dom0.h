/* SPDX-License-Identifier: MIT */
/* dom0's size and rights; build.c makes the rest. */
#pragma once

#include "pv.h"

struct domain *dom0_create(void); /* with its vcpus and rights, paused; panics */
/*
 * How many pages dom0_mem= gives it; image_size: bytes of modules, which become free once it is
 * built.
 */
uint64_t dom0_pages(uint64_t image_size);
