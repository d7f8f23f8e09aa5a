/* SPDX-License-Identifier: MIT */
/* Guest memory: the range is checked here, the access itself stands in access.S. */
#include "access.h"
#include "types.h"

size_t guest_copy(void *to, const void *from, size_t n);
size_t guest_clear(void *to, size_t n);
int guest_get(uint64_t *val, const void *from);
int guest_put(void *to, uint64_t val);
int guest_cmpxchg(void *at, uint64_t *old, uint64_t new);

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

int get_guest_u64(uint64_t *val, const void *from)
{
	return likely(guest_range_ok(from, 8)) ? guest_get(val, from) : -EFAULT;
}

int put_guest_u64(void *to, uint64_t val)
{
	return likely(guest_range_ok(to, 8)) ? guest_put(to, val) : -EFAULT;
}

int cmpxchg_guest_u64(void *at, uint64_t *old, uint64_t new)
{
	return likely(guest_range_ok(at, 8)) ? guest_cmpxchg(at, old, new) : -EFAULT;
}
