/* SPDX-License-Identifier: MIT */
/*
 * The end of the domain, from a request to the hypercall:
 *
 *	shutdown_request	a thread of its own raises SIGTERM, or calls exit
 *	exit, _exit		the application's atexit functions, then shutdown_now
 *	shutdown_now		handlers, the latest registered first: mounts are written
 *	SCHEDOP_shutdown	never returns
 *
 * shutdown_limit sets a timer beside all that: whatever hangs in it, the domain ends when the grace
 * is over. A crash takes none of these steps, since nothing can be relied on then.
 */
#include "guest/clock.h"
#include "guest/console.h"
#include "guest/hypercall.h"
#include "guest/irq.h"
#include "guest/shutdown.h"
#include "guest/spinlock.h"
#include "guest/thread.h"

static SPINLOCK(lock);

/* With the lock. */
static struct shutdown_handler *handlers;
static bool requested, limited, ending;
static unsigned int requested_reason = SHUTDOWN_poweroff;

/* libc's: raise SIGTERM, or exit. */
void libc_terminate(void) WEAK;

static NORETURN void shutdown_domain(unsigned int reason)
{
	struct sched_shutdown op = { .reason = reason };

	for (;;)
		hypercall_sched_op(SCHEDOP_shutdown, &op);
}

void shutdown_crash(void)
{
	irq_mask();
	shutdown_domain(SHUTDOWN_crash);
}

void shutdown_register(struct shutdown_handler *handler)
{
	unsigned long flags = spin_lock_save(&lock);

	handler->next = handlers;
	handlers = handler;
	spin_unlock_restore(&lock, flags);
}

bool shutdown_requested(void)
{
	return READ_ONCE(requested);
}

unsigned int shutdown_reason(void)
{
	return READ_ONCE(requested_reason);
}

static void terminate(void *unused)
{
	if (libc_terminate)
		libc_terminate();
	else
		shutdown_now(shutdown_reason());
}

/* In a thread of its own: the application's handlers and atexit functions may sleep. */
void shutdown_request(unsigned int reason)
{
	unsigned long flags = spin_lock_save(&lock);
	bool first = !requested;

	requested_reason = reason;
	requested = true;
	spin_unlock_restore(&lock, flags);
	if (first && !thread_create("shutdown", terminate, NULL, 0))
		terminate(NULL);
}

static void grace_over(struct clock_timer *timer)
{
	console_print("shutdown: the application does not end, going down without it\n");
	shutdown_domain((unsigned int)(uintptr_t)timer->arg);
}

void shutdown_limit(unsigned int reason)
{
	static struct clock_timer grace;
	unsigned long flags = spin_lock_save(&lock);
	bool first = !limited;

	limited = true;
	spin_unlock_restore(&lock, flags);
	if (!first)
		return;
	timer_init(&grace, grace_over, (void *)(uintptr_t)reason);
	timer_start(&grace, clock_deadline(SHUTDOWN_GRACE));
}

void shutdown_now(unsigned int reason)
{
	unsigned long flags = spin_lock_save(&lock);
	bool first = !ending;
	struct shutdown_handler *handler;

	ending = true;
	spin_unlock_restore(&lock, flags);
	/* Somebody else is at it already, and ends us all. */
	while (!first)
		thread_sleep(NS_PER_S);
	shutdown_limit(reason);
	while ((handler = handlers)) {
		handlers = handler->next;
		handler->fn(reason, handler->arg);
	}
	console_flush();
	shutdown_domain(reason);
}
