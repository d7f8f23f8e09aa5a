/* SPDX-License-Identifier: MIT */
/*
 * Runs the rows and prints one line each, `bench: NAME|per|target|samples|failed|minimum|median` in
 * ticks of a sample, the probe's own subtracted. bench/run reads them. The word `smp` runs the rows
 * of two processors.
 */
#include "bench.h"

#define WARM_UP 20U /* samples that are made and not kept: the emulator translates, caches fill */

ulong probe_end;
long result;

struct outcome {
	unsigned int failed;
	ulong minimum, median;
};

static ulong sample[SAMPLES];
static ulong empty;

ulong ticks_now(void)
{
	uint32_t low, high;

	__asm__ volatile("lfence\n\trdtsc" : "=a"(low), "=d"(high));
	return (ulong)high << 32 | low;
}

bool result_zero(void)
{
	return !result;
}

void vector_set(unsigned int vector, const char *handler)
{
	struct trap_info table[2] = { { .vector = vector,
					.cs = FLAT_KERNEL_CS,
					.address = (ulong)handler } };

	if (hypercall(set_trap_table, table))
		error("vector %u was refused", vector);
}

void vector_reset(unsigned int vector)
{
	vector_set(vector, (const char *)trap_stub(vector));
}

static void callbacks_set(ulong event)
{
	if (hypercall(set_callbacks, event, trap_stub(TRAP_FAILSAFE), trap_stub(TRAP_SYSCALL)))
		error("the callbacks were refused");
}

void upcall_set(unsigned int port)
{
	upcall_port = port;
	callbacks_set((ulong)handle_upcall);
}

void upcall_reset(void)
{
	callbacks_set(trap_stub(TRAP_EVENT));
}

/* Insertion: nearly all samples of a row are equal. */
static void sort(ulong *values, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		ulong value = values[i];
		size_t at = i;

		for (; at && values[at - 1] > value; at--)
			values[at] = values[at - 1];
		values[at] = value;
	}
}

static void optional(void (*step)(void))
{
	if (step)
		step();
}

static ulong sample_take(const struct row *row, unsigned int *failed)
{
	ulong start, ticks;

	optional(row->before);
	probe_end = 0;
	start = ticks_now();
	ticks = probe(row->op);
	if (probe_end)
		ticks = probe_end - start;
	if (row->done && !row->done())
		++*failed;
	optional(row->after);
	return ticks > empty ? ticks - empty : 0;
}

static unsigned int samples_of(const struct row *row)
{
	return row->samples ? row->samples : SAMPLES;
}

static struct outcome row_run(const struct row *row)
{
	unsigned int count = samples_of(row), warm_up = MIN(count / 4, WARM_UP);
	struct outcome out = { 0 };

	optional(row->begin);
	for (unsigned int i = 0; i < warm_up; i++)
		sample_take(row, &out.failed);
	for (unsigned int i = 0; i < count; i++)
		sample[i] = sample_take(row, &out.failed);
	optional(row->end);
	sort(sample, count);
	out.minimum = sample[0];
	out.median = sample[count / 2];
	return out;
}

static void say(const char *fmt, ...) PRINTF(1, 2);
static void say(const char *fmt, ...)
{
	char text[160];
	va_list args;
	size_t len;

	va_start(args, fmt);
	len = str_vformat(text, sizeof(text), fmt, args);
	va_end(args);
	console_write(text, MIN(len, sizeof(text) - 1));
}

/* The reader's clock and ours, at both ends of a run: so it knows what a tick is. */
static void say_clock(void)
{
	say("bench: clock %lu\n", ticks_now());
}

static void group_run(const struct group *group)
{
	const char *only = strstr((const char *)start_info->cmd_line, "row=");

	for (const struct row *row = group->rows; row < group->rows + group->count; row++) {
		struct outcome out;

		if (only && strcmp(only + strlen("row="), row->name))
			continue;
		out = row_run(row);
		say("bench: %s|%u|%u|%u|%u|%lu|%lu\n", row->name, MAX(row->per, 1U), row->target,
		    samples_of(row), out.failed, out.minimum, out.median);
	}
}

static void say_version(void)
{
	long version = hypercall(xen_version, XENVER_version, 0);
	xen_extraversion_t extra = { 0 };

	hypercall(xen_version, XENVER_extraversion, extra);
	say("bench: version %ld.%ld%s\n", version >> 16, version & 0xffff, extra);
}

static unsigned int processors_used(void)
{
	struct xen_sysctl op = { .cmd = XEN_SYSCTL_physinfo,
				 .interface_version = XEN_SYSCTL_INTERFACE_VERSION };

	return hypercall(sysctl, &op) ? 1 : op.u.physinfo.nr_cpus;
}

TEST
{
	static const struct row row_empty = { .op = op_empty };
	static const struct group *const one_processor[] = {
		&group_call,	&group_event, &group_table,  &group_pin,     &group_trap,
		&group_emulate, &group_grant, &group_domain, &group_console,
	};

	/* The 100 Hz timer that a vcpu starts with is not what is measured. */
	hypercall(vcpu_op, VCPUOP_stop_periodic_timer, 0);
	say_version();
	say_clock();
	empty = row_run(&row_empty).minimum;
	if (!strstr((const char *)start_info->cmd_line, "smp"))
		for (size_t i = 0; i < ARRAY_SIZE(one_processor); i++)
			group_run(one_processor[i]);
	else if (processors_used() > 1)
		group_run(&group_smp);
	say_clock();
	say("bench: end\n");
}
