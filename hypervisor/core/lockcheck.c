/* SPDX-License-Identifier: MIT */
/*
 * The order of locks, looked at whenever one is taken: in build/lamina-checked only, which is
 * compiled with LOCKCHECK=1. Each processor keeps a list of what it holds.
 */
#include "console.h"
#include "cpu.h"

#define HELD_MAX 8

static struct {
	const spinlock_t *lock[HELD_MAX];
	unsigned n;
} held[MAX_CPUS];

static NORETURN void wrong(const char *what, const spinlock_t *l)
{
	unsigned id = this_cpu()->id, i;

	held[id].n = MIN(held[id].n, (unsigned)HELD_MAX);
	for (i = 0; i < held[id].n; i++)
		printk(LOG_ERR, "holds class %u at %lx", held[id].lock[i]->class,
		       (unsigned long)held[id].lock[i]);
	panic("lock of class %u at %lx: %s", l ? l->class : 0u, (unsigned long)l, what);
}

void lockcheck_take(const spinlock_t *l, bool wait)
{
	unsigned id = this_cpu()->id, i;

	if (l->class == LOCK_NONE)
		wrong("has no class", l);
	for (i = 0; i < held[id].n; i++) {
		const spinlock_t *h = held[id].lock[i];

		if (h == l)
			wrong("is held", l);
		if (wait && (h->class > l->class ||
			     (h->class == l->class && (l->class != LOCK_EVTCHN || h > l))))
			wrong("is out of order", l);
	}
	if (held[id].n == HELD_MAX)
		wrong("is one too many", l);
	held[id].lock[held[id].n++] = l;
}

void lockcheck_give(const spinlock_t *l)
{
	unsigned id = this_cpu()->id, i;

	for (i = 0; i < held[id].n && held[id].lock[i] != l; i++)
		;
	if (i == held[id].n)
		wrong("is given up and was not held", l);
	held[id].lock[i] = held[id].lock[--held[id].n];
}

void lockcheck_none(void)
{
	if (held[this_cpu()->id].n)
		wrong("was kept beyond an operation", held[this_cpu()->id].lock[0]);
}
