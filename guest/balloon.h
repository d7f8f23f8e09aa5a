/* SPDX-License-Identifier: MIT */
/* The balloon: the domain gives memory back to Xen, and takes it again, while it runs. */
#pragma once

#include "guest/types.h"

/*
 * How many pages the domain shall have, from now on. Free pages go, as far as there are any beyond
 * page_reserve(); what is in use stays, which is told on the console. Upwards, to p2m_pages() at
 * most: what Xen does not give now is asked for again later. Returns at once; from threads.
 */
void balloon_set_target(uint64_t pages);
