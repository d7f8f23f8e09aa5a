/* SPDX-License-Identifier: MIT */
/* vcpu_op: a guest brings its processors up and down, and asks about them (<xen/vcpu.h>). */
#include "access.h"
#include "console.h"
#include "hypercall.h"
#include "pv.h"
#include "sched.h"
#include "scheduler.h"
#include "lib/string.h"

#define PERIOD_MIN 1000000UL
#define PERIOD_MAX (~0UL >> 2)

/* A context is 5 KiB: from the heap, and read anew when a long validation has to be continued. */
static long op_initialise(struct vcpu *v, const void *arg)
{
	struct vcpu_guest_context *c;
	long rc = -EFAULT;

	if (v->info == &v->own_info)
		return -EINVAL;
	c = heap_alloc(sizeof(*c));
	if (!c)
		return -ENOMEM;
	if (!copy_from_guest(c, arg, sizeof(*c))) {
		work_begin();
		spin_lock(&v->domain->lock);
		rc = v->initialised ? -EEXIST : pv_set_context(v, c);
		spin_unlock(&v->domain->lock);
	}
	heap_free(c);
	if (rc == -ERESTART)
		rc = hypercall_continue(__HYPERVISOR_vcpu_op, 3, (unsigned long)VCPUOP_initialise,
					(unsigned long)v->id, arg);
	return rc;
}

static long op_up(struct vcpu *v)
{
	if (!v->initialised)
		return -EINVAL;
	if (v->down) {
		v->down = false;
		sched_wake(v);
	}
	return 0;
}

/* The last one that goes down takes the domain with it. */
static long op_down(struct vcpu *v)
{
	struct domain *d = v->domain;
	bool last;
	uint32_t i;

	spin_lock(&d->lock); /* of two that go down at once, one is the last */
	for (i = 0; i < d->max_vcpus; i++)
		if (d->vcpu[i] && d->vcpu[i] != v && !d->vcpu[i]->down)
			break;
	last = i == d->max_vcpus;
	v->down = !last;
	spin_unlock(&d->lock);
	if (last)
		domain_shutdown(d, SHUTDOWN_poweroff);
	else
		sched_sleep(v);
	return 0;
}

/* With the time of the present state in it up to now. */
static void runstate_now(struct vcpu *v, struct vcpu_runstate_info *info)
{
	*info = v->runstate;
	info->time[info->state] += time_now() - info->state_entry_time;
}

static long op_get_runstate(struct vcpu *v, void *arg)
{
	struct vcpu_runstate_info info;

	runstate_now(v, &info);
	return copy_to_guest(arg, &info, sizeof(info)) ? -EFAULT : 0;
}

static long op_register_runstate(struct vcpu *v, const void *arg)
{
	struct vcpu_register_runstate_memory_area area;
	struct vcpu_runstate_info info;

	if (copy_from_guest(&area, arg, sizeof(area)) || !guest_range_ok(area.addr.v, sizeof(info)))
		return -EFAULT;
	v->runstate_guest = area.addr.v;
	if (v == current) {
		vcpu_publish_runstate(v);
	} else {
		runstate_now(v, &info);
		copy_to_guest(area.addr.v, &info, sizeof(info));
	}
	return 0;
}

/* It is written whenever the first one is, while this vcpu runs. */
static long op_register_time(struct vcpu *v, const void *arg)
{
	struct vcpu_register_time_memory_area area;

	if (copy_from_guest(&area, arg, sizeof(area)) ||
	    !guest_range_ok(area.addr.v, sizeof(struct vcpu_time_info)))
		return -EFAULT;
	v->time_guest = area.addr.v;
	time_update_vcpu(v);
	return 0;
}

static long op_set_periodic(struct vcpu *v, const void *arg)
{
	struct vcpu_set_periodic_timer set;

	if (copy_from_guest(&set, arg, sizeof(set)))
		return -EFAULT;
	if (set.period_ns < PERIOD_MIN || set.period_ns > PERIOD_MAX)
		return -EINVAL;
	v->period_ns = set.period_ns;
	v->periodic_due = time_now() + set.period_ns;
	timer_stop(&v->periodic);
	if (v == current) {
		vcpu_periodic_start(v);
	} else if (v->running) { /* it starts it itself, on its processor */
		cpu_work(v->cpu, WORK_RESCHED);
		cpu_kick(v->cpu);
	}
	return 0;
}

static long op_stop_periodic(struct vcpu *v)
{
	v->period_ns = 0;
	timer_stop(&v->periodic);
	return 0;
}

/*
 * VCPU_SSHOTTMR_future: the caller wants to be told, rather than interrupted, when it is too late.
 */
static long op_set_singleshot(struct vcpu *v, const void *arg)
{
	struct vcpu_set_singleshot_timer set;

	if (v != current)
		return -EINVAL;
	if (copy_from_guest(&set, arg, sizeof(set)))
		return -EFAULT;
	if (set.flags & VCPU_SSHOTTMR_future && set.timeout_abs_ns < time_now())
		return -ETIME;
	timer_set(&v->singleshot, set.timeout_abs_ns);
	return 0;
}

static long op_stop_singleshot(struct vcpu *v)
{
	if (v != current)
		return -EINVAL;
	timer_stop(&v->singleshot);
	return 0;
}

static long op_register_info(struct vcpu *v, const void *arg)
{
	struct vcpu_register_vcpu_info reg;
	long rc;

	if (copy_from_guest(&reg, arg, sizeof(reg)))
		return -EFAULT;
	spin_lock(&v->domain->lock);
	rc = vcpu_place_info(v, MFN(reg.mfn), reg.offset);
	spin_unlock(&v->domain->lock);
	return rc;
}

void vcpu_send_nmi(struct vcpu *v)
{
	v->nmi_pending = true;
	if (v->running) {
		cpu_work(v->cpu, WORK_NMI);
		cpu_kick(v->cpu);
	}
	(void)sched_unblock(v);
}

static long op_send_nmi(struct vcpu *v, const void *arg)
{
	if (arg)
		return -EINVAL;
	vcpu_send_nmi(v);
	return 0;
}

/* Told to the machine's own system, and only of a vcpu that stays on one processor. */
static long op_physid(struct vcpu *v, void *arg)
{
	uint64_t where = v->affinity & cpus_online(), apic;
	struct vcpu_get_physid id;

	if (v->domain != dom0 || !where || where & (where - 1))
		return -EINVAL;
	apic = cpus[__builtin_ctzl(where)]->apic_id;
	id.phys_id = apic << 32 | apic; /* ACPI's number is the APIC's, as get_cpuinfo says */
	return copy_to_guest(arg, &id, sizeof(id)) ? -EFAULT : 0;
}

long do_vcpu_op(int cmd, unsigned vcpuid, void *arg)
{
	struct vcpu *v = domain_vcpu(current->domain, vcpuid);

	if (!v)
		return -ENOENT;
	switch (cmd) {
	case VCPUOP_initialise:
		return op_initialise(v, arg);
	case VCPUOP_up:
		return op_up(v);
	case VCPUOP_down:
		return op_down(v);
	case VCPUOP_is_up:
		return !v->down;
	case VCPUOP_get_runstate_info:
		return op_get_runstate(v, arg);
	case VCPUOP_register_runstate_memory_area:
		return op_register_runstate(v, arg);
	case VCPUOP_set_periodic_timer:
		return op_set_periodic(v, arg);
	case VCPUOP_stop_periodic_timer:
		return op_stop_periodic(v);
	case VCPUOP_set_singleshot_timer:
		return op_set_singleshot(v, arg);
	case VCPUOP_stop_singleshot_timer:
		return op_stop_singleshot(v);
	case VCPUOP_register_vcpu_info:
		return op_register_info(v, arg);
	case VCPUOP_register_vcpu_time_memory_area:
		return op_register_time(v, arg);
	case VCPUOP_send_nmi:
		return op_send_nmi(v, arg);
	case VCPUOP_get_physid:
		return op_physid(v, arg);
	default:
		return -ENOSYS;
	}
}
