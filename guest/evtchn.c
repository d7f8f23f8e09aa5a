/* SPDX-License-Identifier: MIT */
/*
 * Event channels, two-level ABI: a selector word per vcpu tells which of 64 words have pending
 * ports, each of those words which ports. The bit of a port is cleared before its handler is
 * called: an event that comes meanwhile sets it again, and the selector, and is served in the
 * next round.
 *
 * Xen and we go through the three levels in opposite directions, which is why nothing is lost:
 *
 *	Xen, on an event	upcall_run
 *	1. pending bit		3. pending bits
 *	2. selector bit		2. selector
 *	3. upcall_pending	1. upcall_pending
 *
 * If Xen is between any two of its steps while we pass, it has not yet done the later one, and that
 * makes us come again. At worst we come for nothing.
 *
 * Each vcpu has a selector of its own, and the words are common: so a vcpu serves those ports of a
 * word only that are its own, or a port's handler could run on two vcpus at once.
 */
#include "guest/console.h"
#include "guest/cpu.h"
#include "guest/evtchn.h"
#include "guest/hypercall.h"
#include "guest/init.h"
#include "guest/irq.h"
#include "guest/page.h"
#include "guest/spinlock.h"
#include "guest/start.h"
#include "lib/bitops.h"
#include "lib/string.h"

#define PORTS       EVTCHN_2L_NR_CHANNELS
#define CHUNK_PORTS 256 /* handlers of so many fill a page */

struct binding {
	evtchn_handler_t fn;
	void *arg;
};

static SPINLOCK(lock);
static SPINLOCK(owners); /* which vcpu a port has, beside vcpus that go and come */

/* Set with the lock, read without: a chunk stays once it is there. */
static struct binding *chunks[PORTS / CHUNK_PORTS];

static struct binding *binding_of(evtchn_port_t port)
{
	struct binding *chunk = port < PORTS ? READ_ONCE(chunks[port / CHUNK_PORTS]) : NULL;

	return chunk ? &chunk[port % CHUNK_PORTS] : NULL;
}

uint64_t evtchn_count(void)
{
	struct cpu *cpu;
	uint64_t served = 0;
	unsigned int n;

	for_each_cpu(cpu, n)
		served += READ_ONCE(cpu->served);
	return served;
}

/* --- The upcall --------------------------------------------------------- */

/* Ports are masked until they have a handler, so only a stray event comes here; once. */
static void serve_unbound(evtchn_port_t port)
{
	evtchn_mask(port);
	console_print("evtchn: event on port %u, which has no handler\n", port);
}

/*
 * Locked, hence a barrier: what the sender wrote before is visible to the handler; and
 * evtchn_detach sees that the port is being served, or the handler is gone before it is read here.
 */
static void serve_port(struct cpu *cpu, evtchn_port_t port)
{
	struct binding *binding = binding_of(port);
	evtchn_handler_t fn;

	WRITE_ONCE(cpu->serving, port);
	bit_clear(shared_info.evtchn_pending, port);
	fn = binding ? READ_ONCE(binding->fn) : NULL;
	if (likely(fn)) {
		cpu->served++;
		fn(port, binding->arg);
	} else {
		serve_unbound(port);
	}
	WRITE_ONCE(cpu->serving, 0);
}

static void serve_word(struct cpu *cpu, unsigned int word)
{
	unsigned long ready = READ_ONCE(shared_info.evtchn_pending[word]) &
			      ~READ_ONCE(shared_info.evtchn_mask[word]) &
			      READ_ONCE(cpu->ports[word]);

	while (ready) {
		unsigned int bit = bits_lowest(ready);

		ready &= ready - 1;
		/* A handler of this round may have masked it. */
		if (likely(!bit_test(&shared_info.evtchn_mask[word], bit)))
			serve_port(cpu, word * BITS_PER_LONG + bit);
	}
}

static inline unsigned long rotate_right(unsigned long value, unsigned int by)
{
	return value >> (by % BITS_PER_LONG) | value << (-by % BITS_PER_LONG);
}

/*
 * The scan begins behind the word that was served last, so that busy ports in low words do not
 * always go first. Within a round every port is served once.
 */
void upcall_run(void)
{
	struct cpu *cpu = cpu_self();

	do {
		unsigned int start = cpu->next_word;
		unsigned long words;

		/* In this order: Xen sets the selector first, then this flag. */
		WRITE_ONCE(cpu->info.evtchn_upcall_pending, 0);
		words = __atomic_exchange_n(&cpu->info.evtchn_pending_sel, 0, __ATOMIC_SEQ_CST);
		words = rotate_right(words, start);
		while (words) {
			unsigned int word = (start + bits_lowest(words)) % BITS_PER_LONG;

			words &= words - 1;
			serve_word(cpu, word);
			cpu->next_word = (word + 1) % BITS_PER_LONG;
		}
	} while (READ_ONCE(cpu->info.evtchn_upcall_pending));
}

void upcall_run_preempt(void)
{
	upcall_run();
	if (unlikely(cpu_self()->need_resched))
		sched_preempt();
}

/*
 * The same as an upcall, without Xen: for what became pending while upcalls were masked. A call,
 * so the caller has nothing in vector registers.
 */
void irq_force_upcall(void)
{
	do {
		irq_mask();
		upcall_run();
		if (cpu_self()->need_resched)
			sched_yield_cpu();
		irq_unmask_only();
	} while (irq_pending());
}

/* --- Ports -------------------------------------------------------------- */

static bool chunk_make(evtchn_port_t port)
{
	struct binding **chunk = &chunks[port / CHUNK_PORTS];
	unsigned long flags = spin_lock_save(&lock);

	if (!*chunk)
		WRITE_ONCE(*chunk, page_alloc_zero(0));
	spin_unlock_restore(&lock, flags);
	return *chunk;
}

/* Which vcpu serves a port. Ports nobody has chosen for are vcpu 0's, as they are for Xen. */
static void port_assign(evtchn_port_t port, const struct cpu *owner)
{
	struct cpu *cpu;
	unsigned int n;

	for_each_cpu(cpu, n) {
		if (cpu != owner)
			bit_clear(cpu->ports, port);
		else
			bit_set(cpu->ports, port);
		bit_clear(cpu->home, port);
	}
}

/* The port is unmasked last, so that its first event finds handler and argument. */
static int attach_on(struct cpu *cpu, evtchn_port_t port, evtchn_handler_t fn, void *arg)
{
	if (!port || port >= PORTS)
		return -EINVAL;
	if (!chunk_make(port))
		return -ENOMEM;
	port_assign(port, cpu);
	binding_of(port)->arg = arg;
	__atomic_store_n(&binding_of(port)->fn, fn, __ATOMIC_RELEASE);
	evtchn_unmask(port);
	return 0;
}

int evtchn_attach(evtchn_port_t port, evtchn_handler_t fn, void *arg)
{
	return attach_on(cpus[0], port, fn, arg);
}

static void port_close(evtchn_port_t port)
{
	struct evtchn_close close = { .port = port };

	hypercall_event_channel_op(EVTCHNOP_close, &close);
}

/* Attach to a port that was just made; it is closed again if that fails. */
static int attach_new(struct cpu *cpu, evtchn_port_t port, evtchn_handler_t fn, void *arg)
{
	int err = attach_on(cpu, port, fn, arg);

	if (err) {
		port_close(port);
		return err;
	}
	return (int)port;
}

int evtchn_bind_interdomain(domid_t remote, evtchn_port_t remote_port, evtchn_handler_t fn,
			    void *arg)
{
	struct evtchn_bind_interdomain op = { .remote_dom = remote, .remote_port = remote_port };
	long err = hypercall_event_channel_op(EVTCHNOP_bind_interdomain, &op);

	return err ? (int)err : attach_new(cpus[0], op.local_port, fn, arg);
}

int evtchn_alloc_for(domid_t dom, domid_t remote)
{
	struct evtchn_alloc_unbound op = { .dom = dom, .remote_dom = remote };
	long err = hypercall_event_channel_op(EVTCHNOP_alloc_unbound, &op);

	return err ? (int)err : (int)op.port;
}

int evtchn_alloc_unbound(domid_t remote, evtchn_handler_t fn, void *arg)
{
	int port = evtchn_alloc_for(DOMID_SELF, remote);

	return port < 0 ? port : attach_new(cpus[0], (evtchn_port_t)port, fn, arg);
}

int evtchn_bind_virq_on(struct cpu *cpu, unsigned int virq, evtchn_handler_t fn, void *arg)
{
	struct evtchn_bind_virq op = { .virq = virq, .vcpu = cpu->id };
	long err = hypercall_event_channel_op(EVTCHNOP_bind_virq, &op);

	return err ? (int)err : attach_new(cpu, op.port, fn, arg);
}

int evtchn_bind_virq(unsigned int virq, evtchn_handler_t fn, void *arg)
{
	return evtchn_bind_virq_on(cpus[0], virq, fn, arg);
}

int evtchn_bind_ipi(struct cpu *cpu, evtchn_handler_t fn, void *arg)
{
	struct evtchn_bind_ipi op = { .vcpu = cpu->id };
	long err = hypercall_event_channel_op(EVTCHNOP_bind_ipi, &op);

	return err ? (int)err : attach_new(cpu, op.port, fn, arg);
}

int evtchn_bind_pirq(unsigned int pirq, bool share, evtchn_handler_t fn, void *arg)
{
	struct evtchn_bind_pirq op = { .pirq = pirq, .flags = share ? BIND_PIRQ__WILL_SHARE : 0 };
	long err = hypercall_event_channel_op(EVTCHNOP_bind_pirq, &op);

	return err ? (int)err : attach_new(cpus[0], op.port, fn, arg);
}

/*
 * Masked meanwhile: an event that comes in between stays pending, and unmasking delivers it to the
 * vcpu that the port has by then.
 */
static int move(evtchn_port_t port, unsigned int vcpu)
{
	struct evtchn_bind_vcpu op = { .port = port, .vcpu = vcpu };
	bool masked;
	long err;

	masked = bit_test_and_set(shared_info.evtchn_mask, port);
	err = hypercall_event_channel_op(EVTCHNOP_bind_vcpu, &op);
	if (!err)
		port_assign(port, cpus[vcpu]);
	if (!masked)
		evtchn_unmask(port);
	return (int)err;
}

/* vcpu 0's while the one that was chosen is offline. */
int evtchn_set_vcpu(evtchn_port_t port, unsigned int vcpu)
{
	unsigned long flags;
	bool away;
	int err;

	if (port >= PORTS || vcpu >= vcpu_count())
		return -EINVAL;
	flags = spin_lock_save(&owners);
	away = vcpus_offline() & VCPU_ONLY(vcpu);
	err = move(port, away ? 0 : vcpu);
	if (!err && away)
		bit_set(cpus[vcpu]->home, port);
	spin_unlock_restore(&owners, flags);
	return err;
}

/* Xen moves no port that is a vcpu's by its nature: its timer, and the calls of others. */
void evtchn_leave(struct cpu *cpu)
{
	unsigned long flags = spin_lock_save(&owners), port;

	bitmap_for_each(port, cpu->ports, PORTS)
		if (!move((evtchn_port_t)port, 0))
			bit_set(cpu->home, port);
	spin_unlock_restore(&owners, flags);
}

void evtchn_return(struct cpu *cpu)
{
	unsigned long flags = spin_lock_save(&owners), port;

	bitmap_for_each(port, cpu->home, PORTS)
		move((evtchn_port_t)port, cpu->id);
	spin_unlock_restore(&owners, flags);
}

/* A handler that detaches its own port need not wait for itself. */
static void wait_served(evtchn_port_t port)
{
	unsigned long flags = irq_save();
	struct cpu *cpu;
	unsigned int n;

	for_each_cpu(cpu, n)
		while (cpu != cpu_self() && READ_ONCE(cpu->serving) == port)
			cpu_relax();
	irq_restore(flags);
}

void evtchn_detach(evtchn_port_t port)
{
	struct binding *binding = binding_of(port);

	evtchn_mask(port);
	if (!binding)
		return;
	__atomic_store_n(&binding->fn, NULL, __ATOMIC_SEQ_CST);
	wait_served(port);
}

void evtchn_unbind(evtchn_port_t port)
{
	evtchn_detach(port);
	port_close(port);
}

void evtchn_mask(evtchn_port_t port)
{
	if (port < PORTS)
		bit_set(shared_info.evtchn_mask, port);
}

/*
 * Xen looks at the mask when an event comes, not when the mask goes: an event that came while
 * masked is passed on here, as Xen would have done, if it is for this vcpu. Else Xen does both.
 */
void evtchn_unmask(evtchn_port_t port)
{
	struct evtchn_unmask op = { .port = port };
	unsigned long flags;
	struct cpu *cpu;

	if (port >= PORTS)
		return;
	flags = irq_save();
	cpu = cpu_self();
	if (!bit_test(cpu->ports, port)) {
		hypercall_event_channel_op(EVTCHNOP_unmask, &op);
	} else {
		bit_clear(shared_info.evtchn_mask, port);
		if (bit_test(shared_info.evtchn_pending, port)) {
			bit_set(&cpu->info.evtchn_pending_sel, port / BITS_PER_LONG);
			WRITE_ONCE(cpu->info.evtchn_upcall_pending, 1);
		}
	}
	irq_restore(flags);
}

int evtchn_notify(evtchn_port_t port)
{
	struct evtchn_send send = { .port = port };

	return (int)hypercall_event_channel_op(EVTCHNOP_send, &send);
}

int evtchn_status(evtchn_port_t port, struct evtchn_status *status)
{
	status->dom = DOMID_SELF;
	status->port = port;
	return (int)hypercall_event_channel_op(EVTCHNOP_status, status);
}

/* Every port is masked until it has a handler, and vcpu 0's. */
void evtchn_init(void)
{
	unsigned int word;

	for (word = 0; word < ARRAY_SIZE(shared_info.evtchn_mask); word++) {
		WRITE_ONCE(shared_info.evtchn_mask[word], ~0UL);
		WRITE_ONCE(cpus[0]->ports[word], ~0UL);
	}
}

/* In a new domain no port is what it was. Who had a peer finds it anew. */
void evtchn_resume(void)
{
	struct cpu *cpu;
	unsigned int n;

	for (n = 0; n < ARRAY_SIZE(chunks); n++)
		if (chunks[n])
			memset(chunks[n], 0, PAGE_SIZE);
	for_each_cpu(cpu, n) {
		memset(cpu->ports, 0, sizeof(cpu->ports));
		memset(cpu->home, 0, sizeof(cpu->home));
	}
	evtchn_init();
}
