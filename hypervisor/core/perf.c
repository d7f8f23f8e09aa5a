/* SPDX-License-Identifier: MIT */
/* Hypercalls counted and timed (perf.h): the switch, and what the toolstack reads. */
#include "perf.h"

#include <xen/sysctl.h>
#include <xen/trace.h>

#include "access.h"
#include "frame.h"
#include "hypercall.h"
#include "memory.h"
#include "lib/format.h"
#include "lib/string.h"

_Static_assert(CALLS == NR_HYPERCALLS, "perf.h");

static bool timing; /* under sysctl's lock */

#define NAME(name) [__HYPERVISOR_##name] = #name
static const char *const names[CALLS] = {
	NAME(set_trap_table),
	NAME(mmu_update),
	NAME(set_gdt),
	NAME(stack_switch),
	NAME(set_callbacks),
	NAME(fpu_taskswitch),
	NAME(sched_op_compat),
	NAME(platform_op),
	NAME(set_debugreg),
	NAME(get_debugreg),
	NAME(update_descriptor),
	NAME(memory_op),
	NAME(multicall),
	NAME(update_va_mapping),
	NAME(set_timer_op),
	NAME(event_channel_op_compat),
	NAME(xen_version),
	NAME(console_io),
	NAME(physdev_op_compat),
	NAME(grant_table_op),
	NAME(vm_assist),
	NAME(update_va_mapping_otherdomain),
	NAME(iret),
	NAME(vcpu_op),
	NAME(set_segment_base),
	NAME(mmuext_op),
	NAME(xsm_op),
	NAME(nmi_op),
	NAME(sched_op),
	NAME(callback_op),
	NAME(xenoprof_op),
	NAME(event_channel_op),
	NAME(physdev_op),
	NAME(hvm_op),
	NAME(sysctl),
	NAME(domctl),
	NAME(kexec_op),
	NAME(tmem_op),
	NAME(argo_op),
	NAME(xenpmu_op),
	NAME(dm_op),
	NAME(hypfs_op),
};

uint64_t perf_limit(const struct vcpu *v)
{
	return timing && v->times ? CALLS_TIMED : NR_HYPERCALLS;
}

int perf_vcpu_init(struct vcpu *v)
{
	if (timing && !v->times)
		v->times = heap_alloc(sizeof(*v->times));
	return timing && !v->times ? -ENOMEM : 0;
}

void perf_vcpu_free(struct vcpu *v)
{
	heap_free(v->times);
}

/* Called by the stub behind a timed hypercall, which began at that reading of the counter. */
void hypercall_timed_end(uint32_t number, uint64_t since)
{
	struct call_times *t = current->times;
	uint64_t ns = time_of_ticks(rdtsc() - since);

	if (!t)
		return;
	t->ns[number] += ns;
	t->range[number][ns ? MIN(bits_highest(ns), CALL_RANGES - 1u) : 0]++;
}

/* --- the switch ------------------------------------------------------------------------------- */

/* Its processor's limit is set when it is switched to: so it has to be again, if it runs. */
static void apply(struct vcpu *v)
{
	if (v == current) {
		this_cpu()->hypercall_limit = perf_limit(v);
		return;
	}
	vcpu_pause(v);
	vcpu_unpause(v);
}

static int switch_timing(bool on)
{
	struct domain *d;
	uint32_t i;
	int rc = 0;

	timing = on;
	for (d = dom0; d && !rc; d = d->next)
		for (i = 0; i < d->max_vcpus && !rc; i++)
			rc = d->vcpu[i] ? perf_vcpu_init(d->vcpu[i]) : 0;
	if (rc)
		timing = false;
	for (d = dom0; d; d = d->next)
		for (i = 0; i < d->max_vcpus; i++)
			if (d->vcpu[i])
				apply(d->vcpu[i]);
	return rc;
}

long sysctl_tbuf(struct xen_sysctl_tbuf_op *op)
{
	switch (op->cmd) {
	case XEN_SYSCTL_TBUFOP_get_info:
		op->evt_mask = TRC_PV;
		op->buffer_mfn = 0;
		op->size = 0;
		return 0;
	case XEN_SYSCTL_TBUFOP_set_evt_mask:
		return op->evt_mask == TRC_PV ? 0 : -EINVAL;
	case XEN_SYSCTL_TBUFOP_enable:
		return switch_timing(true);
	case XEN_SYSCTL_TBUFOP_disable:
		return switch_timing(false);
	default:
		return -EOPNOTSUPP;
	}
}

/* --- reading ---------------------------------------------------------------------------------- */

/* A domain's sums over its vcpus, of one hypercall. Values as the ABI has them, of 32 bits. */
enum { COUNT_LOW, COUNT_HIGH, NS_LOW, NS_HIGH, RANGES, VALUES = RANGES + CALL_RANGES };

static uint32_t sum(const struct domain *d, unsigned call, uint32_t val[VALUES])
{
	uint64_t count = 0, ns = 0;
	bool timed = false;
	uint32_t i, r;

	memset(val, 0, VALUES * sizeof(*val));
	for (i = 0; i < d->max_vcpus; i++) {
		const struct vcpu *v = d->vcpu[i];

		if (!v)
			continue;
		count += READ_ONCE(v->calls[call]);
		if (!v->times)
			continue;
		timed = true;
		ns += READ_ONCE(v->times->ns[call]);
		for (r = 0; r < CALL_RANGES; r++)
			val[RANGES + r] += READ_ONCE(v->times->range[call][r]);
	}
	val[COUNT_LOW] = (uint32_t)count;
	val[COUNT_HIGH] = (uint32_t)(count >> 32);
	val[NS_LOW] = (uint32_t)ns;
	val[NS_HIGH] = (uint32_t)(ns >> 32);
	return !count ? 0 : timed ? VALUES : NS_LOW;
}

/* How many counters and values there may be, 0: any number, as Xen has it. */
struct reader {
	struct xen_sysctl_perfc_op *op;
	uint32_t counters_max, vals_max;
	bool copy;
};

static int put(struct reader *r, const struct domain *d, unsigned call)
{
	struct xen_sysctl_perfc_op *op = r->op;
	struct xen_sysctl_perfc_desc desc = { .nr_vals = 0 };
	uint32_t val[VALUES];

	desc.nr_vals = sum(d, call, val);
	if (!desc.nr_vals)
		return 0;
	if (r->copy) {
		if ((r->counters_max && op->nr_counters >= r->counters_max) ||
		    (r->vals_max && op->nr_vals + desc.nr_vals > r->vals_max))
			return -ENOBUFS;
		if (names[call])
			str_format(desc.name, sizeof(desc.name), "d%u %s", d->id, names[call]);
		else
			str_format(desc.name, sizeof(desc.name), "d%u %u", d->id, call);
		if (copy_to_guest(op->desc.p + op->nr_counters, &desc, sizeof(desc)) ||
		    copy_to_guest(op->val.p + op->nr_vals, val, desc.nr_vals * sizeof(*val)))
			return -EFAULT;
	}
	op->nr_counters++;
	op->nr_vals += desc.nr_vals;
	return 0;
}

static long query(struct xen_sysctl_perfc_op *op)
{
	struct reader r = { op, op->nr_counters, op->nr_vals, op->desc.p && op->val.p };
	struct domain *d;
	unsigned call;
	int rc = 0;

	op->nr_counters = op->nr_vals = 0;
	for (d = dom0; d && !rc; d = d->next)
		for (call = 0; call < CALLS && !rc; call++)
			rc = put(&r, d, call);
	return rc;
}

/* What a vcpu counts at this moment may survive. */
static long reset(void)
{
	struct domain *d;
	uint32_t i;

	for (d = dom0; d; d = d->next)
		for (i = 0; i < d->max_vcpus; i++) {
			struct vcpu *v = d->vcpu[i];

			if (!v)
				continue;
			memset(v->calls, 0, sizeof(v->calls));
			if (v->times)
				memset(v->times, 0, sizeof(*v->times));
		}
	return 0;
}

long sysctl_perfc(struct xen_sysctl_perfc_op *op)
{
	switch (op->cmd) {
	case XEN_SYSCTL_PERFCOP_reset:
		return reset();
	case XEN_SYSCTL_PERFCOP_query:
		return query(op);
	default:
		return -EINVAL;
	}
}
