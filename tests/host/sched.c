/* SPDX-License-Identifier: MIT */
/*
 * The arithmetic of the schedulers: shares by weight, caps, deadlines and budgets.
 * uses: hypervisor/core/sched_share.c hypervisor/core/sched_edf.c
 */
#include "hypervisor/include/sched_edf.h"
#include "hypervisor/include/sched_share.h"
#include "tests/host/check.h"

#define MS 1000000UL

/* Within a test, which main tells of. */
#define HOLDS(condition)                                \
	do {                                            \
		if (!(condition))                       \
			CHECK(__func__, condition);     \
	} while (0)

/* --- credit ---------------------------------------------------------------------------------- */

/* Whoever is behind runs a slice: after a while times are as weights. */
static void test_weights(void)
{
	static const uint32_t weight[] = { 1, 256, 512, 65535 };
	uint64_t virtual[4] = { 0 }, ran[4] = { 0 };

	for (int i = 0; i < 2000000; i++) {
		int first = 0;

		for (int j = 1; j < 4; j++)
			if (virtual[j] < virtual[first])
				first = j;
		ran[first] += MS;
		virtual[first] += share_virtual(MS, weight[first]);
	}
	HOLDS(ran[2] > ran[1] * 199 / 100 && ran[2] < ran[1] * 201 / 100);
	HOLDS(ran[3] > ran[1] * 253 && ran[3] < ran[1] * 259);
	HOLDS(ran[0] > 0);
	HOLDS(share_virtual(MS, SHARE_WEIGHT) == MS);
}

static void test_join(void)
{
	HOLDS(share_join(0, 100 * MS, 10 * MS) == 90 * MS);
	HOLDS(share_join(95 * MS, 100 * MS, 10 * MS) == 95 * MS);
	HOLDS(share_join(1000 * MS, 100 * MS, 10 * MS) == (100 + SHARE_DEBT * 10) * MS);
	HOLDS(share_join(0, 5 * MS, 10 * MS) == 0);
}

/* A busy one that runs as long as it may, and rests as long as it must, gets its percentage. */
static uint64_t run_capped(uint32_t percent, uint64_t over, uint64_t span)
{
	struct share_cap cap;
	uint64_t now = 7 * MS, end = now + span, ran = 0;
	int64_t left;

	share_cap_begin(&cap, percent, now);
	while (now < end) {
		left = share_cap_left(&cap, percent, now);
		if (left <= 0) {
			HOLDS(share_cap_again(&cap, percent) > now);
			now = share_cap_again(&cap, percent);
			HOLDS(share_cap_left(&cap, percent, now) > 0);
			continue;
		}
		share_cap_use(&cap, (uint64_t)left + over);
		ran += (uint64_t)left + over;
		now += (uint64_t)left + over;
	}
	return ran;
}

static void test_cap(void)
{
	uint64_t span = 100000 * MS, ran;

	for (uint32_t percent = 1; percent <= 100; percent += 11) {
		ran = run_capped(percent, 0, span);
		HOLDS(ran + 10 * MS >= span * percent / 100);
		HOLDS(ran <= span * percent / 100 + 10 * MS);
		/* Slices that end late are paid for. */
		ran = run_capped(percent, MS / 3, span);
		HOLDS(ran <= span * percent / 100 + 11 * MS);
	}
}

/* What was not used is lost; what was owed is paid, however long ago. */
static void test_cap_idle(void)
{
	struct share_cap cap;

	share_cap_begin(&cap, 30, 0);
	HOLDS(share_cap_left(&cap, 30, 0) == 3 * (long)MS);
	HOLDS(share_cap_left(&cap, 30, 1000000000 * MS) == 3 * (long)MS);
	share_cap_use(&cap, 10 * MS);
	HOLDS(share_cap_left(&cap, 30, 1000000000 * MS) == -7 * (long)MS);
	HOLDS(share_cap_again(&cap, 30) == (1000000000 + 30) * MS);
	HOLDS(share_cap_left(&cap, 30, (1000000000 + 10) * MS) == -4 * (long)MS);
	HOLDS(share_cap_left(&cap, 30, (1000000000 + 30) * MS) == 2 * (long)MS);
	HOLDS(share_cap_left(&cap, 30, (1000000000 + 40) * MS) == 3 * (long)MS);
	share_cap_use(&cap, 1UL << 60);
	HOLDS(share_cap_left(&cap, 30, ~0UL >> 1) == 3 * (long)MS);
}

/* --- rtds ------------------------------------------------------------------------------------ */

static void test_order(void)
{
	struct edf a, b;

	edf_init(&a, 10 * MS, 4 * MS, true);
	edf_init(&b, 20 * MS, 5 * MS, false);
	edf_replenish(&a, 100 * MS);
	edf_replenish(&b, 100 * MS);
	HOLDS(a.deadline == 110 * MS && b.deadline == 120 * MS);
	HOLDS(edf_before(&a, &b) && !edf_before(&b, &a) && !edf_before(&a, &a));
	HOLDS(edf_until(&a, 100 * MS) == 104 * MS);
	HOLDS(edf_until(&a, 108 * MS) == 110 * MS);
	HOLDS(edf_use(&a, 3 * MS) && edf_before(&a, &b));
	/* Beyond its budget it goes behind everybody who has one. */
	HOLDS(edf_use(&a, MS) && a.extra_used == 1 && edf_before(&b, &a));
	HOLDS(edf_use(&b, 4 * MS) && !edf_use(&b, MS));
	/* Its next period, on the same grid, with the whole budget. */
	edf_replenish(&a, 109 * MS);
	HOLDS(a.extra_used == 1);
	edf_replenish(&a, 110 * MS);
	HOLDS(a.extra_used == 0 && a.deadline == 120 * MS && a.left == 4 * (long)MS);
	edf_replenish(&a, 155 * MS);
	HOLDS(a.deadline == 160 * MS);
}

/* Deferrable: a budget that is used late is used in full. */
static void test_deferred(void)
{
	struct edf e;

	edf_init(&e, 10 * MS, 4 * MS, false);
	edf_replenish(&e, 0);
	edf_replenish(&e, 6 * MS);
	HOLDS(edf_until(&e, 6 * MS) == 10 * MS);
	HOLDS(!edf_use(&e, 4 * MS));
}

#define SERVERS 4

/* The first of those that have something left; -1: none. */
static int first_of(const struct edf *e)
{
	int first = -1;

	for (int i = 0; i < SERVERS; i++)
		if (e[i].left > 0 && (first < 0 || edf_before(&e[i], &e[first])))
			first = i;
	return first;
}

/* One processor, all of them always busy, their budgets 100 % together: none misses a deadline. */
static void test_deadlines(void)
{
	static const uint64_t period[SERVERS] = { 10, 20, 40, 25 };
	static const uint64_t budget[SERVERS] = { 4, 5, 6, 5 };
	struct edf e[SERVERS];
	uint64_t now = 0, until;
	int run;

	for (int i = 0; i < SERVERS; i++) {
		edf_init(&e[i], period[i] * MS, budget[i] * MS, i == 3);
		edf_replenish(&e[i], 1);
	}
	for (now = 1; now < 60000 * MS; now = until) {
		run = first_of(e);
		until = run < 0 ? now + MS : edf_until(&e[run], now);
		for (int i = 0; i < SERVERS; i++)
			until = MIN(until, e[i].deadline);
		if (run >= 0 && !edf_use(&e[run], until - now))
			e[run].left = 0;
		for (int i = 0; i < SERVERS; i++) {
			if (until >= e[i].deadline)
				HOLDS(e[i].extra_used || e[i].left <= 0);
			edf_replenish(&e[i], until);
		}
	}
}

int main(void)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} tests[] = {
		{ "times are as weights", test_weights },
		{ "who joins brings little with it", test_join },
		{ "a cap holds", test_cap },
		{ "a cap forgets what was not used, and no debt", test_cap_idle },
		{ "the earliest deadline goes first, extra time last", test_order },
		{ "a budget is deferrable", test_deferred },
		{ "all of the processor can be promised", test_deadlines },
	};

	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		int before = failures;

		tests[i].run();
		CHECK(tests[i].name, failures == before);
	}
	return failures != 0;
}
