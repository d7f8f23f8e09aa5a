/* SPDX-License-Identifier: MIT */
/*
 * Waiting for a spin lock whose holder may have lost its processor: a bounded spin, then a sleep in
 * Xen, until the holder kicks. Why no sleeper is forgotten:
 *
 *	waiter W				holder
 *	1. forget old kicks			1. state = FREE, and what was it?
 *	2. waiting_for = lock			2. WAITED: kick one vcpu whose waiting_for it is
 *	3. state = WAITED, and what was it?
 *	   FREE: it is ours
 *	4. poll the kick port
 *
 * Both 1 of the holder and 3 of the waiter are exchanges. If the waiter's comes first, the holder
 * sees WAITED and finds waiting_for; if the holder's comes first, the waiter sees FREE. One vcpu is
 * kicked although several may sleep: so whoever has slept once takes the lock as WAITED, and kicks
 * the next one in turn when it releases it. A kick may come for nothing: that is one more look.
 *
 * The kick port is masked for good: it makes no upcall, only poll sees it.
 */
#include "guest/cpu.h"
#include "guest/hypercall.h"
#include "guest/panic.h"
#include "lib/bitops.h"

/* Looks before the sleep; a lock is held for less, while its holder runs. */
#define SPINS 512

static bool given_up;

void spin_give_up(void)
{
	WRITE_ONCE(given_up, true);
}

static bool spin(struct spinlock *lock, uint16_t take_as)
{
	unsigned int i;

	for (i = 0; i < SPINS; i++) {
		uint16_t state = SPIN_FREE;

		if (READ_ONCE(lock->state) == SPIN_FREE &&
		    __atomic_compare_exchange_n(&lock->state, &state, take_as, false,
						__ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
			return true;
		spin_pause(i);
	}
	return false;
}

/* True: it became free at the last moment, and is ours. */
static bool sleep_for(struct spinlock *lock, struct cpu *cpu)
{
	struct sched_poll poll = { .nr_ports = 1 };
	bool taken;

	bit_clear(shared_info.evtchn_pending, cpu->kick_port);
	WRITE_ONCE(cpu->waiting_for, lock);
	taken = __atomic_exchange_n(&lock->state, SPIN_WAITED, __ATOMIC_SEQ_CST) == SPIN_FREE;
	if (!taken) {
		cpu->spin.polls++;
		set_xen_guest_handle(poll.ports, &cpu->kick_port);
		hypercall_sched_op(SCHEDOP_poll, &poll);
	}
	WRITE_ONCE(cpu->waiting_for, NULL);
	return taken;
}

void spin_lock_slow(struct spinlock *lock)
{
	struct cpu *cpu = cpu_self();
	uint16_t take_as = SPIN_HELD;

	if (given_up)
		return;
	if (spin_held(lock))
		panic("a lock that this vcpu holds already");
	cpu->spin.waits++;
	while (!spin(lock, take_as)) {
		if (sleep_for(lock, cpu))
			break;
		take_as = SPIN_WAITED;
	}
	lock->holder = (uint16_t)(cpu->id + 1);
}

/* The lock itself is not looked at: it may be gone. */
void spin_unlock_slow(struct spinlock *lock)
{
	unsigned int me = this_vcpu(), count = vcpu_count(), n;

	for (n = 1; n < count; n++) {
		struct cpu *cpu = cpus[(me + n) % count];

		if (READ_ONCE(cpu->waiting_for) == lock) {
			cpus[me]->spin.kicks++;
			evtchn_notify(cpu->kick_port);
			return;
		}
	}
}

void spin_stats_get(struct spin_stats *stats)
{
	struct cpu *cpu;
	unsigned int n;

	*stats = (struct spin_stats){ 0 };
	for_each_cpu(cpu, n) {
		stats->waits += READ_ONCE(cpu->spin.waits);
		stats->polls += READ_ONCE(cpu->spin.polls);
		stats->kicks += READ_ONCE(cpu->spin.kicks);
	}
}
