/* SPDX-License-Identifier: MIT */
/*
 * The network threads and their queues of devices with work.
 *
 * Why no work is lost. A device that gets an event is put on the queue, unless it is there. The
 * thread takes it off before it calls poll, so an event that comes while poll runs puts it back,
 * and poll is called once more, perhaps for nothing. And poll, before it says that it has
 * finished, asks its ring for the next event and looks once more: what came before the asking it
 * sees, what comes after it makes an event.
 *
 * Turns are fair: who has more to do goes to the queue's end.
 */

#include "net/poll.h"

#include "guest/init.h"
#include "guest/panic.h"
#include "guest/param.h"
#include "guest/spinlock.h"
#include "guest/thread.h"
#include "guest/wait.h"
#include "lib/format.h"

#define STACK_SIZE (32 * 1024)

static struct net_thread {
	struct spinlock lock;
	struct list ready;	/* with the lock */
	struct poller *running; /* whose poll runs now; with the lock */
	struct wait_queue work, finished;
} threads[NET_THREADS_MAX];

static unsigned int thread_count = 1; /* constant once they run */

unsigned int net_thread_count(void)
{
	return thread_count;
}

unsigned int net_queue_limit(const char *param)
{
	return param_number(param, thread_count, NET_THREADS_MAX);
}

static struct net_thread *thread_of(const struct poller *poller)
{
	return &threads[poller->thread];
}

void net_schedule(struct poller *poller)
{
	struct net_thread *t = thread_of(poller);
	unsigned long flags = spin_lock_save(&t->lock);

	if (!poller->scheduled) {
		poller->scheduled = true;
		list_push_back(&t->ready, &poller->link);
		wake_one(&t->work);
	}
	spin_unlock_restore(&t->lock, flags);
}

static void unschedule(struct poller *poller)
{
	struct net_thread *t = thread_of(poller);
	unsigned long flags = spin_lock_save(&t->lock);

	poller->scheduled = false;
	list_remove(&poller->link);
	spin_unlock_restore(&t->lock, flags);
}

void net_cancel(struct poller *poller)
{
	struct net_thread *t = thread_of(poller);

	unschedule(poller);
	wait_event(&t->finished, READ_ONCE(t->running) != poller);
	unschedule(poller); /* a poll that was running may have put it back */
}

static struct poller *take_next(struct net_thread *t)
{
	unsigned long flags = spin_lock_save(&t->lock);
	struct poller *poller = NULL;

	if (!list_empty(&t->ready)) {
		poller = list_entry(list_pop_front(&t->ready), struct poller, link);
		poller->scheduled = false;
		t->running = poller;
	}
	spin_unlock_restore(&t->lock, flags);
	return poller;
}

static void run_one(struct net_thread *t, struct poller *poller)
{
	bool more = poller->poll(poller);
	unsigned long flags = spin_lock_save(&t->lock);

	t->running = NULL;
	wake_all(&t->finished);
	spin_unlock_restore(&t->lock, flags);
	if (more)
		net_schedule(poller);
}

static void net_thread(void *arg)
{
	struct net_thread *t = arg;

	for (;;) {
		struct poller *poller = take_next(t);

		if (poller)
			run_one(t, poller);
		else
			wait_event(&t->work, !list_empty(&t->ready));
	}
}

/* --- Calls: a poller that lives on the caller's stack, for one turn -------------------------- */

struct call {
	struct poller poller;
	void (*fn)(void *arg);
	void *arg;
	bool done;
};

static bool run_call(struct poller *poller)
{
	struct call *call = container_of(poller, struct call, poller);

	call->fn(call->arg);
	WRITE_ONCE(call->done, true);
	return false;
}

static void run_on(unsigned int thread, void (*fn)(void *arg), void *arg)
{
	struct net_thread *t = &threads[thread];
	struct call call = { .fn = fn, .arg = arg };

	poller_init(&call.poller, run_call, thread);
	net_schedule(&call.poller);
	/* Not only done but also no longer `running`, which points to our stack. */
	wait_event(&t->finished, READ_ONCE(call.done) && READ_ONCE(t->running) != &call.poller);
}

void net_run(void (*fn)(void *arg), void *arg)
{
	run_on(0, fn, arg);
}

static void nothing(void *unused)
{
}

void net_quiesce(void)
{
	for (unsigned int i = 0; i < thread_count; i++)
		run_on(i, nothing, NULL);
}

static int net_thread_start(void)
{
	thread_count = MIN(vcpu_count(), NET_THREADS_MAX);
	for (unsigned int i = 0; i < thread_count; i++) {
		struct net_thread *t = &threads[i];
		char name[THREAD_NAME_MAX];

		list_init(&t->ready);
		wait_queue_init(&t->work);
		wait_queue_init(&t->finished);
		str_format(name, sizeof(name), i ? "net%u" : "net", i);
		if (!thread_create(name, net_thread, t, STACK_SIZE))
			panic("no memory for the network threads");
	}
	return 0;
}

INITCALL(bus, net_thread_start);
