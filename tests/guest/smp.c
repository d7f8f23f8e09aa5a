/* SPDX-License-Identifier: MIT */
/*
 * Rules: every vcpu runs threads, at the same time; a thread stays where it may be, and keeps its
 * registers wherever it goes; a timer fires where it was started, and never after it was stopped; a
 * translation that was changed is known nowhere any more. With one vcpu the same holds, trivially.
 */
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include "check.h"
#include "guest/clock.h"
#include "guest/evtchn.h"
#include "guest/irq.h"
#include "guest/page.h"
#include "guest/thread.h"
#include "guest/vcpu.h"
#include "guest/vmap.h"

static cpu_set_t only(unsigned int vcpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(vcpu, &set);
	return set;
}

static void stay_on(unsigned int vcpu)
{
	cpu_set_t set = only(vcpu);

	CHECK(!sched_setaffinity(0, sizeof(set), &set));
}

static void go_anywhere(void)
{
	thread_set_affinity(thread_current(), VCPU_ANY);
}

/* A thread on each vcpu. */
static void on_each(void *(*fn)(void *vcpu))
{
	pthread_t threads[VCPUS_MAX];
	unsigned int n;

	for (n = 0; n < vcpu_count(); n++)
		CHECK(!pthread_create(&threads[n], NULL, fn, (void *)(uintptr_t)n));
	for (n = 0; n < vcpu_count(); n++)
		CHECK(!pthread_join(threads[n], NULL));
}

/* --- All vcpus at once -------------------------------------------------- */

static unsigned int arrived;

/* Nobody sleeps here: with a thread on each vcpu all arrive, or none goes on. */
static void *meet(void *vcpu)
{
	unsigned int round;

	stay_on((unsigned int)(uintptr_t)vcpu);
	CHECK(sched_getcpu() == (int)(uintptr_t)vcpu);
	for (round = 1; round <= 20; round++) {
		__atomic_fetch_add(&arrived, 1, __ATOMIC_SEQ_CST);
		while (READ_ONCE(arrived) < round * vcpu_count())
			__builtin_ia32_pause();
	}
	return NULL;
}

void test_vcpus(void)
{
	CHECK(sysconf(_SC_NPROCESSORS_ONLN) == (long)vcpu_count());
	arrived = 0;
	on_each(meet);
	CHECK(arrived == 20 * vcpu_count());
}

static volatile bool stop;
static unsigned int last_seen;

static void *report_vcpu(void *arg)
{
	while (!stop) {
		WRITE_ONCE(last_seen, this_vcpu() + 1);
		for (volatile int i = 0; i < 1000; i++)
			;
	}
	return NULL;
}

/* A running thread that is sent elsewhere goes there, and back. */
void test_affinity(void)
{
	cpu_set_t set, got;
	pthread_t thread;

	stop = false;
	CHECK(!pthread_create(&thread, NULL, report_vcpu, NULL));
	for (unsigned int i = 0; i < 3 * vcpu_count(); i++) {
		unsigned int vcpu = i % vcpu_count();

		set = only(vcpu);
		CHECK(!pthread_setaffinity_np(thread, sizeof(set), &set));
		CHECK(!pthread_getaffinity_np(thread, sizeof(got), &got));
		CHECK(CPU_EQUAL(&set, &got));
		while (READ_ONCE(last_seen) != vcpu + 1)
			usleep(1000);
		usleep(5000);
		CHECK(READ_ONCE(last_seen) == vcpu + 1);
	}
	stop = true;
	CHECK(!pthread_join(thread, NULL));
	CPU_ZERO(&set);
	CHECK(sched_setaffinity(0, sizeof(set), &set) == -1);
}

/* --- Timers ------------------------------------------------------------- */

struct shot {
	struct clock_timer timer;
	unsigned int vcpu, fired, misplaced;
	bool forbidden;
};

static struct shot shots[VCPUS_MAX];

static void shot_fire(struct clock_timer *timer)
{
	struct shot *shot = timer->arg;

	shot->fired++;
	if (this_vcpu() != shot->vcpu)
		shot->misplaced++;
	CHECK(!READ_ONCE(shot->forbidden));
	if (shot->fired % 8)
		timer_start(timer, clock_deadline(50 * NS_PER_US));
}

static void *shoot(void *vcpu)
{
	struct shot *shot = &shots[(uintptr_t)vcpu];

	stay_on((unsigned int)(uintptr_t)vcpu);
	*shot = (struct shot){ .vcpu = (unsigned int)(uintptr_t)vcpu };
	timer_init(&shot->timer, shot_fire, shot);
	timer_start(&shot->timer, clock_deadline(NS_PER_MS));
	while (READ_ONCE(shot->fired) < 8)
		usleep(1000);
	CHECK(!shot->misplaced);
	return NULL;
}

/* Stopped from another vcpu than it fires on, while it fires and starts itself again. */
static void stop_elsewhere(struct shot *shot)
{
	stay_on(0);
	timer_start(&shot->timer, clock_deadline(NS_PER_US));
	stay_on(vcpu_count() - 1);
	for (volatile unsigned int i = 0; i < shot->fired % 64 * 100; i++)
		;
	timer_stop(&shot->timer);
	WRITE_ONCE(shot->forbidden, true);
	for (volatile unsigned int i = 0; i < 1000; i++)
		;
	CHECK(!shot->timer.active);
	WRITE_ONCE(shot->forbidden, false);
}

void test_timers_everywhere(void)
{
	struct shot *shot = &shots[0];

	on_each(shoot);
	*shot = (struct shot){ .vcpu = 0 };
	timer_init(&shot->timer, shot_fire, shot);
	for (unsigned int i = 0; i < 300; i++)
		stop_elsewhere(shot);
	CHECK(!shot->misplaced);
	go_anywhere();
}

/* --- Registers ---------------------------------------------------------- */

static __thread uint64_t own;

/* Vector, x87 and control registers and thread-local variables, across switches and vcpus. */
static void *compute(void *arg)
{
	double x = (double)(uintptr_t)arg, sum;
	long double y = x;
	uint64_t rounds = 0;

	own = (uintptr_t)arg;
	while (!stop) {
		sum = 0;
		for (int i = 0; i < 500; i++) {
			sum += x;
			y = y * 1.0L;
		}
		if (sum != x * 500 || y != x || own != (uintptr_t)arg)
			return (void *)-1L;
		if (++rounds % 64 == 0)
			usleep(1);
	}
	return (void *)rounds;
}

void test_migration(void)
{
	enum { THREADS = 6 };
	pthread_t threads[THREADS];
	unsigned int seed = 1;
	void *rounds;

	stop = false;
	for (uintptr_t i = 0; i < THREADS; i++)
		CHECK(!pthread_create(&threads[i], NULL, compute, (void *)(i + 3)));
	for (unsigned int i = 0; i < 400; i++) {
		cpu_set_t set = only((unsigned int)rand_r(&seed) % vcpu_count());

		CHECK(!pthread_setaffinity_np(threads[i % THREADS], sizeof(set), &set));
		if (i % 8 == 0)
			usleep(500);
	}
	stop = true;
	for (unsigned int i = 0; i < THREADS; i++) {
		CHECK(!pthread_join(threads[i], &rounds));
		CHECK((long)rounds > 0);
	}
}

/* --- Translations ------------------------------------------------------- */

static uint64_t *window;
static uint64_t epoch; /* what the window's page holds; it is never read with an older one */
static unsigned int stale, looks;

static void *look(void *vcpu)
{
	stay_on((unsigned int)(uintptr_t)vcpu);
	while (!stop) {
		uint64_t before = READ_ONCE(epoch);

		if (before && READ_ONCE(*window) < before)
			__atomic_fetch_add(&stale, 1, __ATOMIC_RELAXED);
		__atomic_fetch_add(&looks, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

/* Two pages take turns behind one address; each carries the number of its turn. */
void test_shootdown(void)
{
	uint64_t *pages[2] = { page_alloc_zero(0), page_alloc_zero(0) };
	pthread_t threads[VCPUS_MAX];
	unsigned int n;

	window = vmap_reserve(1);
	CHECK(window && pages[0] && pages[1]);
	CHECK(!pte_set(window, pte_make(virt_to_mfn(pages[0]), PTE_RW)));
	stop = false;
	stale = looks = 0;
	epoch = 0;
	for (n = 0; n < vcpu_count(); n++)
		CHECK(!pthread_create(&threads[n], NULL, look, (void *)(uintptr_t)n));
	for (uint64_t turn = 1; turn <= 60; turn++) {
		unsigned int seen = READ_ONCE(looks);

		WRITE_ONCE(pages[turn % 2][0], turn);
		CHECK(!pte_set(window, pte_make(virt_to_mfn(pages[turn % 2]), PTE_RW)));
		WRITE_ONCE(epoch, turn);
		while (READ_ONCE(looks) == seen)
			thread_yield();
	}
	stop = true;
	for (n = 0; n < vcpu_count(); n++)
		CHECK(!pthread_join(threads[n], NULL));
	CHECK(!stale);
	vmap_unmap(window, 1);
	page_free(pages[0], 0);
	page_free(pages[1], 0);
}

/* --- Down and up -------------------------------------------------------- */

/* The others' threads go on on vcpu 0 while their vcpus are down, and go back afterwards. */
void test_restart(void)
{
	pthread_t threads[4];
	void *rounds;

	thread_set_affinity(thread_current(), VCPU_ONLY(0));
	stop = false;
	for (uintptr_t i = 0; i < ARRAY_SIZE(threads); i++)
		CHECK(!pthread_create(&threads[i], NULL, compute, (void *)(i + 3)));
	for (unsigned int i = 0; i < ARRAY_SIZE(threads); i++) {
		cpu_set_t set = only(i % vcpu_count());

		CHECK(!pthread_setaffinity_np(threads[i], sizeof(set), &set));
	}
	for (unsigned int i = 0; i < 5; i++) {
		usleep(3000);
		vcpu_stop_others();
		CHECK(vcpus_up() == VCPU_ONLY(0));
		usleep(3000);
		vcpu_start_others();
		CHECK(sysconf(_SC_NPROCESSORS_ONLN) == (long)vcpu_count());
	}
	stop = true;
	for (unsigned int i = 0; i < ARRAY_SIZE(threads); i++) {
		CHECK(!pthread_join(threads[i], &rounds));
		CHECK((long)rounds > 0);
	}
	go_anywhere();
}

/* --- Offline and back --------------------------------------------------- */

static unsigned int late_fires, port_events, port_vcpu;

static void late_fired(struct clock_timer *timer)
{
	__atomic_fetch_add(&late_fires, 1, __ATOMIC_RELAXED);
}

static void port_event(evtchn_port_t port, void *arg)
{
	WRITE_ONCE(port_vcpu, this_vcpu());
	__atomic_fetch_add(&port_events, 1, __ATOMIC_SEQ_CST);
}

static void wait_until_up(vcpu_mask_t mask)
{
	while (vcpus_up() != mask)
		usleep(500);
}

/* Which vcpu serves the next event of `port`, whose other end is `from`. */
static unsigned int who_serves(evtchn_port_t from)
{
	unsigned int before = READ_ONCE(port_events);

	evtchn_notify(from);
	while (READ_ONCE(port_events) == before)
		usleep(100);
	return port_vcpu;
}

/* What the last vcpu had, a thread, a timer, a port, is vcpu 0's while that is gone. */
void test_online(void)
{
	unsigned int last = vcpu_count() - 1;
	vcpu_mask_t all = vcpus_up();
	struct clock_timer timer;
	pthread_t thread;
	cpu_set_t set = only(last);
	void *rounds;
	int port, from;

	if (!last)
		return;
	port = evtchn_alloc_unbound(DOMID_SELF, port_event, NULL);
	from = evtchn_bind_interdomain(DOMID_SELF, (evtchn_port_t)port, port_event, NULL);
	CHECK(port > 0 && from > 0);
	CHECK(!evtchn_set_vcpu((evtchn_port_t)port, last));
	CHECK(who_serves((evtchn_port_t)from) == last);
	stop = false;
	CHECK(!pthread_create(&thread, NULL, compute, (void *)7));
	CHECK(!pthread_setaffinity_np(thread, sizeof(set), &set));
	late_fires = 0;
	timer_init(&timer, late_fired, NULL);
	for (unsigned int i = 0; i < 5; i++) {
		stay_on(last);
		timer_start(&timer, clock_deadline(20 * NS_PER_MS));
		stay_on(0);
		vcpus_want(VCPU_ANY & ~VCPU_ONLY(last));
		wait_until_up(all & ~VCPU_ONLY(last));
		CHECK(sysconf(_SC_NPROCESSORS_ONLN) == (long)last);
		CHECK(who_serves((evtchn_port_t)from) == 0);
		while (READ_ONCE(late_fires) <= i)
			usleep(500);
		if (i == 2) /* it is chosen while it is gone */
			CHECK(!evtchn_set_vcpu((evtchn_port_t)port, 0) &&
			      !evtchn_set_vcpu((evtchn_port_t)port, last));
		vcpus_want(VCPU_ANY);
		wait_until_up(all);
		while (who_serves((evtchn_port_t)from) != last)
			; /* its ports come once it is up */
	}
	stop = true;
	CHECK(!pthread_join(thread, &rounds));
	CHECK((long)rounds > 0 && late_fires == 5);
	evtchn_unbind((evtchn_port_t)from);
	evtchn_unbind((evtchn_port_t)port);
	go_anywhere();
}
