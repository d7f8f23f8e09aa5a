/* SPDX-License-Identifier: MIT */
/*
 * One processor calls, the others come: by the interrupt, which reaches those that run a guest or
 * halt, or out of the loop in which they wait for something (cpu_serve). So everybody comes: who is
 * in an operation ends it or waits in it. While they are here they serve flushes, for which the
 * operations of those still under way may wait.
 *
 * rendezvous_round is odd while processors are called. Counts go on from call to call, so that one
 * who leaves late does not see the next call's.
 */
#include "rendezvous.h"
#include "local.h"

static struct {
	uint32_t called;   /* somebody calls: others that want to wait */
	uint32_t arrived;  /* atomic; not the caller */
	uint32_t left;     /* atomic; the caller too */
	uint32_t left_end; /* `left` when all are through */
	struct rendezvous what;
} meeting;

uint32_t rendezvous_round; /* stored last: all of `meeting` stands before */

static uint32_t load(const uint32_t *n)
{
	return __atomic_load_n(n, __ATOMIC_SEQ_CST);
}

static void finish(uint32_t end)
{
	if (meeting.what.each)
		meeting.what.each(meeting.what.arg);
	__atomic_add_fetch(&meeting.left, 1, __ATOMIC_SEQ_CST);
	while (load(&meeting.left) != end)
		tlb_serve();
}

void rendezvous_join(bool between)
{
	struct cpu *c = this_cpu();
	uint32_t round = load(&rendezvous_round), end;

	if (!(round & 1) || c->met == round || (meeting.what.between && !between))
		return;
	c->met = round;
	end = meeting.left_end;
	__atomic_add_fetch(&meeting.arrived, 1, __ATOMIC_SEQ_CST);
	while (load(&rendezvous_round) == round)
		tlb_serve();
	finish(end);
}

void rendezvous(const struct rendezvous *r)
{
	uint32_t end, arrive = nr_cpus - 1;
	unsigned i;

	while (__atomic_exchange_n(&meeting.called, 1, __ATOMIC_SEQ_CST)) {
		tlb_serve();
		rendezvous_join(true);
	}
	arrive += meeting.arrived;
	end = meeting.left_end = meeting.left + nr_cpus;
	meeting.what = *r;
	this_cpu()->met = rendezvous_round + 1;
	__atomic_add_fetch(&rendezvous_round, 1, __ATOMIC_SEQ_CST);
	for (i = 0; i < nr_cpus; i++)
		if (cpus[i] != this_cpu())
			apic_ipi(cpus[i]->apic_id, VECTOR_FLUSH);
	while (load(&meeting.arrived) != arrive)
		tlb_serve();
	if (r->once)
		r->once(r->arg);
	__atomic_add_fetch(&rendezvous_round, 1, __ATOMIC_SEQ_CST);
	finish(end);
	__atomic_store_n(&meeting.called, 0, __ATOMIC_SEQ_CST);
}
