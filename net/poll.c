/* SPDX-License-Identifier: MIT */
/*
 * The network thread and its queue of devices with work.
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
#include "guest/irq.h"
#include "guest/panic.h"
#include "guest/thread.h"
#include "guest/wait.h"

#define STACK_SIZE (32 * 1024)

static struct list ready = LIST_INIT(ready); /* with upcalls masked */
static WAIT_QUEUE(work);
static struct poller *running; /* whose poll runs now; with upcalls masked */
static WAIT_QUEUE(finished);

void net_schedule(struct poller *poller)
{
	unsigned long flags = irq_save();

	if (!poller->scheduled) {
		poller->scheduled = true;
		list_push_back(&ready, &poller->link);
		wake_one(&work);
	}
	irq_restore(flags);
}

void net_cancel(struct poller *poller)
{
	unsigned long flags = irq_save();

	poller->scheduled = false;
	list_remove(&poller->link);
	irq_restore(flags);
	wait_event(&finished, READ_ONCE(running) != poller);
	/* A poll that was running may have put it back. */
	flags = irq_save();
	poller->scheduled = false;
	list_remove(&poller->link);
	irq_restore(flags);
}

static struct poller *take_next(void)
{
	unsigned long flags = irq_save();
	struct poller *poller = NULL;

	if (!list_empty(&ready)) {
		poller = list_entry(list_pop_front(&ready), struct poller, link);
		poller->scheduled = false;
		running = poller;
	}
	irq_restore(flags);
	return poller;
}

static void run_one(struct poller *poller)
{
	bool more = poller->poll(poller);
	unsigned long flags = irq_save();

	running = NULL;
	wake_all(&finished);
	irq_restore(flags);
	if (more)
		net_schedule(poller);
}

static void net_thread(void *unused)
{
	for (;;) {
		struct poller *poller = take_next();

		if (poller)
			run_one(poller);
		else
			wait_event(&work, !list_empty(&ready));
	}
}

/* net_run: a poller that lives on the caller's stack, for one turn. */
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

void net_run(void (*fn)(void *arg), void *arg)
{
	struct call call = { .fn = fn, .arg = arg };

	poller_init(&call.poller, run_call);
	net_schedule(&call.poller);
	/* Not only done but also no longer `running`, which points to our stack. */
	wait_event(&finished, READ_ONCE(call.done) && READ_ONCE(running) != &call.poller);
}

static int net_thread_start(void)
{
	if (!thread_create("net", net_thread, NULL, STACK_SIZE))
		panic("no memory for the network thread");
	return 0;
}

INITCALL(bus, net_thread_start);
