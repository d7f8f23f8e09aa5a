/* SPDX-License-Identifier: MIT */
/*
 * Virtual processors: their making, whether they may run, how long they did, and where their
 * vcpu_info is.
 */
#include "access.h"
#include "console.h"
#include "pv.h"
#include "sched.h"
#include "x86.h"
#include "lib/string.h"

#define PERIOD_DEFAULT 10000000UL /* ns; guests that want no ticks stop it */

static void fire_timer(void *vcpu)
{
	evtchn_send_virq(vcpu, VIRQ_TIMER);
}

/*
 * The periodic timer ticks while its vcpu has a processor. One that comes back to it after its tick
 * was due gets that at once, and a blocked one is left in peace.
 */
static void periodic_tick(struct vcpu *v, uint64_t now)
{
	if (v->periodic_due <= now) {
		v->periodic_due = now + v->period_ns;
		evtchn_send_virq(v, VIRQ_TIMER);
	}
	timer_set(&v->periodic, v->periodic_due);
}

static void fire_periodic(void *vcpu)
{
	struct vcpu *v = vcpu;

	/* Here, it cannot leave meanwhile; elsewhere it has its own (vcpu_periodic_start). */
	if (v == current && !v->blocked)
		periodic_tick(v, time_now());
}

void vcpu_periodic_start(struct vcpu *v)
{
	if (v->period_ns && v->virq_port[VIRQ_TIMER] && v == current &&
	    (!v->periodic.deadline || v->periodic.cpu != this_cpu()))
		periodic_tick(v, time_now());
}

/* The time of a SCHEDOP_poll is over. */
static void fire_poll(void *vcpu)
{
	struct vcpu *v = vcpu;

	if (v->polling)
		(void)sched_unblock(v);
}

/*
 * Where it is until the guest places it: in shared_info, for the first 32; beyond, out of the
 * guest's sight.
 */
static struct vcpu_info *info_home(struct vcpu *v)
{
	return v->id < XEN_LEGACY_MAX_VCPUS ? &v->domain->shared->vcpu_info[v->id] : &v->own_info;
}

/* The parts that x86 and pv add are made here too, and undone in reverse when one fails. */
struct vcpu *vcpu_create(struct domain *d, uint32_t id)
{
	struct vcpu *v = heap_alloc(sizeof(*v));

	if (!v)
		return NULL;
	v->domain = d;
	v->id = id;
	v->down = true;
	v->runstate.state = RUNSTATE_offline;
	v->runstate.state_entry_time = time_now();
	v->info = info_home(v);
	timer_setup(&v->singleshot, fire_timer, v);
	timer_setup(&v->periodic, fire_periodic, v);
	v->period_ns = PERIOD_DEFAULT;
	timer_setup(&v->poll_timer, fire_poll, v);
	if (perf_vcpu_init(v))
		goto fail;
	if (fpu_init_vcpu(v))
		goto fail_perf;
	if (pv_vcpu_init(v))
		goto fail_fpu;
	sched_add_vcpu(v);
	d->vcpu[id] = v;
	time_update_vcpu(v);
	return v;

fail_fpu:
	fpu_free_vcpu(v);
fail_perf:
	perf_vcpu_free(v);
fail:
	heap_free(v);
	return NULL;
}

/* The domain has stopped and is out of the list. */
void vcpu_destroy(struct vcpu *v)
{
	sched_leave(v);
	timer_stop_sync(&v->singleshot);
	timer_stop_sync(&v->periodic);
	timer_stop_sync(&v->poll_timer);
	pv_vcpu_destroy(v);
	fpu_free_vcpu(v);
	perf_vcpu_free(v);
	v->domain->vcpu[v->id] = NULL;
	heap_free(v);
}

/* Who is current while nobody is: a vcpu of no domain that is ever listed, without guest state. */
struct vcpu *vcpu_create_idle(struct cpu *c)
{
	static struct domain idle_domain = { .id = DOMID_IDLE, .refs = 1 };
	struct vcpu *v = heap_alloc(sizeof(*v));

	BUG_ON(!v);
	v->domain = &idle_domain;
	v->id = c->id;
	v->is_idle = true;
	v->running = true;
	v->cpu = c;
	v->info = &v->own_info;
	v->pv.kernel_root = hyper_l4_mfn;
	v->pv.user_root = MFN_NONE;
	v->pv.cr3 = hyper_l4_mfn.n << PAGE_SHIFT;
	list_init(&v->queue);
	return v;
}

void vcpu_pause(struct vcpu *v)
{
	__atomic_add_fetch(&v->pause_count, 1, __ATOMIC_SEQ_CST);
	sched_sleep_sync(v);
}

void vcpu_unpause(struct vcpu *v)
{
	if (!__atomic_sub_fetch(&v->pause_count, 1, __ATOMIC_SEQ_CST))
		sched_wake(v);
}

uint64_t vcpu_run_time(const struct vcpu *v)
{
	const struct vcpu_runstate_info *r = &v->runstate;

	return r->time[RUNSTATE_running] +
	       (r->state == RUNSTATE_running ? time_now() - r->state_entry_time : 0);
}

void vcpu_publish_runstate(struct vcpu *v)
{
	struct vcpu_runstate_info info = v->runstate, *to = v->runstate_guest;

	if (v->pv.user_mode)
		return; /* the area is in the kernel's address space */
	if (v->domain->pv.vm_assist & BIT(VMASST_TYPE_runstate_update_flag)) {
		info.state_entry_time |= XEN_RUNSTATE_UPDATE;
		if (put_guest_u64(&to->state_entry_time, info.state_entry_time))
			return;
		wmb(); /* the reader sees the mark before anything of the new content */
	}
	copy_to_guest(to, &info, sizeof(info));
	if (info.state_entry_time & XEN_RUNSTATE_UPDATE) {
		wmb(); /* and loses it only after all of it */
		put_guest_u64(&to->state_entry_time, info.state_entry_time & ~XEN_RUNSTATE_UPDATE);
	}
}

/*
 * Events that come while the old one is copied would be lost in it: so everything counts as pending
 * afterwards, and the guest looks for itself. The frame stays writable for good: it holds a typed
 * reference.
 */
int vcpu_place_info(struct vcpu *v, mfn_t mfn, uint32_t offset)
{
	struct vcpu_info *info;
	struct frame *f;

	if (offset > PAGE_SIZE - sizeof(*info) || offset % _Alignof(struct vcpu_info))
		return -ENXIO;
	if (v->info_frame || (v != current && !v->down))
		return -EINVAL;
	if (!mfn_valid(mfn) || !frame_get_writable(f = mfn_to_frame(mfn), v->domain->id))
		return -EINVAL;
	info = (struct vcpu_info *)((char *)mfn_to_virt(mfn) + offset);
	if (v->info == &v->own_info) {
		memset(info, 0, sizeof(*info));
		info->evtchn_upcall_mask = 1;
	} else {
		memcpy(info, v->info, sizeof(*info));
	}
	v->info_frame = f;
	v->info = info;
	time_update_vcpu(v);
	evtchn_move_info(v);
	return 0;
}

void vcpu_leave_info(struct vcpu *v)
{
	WRITE_ONCE(v->info, info_home(v));
}

void vcpu_drop_info(struct vcpu *v)
{
	struct frame *f = v->info_frame;

	v->info_frame = NULL;
	if (f)
		frame_put_typed_final(f);
}
