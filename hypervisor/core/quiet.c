/* SPDX-License-Identifier: MIT */
#include "quiet.h"

static struct {
	spinlock_t lock; /* guards the list and all in it */
	struct quiet *first;
} waiting = { .lock = SPINLOCK(LOCK_QUIET) };
LOCK_NAMED(waiting.lock, quiet);

void quiet_call(struct quiet *q, void (*fn)(struct quiet *q))
{
	unsigned i;

	if (nr_cpus == 1) {
		fn(q);
		return;
	}
	q->fn = fn;
	q->busy = nr_cpus < 64 ? BIT(nr_cpus) - 1 : ~0UL;
	spin_lock(&waiting.lock);
	q->next = waiting.first;
	waiting.first = q;
	spin_unlock(&waiting.lock);
	for (i = 0; i < nr_cpus; i++) {
		cpu_work(cpus[i], WORK_QUIET);
		cpu_kick(cpus[i]);
	}
}

/* The work's bit goes before the list is looked at: who joins it later sets the bit again. */
void quiet_pass(struct cpu *c)
{
	struct quiet **at, *q, *over = NULL;

	__atomic_and_fetch(&c->work, ~WORK_QUIET, __ATOMIC_SEQ_CST);
	spin_lock(&waiting.lock);
	for (at = &waiting.first; (q = *at) != NULL;) {
		q->busy &= ~BIT(c->id);
		if (q->busy) {
			at = &q->next;
			continue;
		}
		*at = q->next;
		q->next = over;
		over = q;
	}
	spin_unlock(&waiting.lock);
	while ((q = over) != NULL) {
		over = q->next;
		q->fn(q);
	}
}
