/* SPDX-License-Identifier: MIT */
/* Guest memory: the range is checked here, the access itself stands in access.S. */
#include "access.h"
#include "types.h"

size_t guest_copy(void *to, const void *from, size_t n);
size_t guest_clear(void *to, size_t n);

size_t copy_from_guest_bytes(void *to, const void *from, size_t n)
{
	return likely(guest_range_ok(from, n)) ? guest_copy(to, from, n) : n;
}

size_t copy_to_guest_bytes(void *to, const void *from, size_t n)
{
	return likely(guest_range_ok(to, n)) ? guest_copy(to, from, n) : n;
}

size_t clear_guest(void *to, size_t n)
{
	return likely(guest_range_ok(to, n)) ? guest_clear(to, n) : n;
}
