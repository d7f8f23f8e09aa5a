/* SPDX-License-Identifier: MIT */
/*
 * Vcpus that the toolstack takes away and gives back (cpu/N/availability in the store). The domain
 * has all of them from its start, with their queues and ports; those that are offline are down.
 */
#include "guest/console.h"
#include "guest/thread.h"
#include "guest/vcpu.h"
#include "guest/wait.h"

static vcpu_mask_t wanted = VCPU_ANY, done = VCPU_ANY;
static WAIT_QUEUE(changed);

/* On vcpu 0, since it waits for others to go down. */
static void online_thread(void *unused)
{
	for (;;) {
		vcpu_mask_t online;
		unsigned int n;

		wait_event(&changed, READ_ONCE(wanted) != done);
		online = READ_ONCE(wanted);
		for (n = 1; n < vcpu_count(); n++)
			vcpu_set_online(n, online & VCPU_ONLY(n));
		done = online;
	}
}

/* Called by the store's watch thread only. Who is not told anything needs no thread. */
void vcpus_want(vcpu_mask_t online)
{
	static bool started;

	if (!started && online == VCPU_ANY)
		return;
	WRITE_ONCE(wanted, online);
	if (!started)
		started = thread_create_on(VCPU_ONLY(0), "vcpus", online_thread, NULL, 0);
	if (!started)
		console_print("vcpus: no memory for a thread\n");
	wake_all(&changed);
}
