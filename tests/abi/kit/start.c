/* SPDX-License-Identifier: MIT */
/* From the first C instruction to the test, in dom0 and in a peer. */
#include "kit.h"

struct start_info *start_info;
struct shared_info *shared;
struct vcpu_info *vcpu;

/* Of a word of the command line. */
static enum { PLAIN, LYING, RECORDING } mode;
static char shared_page[PAGE_SIZE] ALIGNED(PAGE_SIZE);

bool is_recording(void)
{
	return mode == RECORDING;
}

long hypercall_checked(ulong number, ulong a, ulong b, ulong c, ulong d, ulong e)
{
	const ulong arg[] = { a, b, c, d, e };
	long result;

	if (mode == PLAIN)
		return hypercall_n(number, a, b, c, d, e);
	if (mode == LYING)
		return 0;
	result = hypercall_n(number, a, b, c, d, e);
	record_call(number, arg, result);
	return result;
}

ulong argument(const char *name, ulong otherwise)
{
	const char *at = strstr((const char *)start_info->cmd_line, name);
	ulong value = 0;

	if (!at)
		return otherwise;
	for (at += strlen(name); *at >= '0' && *at <= '9'; at++)
		value = value * 10 + (ulong)(*at - '0');
	return value;
}

void kit_start(struct start_info *info)
{
	start_info = info;
	if (va_map(shared_page, info->shared_info | PTE_KERN))
		error("the shared info page cannot be mapped");
	shared = (struct shared_info *)shared_page;
	vcpu = &shared->vcpu_info[0];
	trap_init();
	if (peer_code)
		peer_main();
	console_init();
	if (strstr((const char *)info->cmd_line, "lie"))
		mode = LYING;
	else if (strstr((const char *)info->cmd_line, "record"))
		mode = RECORDING;
	test_run();
	test_end();
}
