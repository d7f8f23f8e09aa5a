/* SPDX-License-Identifier: MIT */
/* sched_op: what a guest says about its own running (<xen/sched.h>), and set_timer_op. */
#include "access.h"
#include "console.h"
#include "evtchn.h"
#include "hypercall.h"
#include "sched.h"

#define POLL_PORTS_MAX 128

#define TIMEOUT_NEVER_SHIFT \
	50 /* further away than 2^50 ns, or negative: a guest that means never, and overflowed */
#define TIMEOUT_NEVER 100000000UL

long do_set_timer_op(int64_t timeout)
{
	struct vcpu *v = current;
	uint64_t at = (uint64_t)timeout;

	if (!timeout) {
		timer_stop(&v->singleshot);
		return 0;
	}
	/* Such a guest gets a tick instead of none. */
	if (unlikely(at >> TIMEOUT_NEVER_SHIFT) &&
	    (timeout < 0 || (timeout - (int64_t)time_now()) >> TIMEOUT_NEVER_SHIFT > 0))
		at = time_now() + TIMEOUT_NEVER;
	timer_set(&v->singleshot, at);
	return 0;
}

/*
 * As the ABI has it, blocking enables upcalls: else the event that it waits for could not end it.
 */
static long op_block(void)
{
	current->info->evtchn_upcall_mask = 0;
	sched_block();
	return 0;
}

/* The poll did not come to sleeping. */
static void poll_end(struct vcpu *v)
{
	v->polling = false;
	WRITE_ONCE(v->blocked, false);
	__atomic_and_fetch(&v->domain->poll_mask, ~BIT(v->id), __ATOMIC_RELAXED);
}

/* 1: none of the ports is pending; 0: one is; -errno. */
static int poll_ports(struct vcpu *v, const struct sched_poll *poll)
{
	unsigned i;
	evtchn_port_t port;

	for (i = 0; i < poll->nr_ports; i++) {
		if (copy_from_guest(&port, poll->ports.p + i, sizeof(port)))
			return -EFAULT;
		if (!evtchn_port_valid(v->domain, port))
			return -EINVAL;
		if (evtchn_port_pending(v->domain, port))
			return 0;
	}
	if (poll->nr_ports == 1)
		v->poll_port = port;
	return 1;
}

/*
 * The poller declares itself blocked before it looks at the ports; a sender sets the pending bit
 * before it looks at poll_mask. One of the two sees the other, so no event is slept through.
 */
static long op_poll(const void *arg)
{
	struct vcpu *v = current;
	struct sched_poll poll;
	int rc;

	if (copy_from_guest(&poll, arg, sizeof(poll)))
		return -EFAULT;
	if (poll.nr_ports > POLL_PORTS_MAX)
		return -EINVAL;
	if (!guest_list_ok(poll.ports.p))
		return -EFAULT;
	v->poll_port = 0;
	v->polling = true;
	WRITE_ONCE(v->blocked, true);
	__atomic_or_fetch(&v->domain->poll_mask, BIT(v->id), __ATOMIC_SEQ_CST);
	/* From here an event finds us; what came before is looked for now. */
	rc = evtchn_pending(v) ? 0 : poll_ports(v, &poll);
	if (rc <= 0) {
		poll_end(v);
		return rc;
	}
	if (poll.timeout)
		timer_set(&v->poll_timer, poll.timeout);
	else
		timer_stop(&v->poll_timer); /* of an earlier poll that ended sooner */
	cpu_work(this_cpu(), WORK_RESCHED);
	return 0;
}

static void watchdog_bark(void *arg)
{
	struct domain *d = arg;

	printk(LOG_WARNING, "d%u: its watchdog fired", d->id);
	domain_shutdown(d, SHUTDOWN_watchdog);
}

/* A free one is taken and started: its number, from 1. Domain locked. */
static long watchdog_new(struct domain *d, uint32_t seconds)
{
	unsigned i;

	for (i = 0; i < ARRAY_SIZE(d->watchdog); i++) {
		if (d->watchdog_used[i])
			continue;
		d->watchdog_used[i] = true;
		timer_setup(&d->watchdog[i], watchdog_bark, d);
		timer_set(&d->watchdog[i], time_now() + seconds * 1000000000UL);
		return i + 1;
	}
	return -ENOSPC;
}

static long op_watchdog(const void *arg)
{
	struct domain *d = current->domain;
	struct sched_watchdog w;
	struct timer *t;
	long rc = 0;

	if (copy_from_guest(&w, arg, sizeof(w)))
		return -EFAULT;
	if (w.id > ARRAY_SIZE(d->watchdog))
		return -EINVAL;
	spin_lock(&d->lock);
	if (!w.id) {
		rc = w.timeout ? watchdog_new(d, w.timeout) : -EINVAL;
	} else if (!d->watchdog_used[index_nospec(w.id - 1, ARRAY_SIZE(d->watchdog))]) {
		rc = -EINVAL;
	} else {
		t = &d->watchdog[index_nospec(w.id - 1, ARRAY_SIZE(d->watchdog))];
		if (w.timeout) {
			timer_set(t, time_now() + w.timeout * 1000000000UL);
		} else {
			timer_stop(t);
			d->watchdog_used[w.id - 1] = false;
		}
	}
	spin_unlock(&d->lock);
	return rc;
}

/* Which of ESRCH and EPERM comes first is Xen's order. */
static long op_remote_shutdown(const void *arg)
{
	struct sched_remote_shutdown r;
	struct domain *d;
	long rc = -EPERM;

	if (copy_from_guest(&r, arg, sizeof(r)))
		return -EFAULT;
	if (r.domain_id == DOMID_SELF)
		return -ESRCH;
	d = domain_get(r.domain_id);
	if (!d)
		return -ESRCH;
	if (current->domain->privileged) {
		domain_shutdown(d, (uint8_t)r.reason);
		rc = 0;
	}
	domain_put(d);
	return rc;
}

static long op_shutdown(int cmd, const void *arg)
{
	struct domain *d = current->domain;
	struct sched_shutdown s;

	if (copy_from_guest(&s, arg, sizeof(s)))
		return -EFAULT;
	if (cmd == SCHEDOP_shutdown) {
		domain_shutdown(d, (uint8_t)s.reason);
	} else {
		spin_lock(&d->lock);
		d->shutdown_code = (uint8_t)s.reason;
		spin_unlock(&d->lock);
	}
	return 0;
}

static long op_pin_override(const void *arg)
{
	struct sched_pin_override p;

	if (current->domain != dom0)
		return -EPERM;
	if (copy_from_guest(&p, arg, sizeof(p)))
		return -EFAULT;
	return sched_pin_override(p.pcpu);
}

long do_sched_op(int cmd, void *arg)
{
	switch (cmd) {
	case SCHEDOP_yield:
		sched_yield();
		return 0;
	case SCHEDOP_block:
		return op_block();
	case SCHEDOP_shutdown:
	case SCHEDOP_shutdown_code:
		return op_shutdown(cmd, arg);
	case SCHEDOP_poll:
		return op_poll(arg);
	case SCHEDOP_remote_shutdown:
		return op_remote_shutdown(arg);
	case SCHEDOP_watchdog:
		return op_watchdog(arg);
	case SCHEDOP_pin_override:
		return op_pin_override(arg);
	default:
		return -ENOSYS;
	}
}

long do_sched_op_compat(int cmd, unsigned long arg)
{
	switch (cmd) {
	case SCHEDOP_yield:
		sched_yield();
		return 0;
	case SCHEDOP_block:
		return op_block();
	case SCHEDOP_shutdown:
		domain_shutdown(current->domain, (uint8_t)arg);
		return 0;
	default:
		return -ENOSYS;
	}
}
