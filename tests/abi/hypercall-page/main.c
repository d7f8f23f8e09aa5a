/* SPDX-License-Identifier: MIT */
/* Rule: the hypercall page holds one entry of 32 bytes for each number, with its number in it. */
/* as: dom0, domU */
#include "../kit/kit.h"

/* The immediate of the entry's `mov $number, %eax`, or -1. */
static long entry_number(const unsigned char *entry)
{
	for (unsigned int i = 0; i < 27; i++)
		if (entry[i] == 0xb8) {
			uint32_t number;

			memcpy(&number, entry + i + 1, sizeof(number));
			return number;
		}
	return -1;
}

static bool has_syscall(const unsigned char *entry)
{
	for (unsigned int i = 0; i < 31; i++)
		if (entry[i] == 0x0f && entry[i + 1] == 0x05)
			return true;
	return false;
}

TEST
{
	const unsigned char *page = (const unsigned char *)hypercall_page;
	unsigned int right = 0, calls = 0;

	for (unsigned int i = 0; i < 56; i++) {
		right += entry_number(page + i * 32) == i;
		calls += has_syscall(page + i * 32);
	}
	check("entries of 0-55 that load their number", right, 56);
	check("entries of 0-55 that call", calls, 56);
	check("the first byte of iret's entry, push rcx", page[__HYPERVISOR_iret * 32], 0x51);
	check("a call of the entry for xen_version", hypercall(xen_version, XENVER_version),
	      4 << 16 | 17);
}
