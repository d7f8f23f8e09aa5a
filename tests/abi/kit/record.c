/* SPDX-License-Identifier: MIT */
/*
 * Which operations a test asked for and how they were answered: at its end a line for each,
 * "seen: NAME: hypercall command: answers", out of which abi-report makes the table of what is
 * covered. The arguments are read again for that, but only where they are pages of the image.
 */
#include "kit.h"

#define NO_COMMAND 255 /* the hypercall is one operation, or a list of several */
#define ERRNO_MAX  127

/* In a page of its own: a peer's is read by its creator. */
static struct record {
	struct operation {
		uint8_t nr, command;
		uint16_t used;
		uint32_t statuses;               /* bit n: GNTST -n */
		uint64_t answers[ERRNO_MAX / 64 + 1]; /* bit n: errno n; bit 0: success */
	} op[PAGE_SIZE / 24];
} record ALIGNED(PAGE_SIZE);

static struct operation *operation(unsigned int nr, unsigned int command)
{
	for (size_t i = 0; i < ARRAY_SIZE(record.op); i++) {
		struct operation *op = &record.op[i];

		if (!op->used)
			*op = (struct operation){ .nr = (uint8_t)nr,
						  .command = (uint8_t)command,
						  .used = 1 };
		if (op->nr == nr && op->command == command)
			return op;
	}
	return NULL;
}

static bool readable(const void *at, size_t size)
{
	ulong from = (ulong)at, to = from + size;

	if (from < (ulong)image_start || to < from || to > (ulong)image_end)
		return false;
	for (from &= ~(PAGE_SIZE - 1); from < to; from += PAGE_SIZE)
		if (!(*pte_of((void *)from, 1) & PTE_P))
			return false;
	return true;
}

/* The command that the structure begins with. */
static unsigned int command_in(const void *arg, ulong count)
{
	return count == 1 && readable(arg, 4) ? *(const uint32_t *)arg & 0xff : NO_COMMAND;
}

static unsigned int command_of(ulong number, const ulong *arg)
{
	switch (number) {
	case __HYPERVISOR_memory_op:
		return arg[0] & 63;
	case __HYPERVISOR_sched_op_compat:
	case __HYPERVISOR_xen_version:
	case __HYPERVISOR_console_io:
	case __HYPERVISOR_grant_table_op:
	case __HYPERVISOR_vm_assist:
	case __HYPERVISOR_vcpu_op:
	case __HYPERVISOR_nmi_op:
	case __HYPERVISOR_sched_op:
	case __HYPERVISOR_callback_op:
	case __HYPERVISOR_event_channel_op:
	case __HYPERVISOR_physdev_op:
		return arg[0] & 0xff;
	case __HYPERVISOR_event_channel_op_compat:
	case __HYPERVISOR_platform_op:
	case __HYPERVISOR_sysctl:
	case __HYPERVISOR_domctl:
		return command_in((void *)arg[0], 1);
	case __HYPERVISOR_mmuext_op:
		return command_in((void *)arg[0], arg[1]);
	case __HYPERVISOR_mmu_update:
		return command_in((void *)arg[0], arg[1]) & (arg[1] == 1 ? 7 : ~0U);
	default:
		return NO_COMMAND;
	}
}

/* Where a grant operation's own status stands, and how far it is to the next one. */
static const struct {
	uint8_t status, size;
} grants[] = {
#define GRANT(cmd, type) [GNTTABOP_##cmd] = { offsetof(struct type, status), sizeof(struct type) }
	GRANT(map_grant_ref, gnttab_map_grant_ref),
	GRANT(unmap_grant_ref, gnttab_unmap_grant_ref),
	GRANT(setup_table, gnttab_setup_table),
	GRANT(transfer, gnttab_transfer),
	GRANT(copy, gnttab_copy),
	GRANT(query_size, gnttab_query_size),
	GRANT(unmap_and_replace, gnttab_unmap_and_replace),
	GRANT(get_status_frames, gnttab_get_status_frames),
	GRANT(swap_grant_ref, gnttab_swap_grant_ref),
};

static void statuses_of(struct operation *op, const char *list, ulong count)
{
	if (op->command >= ARRAY_SIZE(grants) || !grants[op->command].size)
		return;
	for (; count-- && readable(list, grants[op->command].size);
	     list += grants[op->command].size)
		op->statuses |=
			1U << (-*(const int16_t *)(list + grants[op->command].status) & 31);
}

void record_call(ulong number, const ulong *arg, long result)
{
	const struct multicall_entry *call = (void *)arg[0];
	struct operation *op = operation(number & 0xff, command_of(number, arg));
	long answer =
		(ulong)result >> 32 ? result : (int)result; /* a few are 32 bits wide in Xen */
	ulong bit = answer < 0 && answer >= -ERRNO_MAX ? (ulong)-answer : 0;

	if (!op)
		return;
	op->answers[bit / 64] |= 1UL << bit % 64;
	if (number == __HYPERVISOR_grant_table_op && !result)
		statuses_of(op, (void *)arg[1], arg[2]);
	if (number == __HYPERVISOR_multicall && !result)
		for (ulong i = 0; i < arg[1] && readable(call, sizeof(*call)); i++, call++)
			record_call(call->op, call->args, (long)call->result);
}

ulong record_page(void)
{
	return ((ulong)&record - (ulong)image_start) / PAGE_SIZE;
}

void record_add(const void *peers)
{
	const struct record *other = peers;

	for (size_t i = 0; i < ARRAY_SIZE(other->op) && other->op[i].used; i++) {
		struct operation *op = operation(other->op[i].nr, other->op[i].command);

		if (!op)
			return;
		op->statuses |= other->op[i].statuses;
		op->answers[0] |= other->op[i].answers[0];
		op->answers[1] |= other->op[i].answers[1];
	}
}

void record_print(void)
{
	char text[256];

	for (size_t i = 0; i < ARRAY_SIZE(record.op) && record.op[i].used; i++) {
		const struct operation *op = &record.op[i];
		size_t len = str_format(text, sizeof(text), "seen: %u %u:", op->nr, op->command);

		for (unsigned int n = 0; n <= ERRNO_MAX; n++)
			if (op->answers[n / 64] >> n % 64 & 1)
				len += str_format(text + len, sizeof(text) - len, " %u", n);
		for (unsigned int n = 0; n < 32; n++)
			if (op->statuses >> n & 1)
				len += str_format(text + len, sizeof(text) - len, " -%u", n);
		len = MIN(len, sizeof(text) - 2);
		text[len++] = '\n';
		console_write(text, len);
	}
}
