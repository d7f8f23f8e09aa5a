/* SPDX-License-Identifier: MIT */
/*
 * From the toolstack's wish to the hypercall, and on from there:
 *
 *	holders		those who keep machine addresses come to their end, new ones wait
 *	hooks		frontends stop, the store's client has no request under way
 *	other vcpus	go down
 *	masked		nothing else runs; grant table and shared_info are unmapped, since the
 *			toolstack accepts no page table with frames that are not the domain's
 *	SCHEDOP_shutdown	with the frame of start_info. The domain is a file now
 *
 * It returns 1 if nothing came of it, or the domain was only looked at: all is as it was. It
 * returns 0 in a new domain. That has our memory and vcpu, frames replaced, and nothing else of
 * what Xen knew of us: no ports, no grants, no timer. Those are made in the order in which they
 * need each other, then the hooks find their peers.
 */
#include "guest/clock.h"
#include "guest/console.h"
#include "guest/hypercall.h"
#include "guest/irq.h"
#include "guest/spinlock.h"
#include "guest/start.h"
#include "guest/suspend.h"
#include "guest/thread.h"
#include "guest/vcpu.h"
#include "guest/wait.h"

#define HOLDERS_LIMIT (20 * NS_PER_S)

static SPINLOCK(lock);
static unsigned int holders; /* lock */
static bool pending;	     /* lock; a suspend is under way */
static struct list hooks = LIST_INIT(hooks); /* in the order of registration */
static WAIT_QUEUE(changed);

static bool try_hold(void)
{
	unsigned long flags = spin_lock_save(&lock);
	bool ok = !pending;

	holders += ok;
	spin_unlock_restore(&lock, flags);
	return ok;
}

void suspend_hold(void)
{
	wait_event(&changed, try_hold());
}

void suspend_release(void)
{
	unsigned long flags = spin_lock_save(&lock);

	holders--;
	spin_unlock_restore(&lock, flags);
	if (READ_ONCE(pending))
		wake_all(&changed);
}

void suspend_register(struct suspend_hook *hook)
{
	unsigned long flags = spin_lock_save(&lock);

	list_push_back(&hooks, &hook->link);
	spin_unlock_restore(&lock, flags);
}

/* Those that were registered after `at`. */
static void resume_hooks(struct list *at, bool lost)
{
	while ((at = at->next) != &hooks)
		list_entry(at, struct suspend_hook, link)->resume(lost);
}

static int suspend_hooks(void)
{
	struct list *at;

	for (at = hooks.prev; at != &hooks; at = at->prev) {
		struct suspend_hook *hook = list_entry(at, struct suspend_hook, link);
		int err = hook->suspend();

		if (err) {
			console_print("suspend: %s: error %d\n", hook->name, -err);
			resume_hooks(at, false);
			return err;
		}
	}
	return 0;
}

/* --- Masked ------------------------------------------------------------- */

/* True in a new domain. */
static bool leave(void)
{
	struct sched_shutdown op = { .reason = SHUTDOWN_suspend };
	mfn_t page = start_info_give();
	bool lost;

	shared_info_unmap();
	lost = !hypercall_suspend(&op, page);
	start_info_take_back(lost);
	shared_info_map();
	return lost;
}

static int switch_domains(bool *lost)
{
	unsigned long flags = irq_save();
	int err = gnttab_suspend();

	if (!err) {
		*lost = leave();
		if (*lost) {
			evtchn_resume();
			vcpu_restore();
			console_resume();
		}
		gnttab_resume(*lost);
	}
	irq_restore(flags);
	return err;
}

/* --- The thread --------------------------------------------------------- */

static void suspend(void)
{
	bool lost = false;
	int err;

	if (!wait_event_timeout(&changed, !READ_ONCE(holders), HOLDERS_LIMIT)) {
		console_print("suspend: requests to a disk do not come to their end\n");
		return;
	}
	if (suspend_hooks())
		return;
	vcpu_stop_others();
	err = switch_domains(&lost);
	vcpu_start_others();
	if (err)
		console_print("suspend: error %d\n", -err);
	resume_hooks(&hooks, lost);
	if (!err)
		console_print("suspend: %s\n", lost ? "resumed" : "cancelled");
}

static void suspend_thread(void *unused)
{
	suspend();
	WRITE_ONCE(pending, false);
	wake_all(&changed);
}

void suspend_request(void)
{
	unsigned long flags = spin_lock_save(&lock);
	bool first = !pending;

	pending = true;
	spin_unlock_restore(&lock, flags);
	if (first && !thread_create_on(VCPU_ONLY(0), "suspend", suspend_thread, NULL, 0)) {
		console_print("suspend: no memory for a thread\n");
		WRITE_ONCE(pending, false);
		wake_all(&changed);
	}
}
