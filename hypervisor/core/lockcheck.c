/* SPDX-License-Identifier: MIT */
/*
 * The order of locks, looked at whenever one is taken: in build/lamina-checked only, which is
 * compiled with LOCKCHECK=1. Each processor keeps a list of what it holds. Who drops a table's last
 * type ref and waits for its lock without taking it (pv/type.c) is not seen.
 */
#include "console.h"
#include "cpu.h"

#define HELD_MAX 8

/* By its address: a spin lock, or what the bit is part of. */
struct taken {
	const void *at;
	unsigned class;
};

static struct {
	struct taken lock[HELD_MAX];
	unsigned n;
} held[MAX_CPUS];

static NORETURN void wrong(const char *what, struct taken l)
{
	unsigned id = this_cpu()->id, i;

	held[id].n = MIN(held[id].n, (unsigned)HELD_MAX);
	for (i = 0; i < held[id].n; i++)
		printk(LOG_ERR, "holds class %u at %lx", held[id].lock[i].class,
		       (unsigned long)held[id].lock[i].at);
	panic("lock of class %u at %lx: %s", l.class, (unsigned long)l.at, what);
}

static bool in_order(struct taken h, struct taken l)
{
	if (h.class != l.class)
		return h.class < l.class;
	return l.class == LOCK_ACTIVE || (l.class == LOCK_EVTCHN && h.at < l.at);
}

void lockcheck_take_bit(enum lock_class class, const void *of, bool wait)
{
	struct taken l = { of, class };
	unsigned id = this_cpu()->id, i;

	if (class == LOCK_NONE)
		wrong("has no class", l);
	for (i = 0; i < held[id].n; i++) {
		if (held[id].lock[i].at == of)
			wrong("is held", l);
		if (wait && !in_order(held[id].lock[i], l))
			wrong("is out of order", l);
	}
	if (held[id].n == HELD_MAX)
		wrong("is one too many", l);
	held[id].lock[held[id].n++] = l;
}

void lockcheck_take(const spinlock_t *l, bool wait)
{
	lockcheck_take_bit(l->class, l, wait);
}

void lockcheck_give_bit(const void *of)
{
	unsigned id = this_cpu()->id, i;

	for (i = 0; i < held[id].n && held[id].lock[i].at != of; i++)
		;
	if (i == held[id].n)
		wrong("is given up and was not held", (struct taken){ of, LOCK_NONE });
	held[id].lock[i] = held[id].lock[--held[id].n];
}

void lockcheck_give(const spinlock_t *l)
{
	lockcheck_give_bit(l);
}

void lockcheck_none(void)
{
	if (held[this_cpu()->id].n)
		wrong("was kept beyond an operation", held[this_cpu()->id].lock[0]);
}
