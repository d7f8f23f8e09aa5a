/* SPDX-License-Identifier: MIT */
/* Event channels and time. Counts what arrives; who wants more sets trap_hook. */
#include "kit.h"

volatile ulong event_count[1024], upcall_count;

#define BITS 64

/* pending, then sel, then bits: cleared in the order in which the sender looks at them. */
void event_upcall(void)
{
	ulong words, bits;

	upcall_count++;
	vcpu->evtchn_upcall_pending = 0;
	words = __atomic_exchange_n(&vcpu->evtchn_pending_sel, 0, __ATOMIC_SEQ_CST);
	for (; words; words &= words - 1) {
		unsigned int word = __builtin_ctzl(words);

		bits = READ_ONCE(shared->evtchn_pending[word]) &
		       ~READ_ONCE(shared->evtchn_mask[word]);
		for (; bits; bits &= bits - 1) {
			unsigned int port = word * BITS + __builtin_ctzl(bits);

			event_clear(port);
			if (port < ARRAY_SIZE(event_count))
				event_count[port]++;
		}
	}
}

/* Any hypercall delivers what became pending while masked. */
void events_on(void)
{
	WRITE_ONCE(vcpu->evtchn_upcall_mask, 0);
	barrier();
	if (READ_ONCE(vcpu->evtchn_upcall_pending))
		hypercall_n(__HYPERVISOR_xen_version, 0, 0, 0, 0, 0);
}

void events_off(void)
{
	WRITE_ONCE(vcpu->evtchn_upcall_mask, 1);
	barrier();
}

bool event_pending(unsigned int port)
{
	return READ_ONCE(shared->evtchn_pending[port / BITS]) >> port % BITS & 1;
}

bool event_masked(unsigned int port)
{
	return READ_ONCE(shared->evtchn_mask[port / BITS]) >> port % BITS & 1;
}

void event_mask(unsigned int port)
{
	__atomic_or_fetch(&shared->evtchn_mask[port / BITS], 1UL << port % BITS, __ATOMIC_SEQ_CST);
}

void event_clear(unsigned int port)
{
	__atomic_and_fetch(&shared->evtchn_pending[port / BITS], ~(1UL << port % BITS),
			   __ATOMIC_SEQ_CST);
}

static unsigned int unmasked(unsigned int port)
{
	struct evtchn_unmask unmask = { .port = port };

	hypercall_n(__HYPERVISOR_event_channel_op, EVTCHNOP_unmask, (ulong)&unmask, 0, 0, 0);
	return port;
}

unsigned int event_alloc(domid_t domid, domid_t remote)
{
	struct evtchn_alloc_unbound alloc = { .dom = domid, .remote_dom = remote };
	long err = hypercall(event_channel_op, EVTCHNOP_alloc_unbound, &alloc);

	if (err)
		error("alloc_unbound: %ld", err);
	return domid == DOMID_SELF ? unmasked(alloc.port) : alloc.port;
}

unsigned int event_self(void)
{
	struct evtchn_bind_ipi bind = { .vcpu = 0 };
	long err = hypercall(event_channel_op, EVTCHNOP_bind_ipi, &bind);

	if (err)
		error("bind_ipi: %ld", err);
	return unmasked(bind.port);
}

unsigned int event_virq(unsigned int virq)
{
	struct evtchn_bind_virq bind = { .virq = virq };
	long err = hypercall(event_channel_op, EVTCHNOP_bind_virq, &bind);

	if (err)
		error("bind_virq %u: %ld", virq, err);
	return unmasked(bind.port);
}

domid_t own_domid(void)
{
	struct evtchn_alloc_unbound alloc = { .dom = DOMID_SELF, .remote_dom = DOMID_SELF };
	struct evtchn_status status = { .dom = DOMID_SELF };
	struct evtchn_close close;

	if (hypercall_n(__HYPERVISOR_event_channel_op, EVTCHNOP_alloc_unbound, (ulong)&alloc, 0, 0,
			0))
		error("no port");
	status.port = close.port = alloc.port;
	if (hypercall_n(__HYPERVISOR_event_channel_op, EVTCHNOP_status, (ulong)&status, 0, 0, 0) ||
	    hypercall_n(__HYPERVISOR_event_channel_op, EVTCHNOP_close, (ulong)&close, 0, 0, 0))
		error("no status of a port");
	return status.u.unbound.dom;
}

int event_close(unsigned int port)
{
	struct evtchn_close close = { .port = port };

	return hypercall(event_channel_op, EVTCHNOP_close, &close);
}

int event_send(unsigned int port)
{
	struct evtchn_send send = { .port = port };

	return hypercall(event_channel_op, EVTCHNOP_send, &send);
}

/* An odd version is a record being written, a changed one a record torn: read again. */
uint64_t time_of(const volatile struct vcpu_time_info *t)
{
	uint32_t version, low, high;
	uint64_t ns, delta;

	do {
		version = t->version & ~1U;
		rmb();
		__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
		delta = ((uint64_t)high << 32 | low) - t->tsc_timestamp;
		delta = t->tsc_shift < 0 ? delta >> -t->tsc_shift : delta << t->tsc_shift;
		ns = t->system_time +
		     (uint64_t)((unsigned __int128)delta * t->tsc_to_system_mul >> 32);
		rmb();
	} while (t->version != version);
	return ns;
}

uint64_t time_now(void)
{
	return time_of(&vcpu->time);
}
