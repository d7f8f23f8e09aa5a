/* SPDX-License-Identifier: MIT */
/*
 * The console's two ways out: the ring that a domU shares with its console daemon, and Xen's own
 * console for dom0 and for everybody until the ring is up. The daemon is a peer: its indices are
 * checked.
 */
#include "guest/console.h"
#include "guest/evtchn.h"
#include "guest/hypercall.h"
#include "guest/init.h"
#include "guest/page.h"
#include "guest/spinlock.h"
#include "guest/start.h"
#include "guest/thread.h"
#include "guest/vmap.h"
#include "guest/wait.h"
#include <xen/io/console.h>
#include "lib/format.h"
#include "lib/string.h"

#define PRINT_MAX 256

static struct xencons_interface *ring; /* NULL: not up, or dom0 */
static evtchn_port_t ring_port;
static WAIT_QUEUE(space_queue); /* the daemon took something */
static bool stalled;            /* nobody takes anything: drop at once */
static SPINLOCK(lock);          /* our half of the ring's output; the input's is the handler's */

/* --- Output ------------------------------------------------------------- */

/* The daemon's index may be anything; what would be too much counts as full. */
static size_t ring_used(void)
{
	uint32_t used = ring->out_prod - READ_ONCE(ring->out_cons);

	return used > sizeof(ring->out) ? sizeof(ring->out) : used;
}

static size_t ring_space(void)
{
	return sizeof(ring->out) - ring_used();
}

/*
 * Copies what fits, a "\n" with its "\r" or not at all. Returns how many bytes of text went.
 * Locked.
 */
static size_t ring_put(const char *text, size_t len)
{
	bool crlf = console_mode() & CONSOLE_ONLCR;
	uint32_t prod = ring->out_prod;
	size_t space = ring_space(), done;

	for (done = 0; done < len; done++) {
		bool add_cr = crlf && text[done] == '\n';

		if (space < 1u + add_cr)
			break;
		if (add_cr)
			ring->out[MASK_XENCONS_IDX(prod++, ring->out)] = '\r';
		ring->out[MASK_XENCONS_IDX(prod++, ring->out)] = text[done];
		space -= 1u + add_cr;
	}
	wmb(); /* the text before the index that offers it */
	WRITE_ONCE(ring->out_prod, prod);
	if (done)
		evtchn_notify(ring_port);
	return done;
}

/* A piece is put in one step, so the lines of threads and handlers do not mix within a piece. */
static void ring_write(const char *text, size_t len)
{
	while (len) {
		unsigned long flags = spin_lock_save(&lock);
		size_t done = ring_put(text, len);

		spin_unlock_restore(&lock, flags);
		text += done;
		len -= done;
		if (done)
			stalled = false;
		if (!len || flags || stalled)
			break;
		/* Two bytes: room for a line's end. */
		if (!wait_event_timeout(&space_queue, ring_space() >= 2, CONSOLE_STALL))
			stalled = true;
	}
}

void console_write(const char *text, size_t len)
{
	if (ring)
		ring_write(text, len);
	else
		hypercall_console_io(CONSOLEIO_write, (unsigned int)len, (void *)text);
}

void console_flush(void)
{
	if (ring && !stalled)
		wait_event_timeout(&space_queue, !ring_used(), CONSOLE_STALL);
}

void console_vprint(const char *fmt, va_list args)
{
	char text[PRINT_MAX];
	size_t len = (size_t)str_vformat(text, sizeof(text), fmt, args);

	console_write(text, MIN(len, sizeof(text) - 1));
}

void console_print(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	console_vprint(fmt, args);
	va_end(args);
}

/* --- Events ------------------------------------------------------------- */

/* Something was typed, or the daemon has taken output: one port for both. */
static void ring_event(evtchn_port_t port, void *arg)
{
	uint32_t cons = ring->in_cons, prod = READ_ONCE(ring->in_prod);
	char bytes[64];
	size_t n;

	rmb(); /* the index before the bytes that it offers */
	if (prod - cons > sizeof(ring->in))
		cons = prod;
	while (cons != prod) {
		for (n = 0; n < sizeof(bytes) && cons != prod; n++)
			bytes[n] = ring->in[MASK_XENCONS_IDX(cons++, ring->in)];
		console_input(bytes, n);
	}
	if (ring->in_cons != cons) {
		mb(); /* the bytes are read before they may be overwritten */
		WRITE_ONCE(ring->in_cons, cons);
		evtchn_notify(port);
	}
	wake_all(&space_queue);
}

static void virq_event(evtchn_port_t port, void *arg)
{
	char bytes[64];
	long n;

	while ((n = hypercall_console_io(CONSOLEIO_read, sizeof(bytes), bytes)) > 0)
		console_input(bytes, (size_t)n);
}

static int ring_attach(void)
{
	ring_port = start_info.console.domU.evtchn;
	return evtchn_attach(ring_port, ring_event, NULL);
}

static int console_start(void)
{
	pfn_t pfn;
	int err;

	if (is_initdomain()) {
		err = evtchn_bind_virq(VIRQ_CONSOLE, virq_event, NULL);
		return err < 0 ? err : 0;
	}
	pfn = mfn_to_pfn(MFN(start_info.console.domU.mfn));
	if (!start_info.console.domU.evtchn || pfn_eq(pfn, PFN_NONE))
		return -ENODEV;
	ring = pfn_to_virt(pfn);
	return ring_attach();
}
INITCALL(core, console_start);

/* The page with all that is in it has moved with us. */
void console_resume(void)
{
	if (ring)
		ring_attach();
}
