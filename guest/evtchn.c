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
 */
#include "guest/console.h"
#include "guest/evtchn.h"
#include "guest/hypercall.h"
#include "guest/init.h"
#include "guest/irq.h"
#include "guest/page.h"
#include "guest/start.h"
#include "guest/thread.h"
#include "lib/bitops.h"

#define PORTS       EVTCHN_2L_NR_CHANNELS
#define CHUNK_PORTS 256 /* handlers of so many fill a page */

struct binding {
	evtchn_handler_t fn;
	void *arg;
};

/* With upcalls masked; chunks stay once they are there. */
static struct binding *chunks[PORTS / CHUNK_PORTS];
static unsigned int next_word; /* where the next scan begins: no word is always the last */
static uint64_t served;

static struct binding *binding_of(evtchn_port_t port)
{
	struct binding *chunk = port < PORTS ? chunks[port / CHUNK_PORTS] : NULL;

	return chunk ? &chunk[port % CHUNK_PORTS] : NULL;
}

uint64_t evtchn_count(void)
{
	return READ_ONCE(served);
}

/* --- The upcall --------------------------------------------------------- */

/* Ports are masked until they have a handler, so only a stray event comes here; once. */
static void serve_unbound(evtchn_port_t port)
{
	evtchn_mask(port);
	console_print("evtchn: event on port %u, which has no handler\n", port);
}

static void serve_word(unsigned int word)
{
	unsigned long ready = READ_ONCE(shared_info.evtchn_pending[word]) &
			      ~READ_ONCE(shared_info.evtchn_mask[word]);

	while (ready) {
		unsigned int bit = bits_lowest(ready);
		evtchn_port_t port = word * BITS_PER_LONG + bit;
		struct binding *binding = binding_of(port);

		ready &= ready - 1;
		/* A handler of this round may have masked it. */
		if (unlikely(bit_test(&shared_info.evtchn_mask[word], bit)))
			continue;
		/*
		 * Locked, hence a barrier: what the sender wrote before is visible to the
		 * handler.
		 */
		bit_clear(&shared_info.evtchn_pending[word], bit);
		if (likely(binding && binding->fn)) {
			served++;
			binding->fn(port, binding->arg);
		} else {
			serve_unbound(port);
		}
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
	do {
		unsigned int start = next_word;
		unsigned long words;

		/* In this order: Xen sets the selector first, then this flag. */
		WRITE_ONCE(this_vcpu_info->evtchn_upcall_pending, 0);
		words = __atomic_exchange_n(&this_vcpu_info->evtchn_pending_sel, 0,
					    __ATOMIC_SEQ_CST);
		words = rotate_right(words, start);
		while (words) {
			unsigned int word = (start + bits_lowest(words)) % BITS_PER_LONG;

			words &= words - 1;
			serve_word(word);
			next_word = (word + 1) % BITS_PER_LONG;
		}
	} while (READ_ONCE(this_vcpu_info->evtchn_upcall_pending));
}

void upcall_run_preempt(void)
{
	upcall_run();
	if (unlikely(this_cpu.need_resched))
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
		if (this_cpu.need_resched)
			sched_yield_cpu();
		WRITE_ONCE(this_vcpu_info->evtchn_upcall_mask, 0);
		barrier();
	} while (READ_ONCE(this_vcpu_info->evtchn_upcall_pending));
}

/* --- Ports -------------------------------------------------------------- */

/*
 * The look for a chunk and its making are one step: another thread may want the same one. The
 * port is unmasked last, so that its first event finds handler and argument.
 */
int evtchn_attach(evtchn_port_t port, evtchn_handler_t fn, void *arg)
{
	unsigned long flags;
	bool bound;

	if (!port || port >= PORTS)
		return -EINVAL;
	flags = irq_save();
	if (!chunks[port / CHUNK_PORTS])
		chunks[port / CHUNK_PORTS] = page_alloc_zero(0);
	bound = chunks[port / CHUNK_PORTS];
	if (bound)
		*binding_of(port) = (struct binding){ .fn = fn, .arg = arg };
	irq_restore(flags);
	if (!bound)
		return -ENOMEM;
	evtchn_unmask(port);
	return 0;
}

static void port_close(evtchn_port_t port)
{
	struct evtchn_close close = { .port = port };

	hypercall_event_channel_op(EVTCHNOP_close, &close);
}

/* Attach to a port that was just made; it is closed again if that fails. */
static int attach_new(evtchn_port_t port, evtchn_handler_t fn, void *arg)
{
	int err = evtchn_attach(port, fn, arg);

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

	return err ? (int)err : attach_new(op.local_port, fn, arg);
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

	return port < 0 ? port : attach_new((evtchn_port_t)port, fn, arg);
}

int evtchn_bind_virq(unsigned int virq, evtchn_handler_t fn, void *arg)
{
	struct evtchn_bind_virq op = { .virq = virq, .vcpu = 0 };
	long err = hypercall_event_channel_op(EVTCHNOP_bind_virq, &op);

	return err ? (int)err : attach_new(op.port, fn, arg);
}

int evtchn_bind_pirq(unsigned int pirq, bool share, evtchn_handler_t fn, void *arg)
{
	struct evtchn_bind_pirq op = { .pirq = pirq, .flags = share ? BIND_PIRQ__WILL_SHARE : 0 };
	long err = hypercall_event_channel_op(EVTCHNOP_bind_pirq, &op);

	return err ? (int)err : attach_new(op.port, fn, arg);
}

int evtchn_set_vcpu(evtchn_port_t port, unsigned int vcpu)
{
	struct evtchn_bind_vcpu op = { .port = port, .vcpu = vcpu };

	return (int)hypercall_event_channel_op(EVTCHNOP_bind_vcpu, &op);
}

void evtchn_detach(evtchn_port_t port)
{
	struct binding *binding = binding_of(port);
	unsigned long flags;

	evtchn_mask(port);
	if (!binding)
		return;
	flags = irq_save();
	binding->fn = NULL;
	irq_restore(flags);
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
 * masked is passed on here, as Xen would have done.
 */
void evtchn_unmask(evtchn_port_t port)
{
	unsigned long flags;

	if (port >= PORTS)
		return;
	flags = irq_save();
	bit_clear(shared_info.evtchn_mask, port);
	if (bit_test(shared_info.evtchn_pending, port)) {
		bit_set(&this_vcpu_info->evtchn_pending_sel, port / BITS_PER_LONG);
		WRITE_ONCE(this_vcpu_info->evtchn_upcall_pending, 1);
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

/* Every port is masked until it has a handler. */
void evtchn_init(void)
{
	unsigned int word;

	for (word = 0; word < ARRAY_SIZE(shared_info.evtchn_mask); word++)
		WRITE_ONCE(shared_info.evtchn_mask[word], ~0UL);
}
