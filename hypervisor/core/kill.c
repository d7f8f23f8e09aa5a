/* SPDX-License-Identifier: MIT */
/*
 * The end of a domain. domain_kill takes back all that the domain holds, step by step, and may stop
 * after each with -ERESTART: every step finds by itself what is left to do. Frames that other
 * domains still map, and the structure, stay until those let go.
 */
#include "block.h"
#include "irq.h"
#include "pv.h"
#include "sched.h"

/* Their functions would still touch vcpus and deliver events. */
static void stop_timers(struct domain *d)
{
	unsigned i;

	for (i = 0; i < ARRAY_SIZE(d->watchdog); i++)
		timer_stop_sync(&d->watchdog[i]);
	for (i = 0; i < d->max_vcpus; i++) {
		struct vcpu *v = d->vcpu[i];

		if (!v)
			continue;
		timer_stop_sync(&v->singleshot);
		timer_stop_sync(&v->periodic);
		timer_stop_sync(&v->poll_timer);
	}
}

/*
 * A placed vcpu_info holds a frame. What may still be written goes to shared_info again; but other
 * processors may just be raising an event (a virq, an interrupt) in the placed one, so the frames
 * are given back when those are through.
 */
static void infos_leave(struct domain *d)
{
	unsigned i;

	for (i = 0; i < d->max_vcpus; i++)
		if (d->vcpu[i])
			vcpu_leave_info(d->vcpu[i]);
}

static void infos_drop(struct quiet *q)
{
	struct domain *d = container_of(q, struct domain, quiet);
	unsigned i;

	for (i = 0; i < d->max_vcpus; i++)
		if (d->vcpu[i])
			vcpu_drop_info(d->vcpu[i]);
	__atomic_store_n(&d->infos_dropped, true, __ATOMIC_RELEASE);
}

/*
 * The frame behind f in d's list, the first for NULL, with a reference: so it stays in the list,
 * whoever lets go of it meanwhile. Those without references are on their way out of it. Drops f's.
 */
static struct frame *next_frame(struct domain *d, struct frame *f)
{
	uint32_t mfn;

	spin_lock(&d->frames_lock);
	mfn = f ? f->next : d->frames;
	while (mfn && !frame_get(&frame_table[mfn], d->id))
		mfn = frame_table[mfn].next;
	spin_unlock(&d->frames_lock);
	if (f)
		frame_put(f);
	return mfn ? &frame_table[mfn] : NULL;
}

/*
 * Each frame's pin goes, and its allocation's own reference. A frame that others still hold, tables
 * further on in the list or other domains' mappings, goes when they do. The cursor is held by a
 * ref, so it stays in the list between two calls.
 */
static int drop_frames(struct domain *d)
{
	if (!d->cursor)
		d->cursor = next_frame(d, NULL);
	while (d->cursor) {
		if (pv_relinquish_frame(d->cursor))
			return -ERESTART;
		frame_unallocate(d->cursor);
		d->cursor = next_frame(d, d->cursor);
		if (work_spent(20) && d->cursor)
			return -ERESTART;
	}
	return 0;
}

/*
 * The order matters: nothing may run (pause), nobody send or be sent to (ports), before tables go;
 * the pins of others' grants go before the page tables that map them, whose end drops the frames.
 */
int domain_kill(struct domain *d)
{
	int rc;

	if (d == current->domain)
		return -EINVAL;
	if (d->dying == DOMAIN_DEAD)
		return 0;
	if (d->dying == DOMAIN_ALIVE) {
		domain_pause(d);
		spin_lock(&d->lock);
		d->dying = DOMAIN_DYING;
		spin_unlock(&d->lock);
		cpupool_dying(d);
		block_claim(d, 0);
		stop_timers(d);
		evtchn_close_all(d);
		pirq_destroy_domain(d);
		physdev_drop_eoi(d);
		infos_leave(d);
		quiet_call(&d->quiet, infos_drop);
	}
	if (!__atomic_load_n(&d->infos_dropped, __ATOMIC_ACQUIRE)) {
		cpu_serve(); /* others have to come to it */
		return -ERESTART; /* this processor has to be between two operations as well */
	}
	rc = grant_release_maps(d);
	if (!rc)
		rc = pv_relinquish(d);
	if (!rc)
		rc = drop_frames(d);
	if (rc)
		return rc;
	grant_unshare(d);
	frame_unshare(d->shared);
	d->dying = DOMAIN_DEAD;
	domain_put(d);
	evtchn_send_global_virq(VIRQ_DOM_EXC);
	return 0;
}
