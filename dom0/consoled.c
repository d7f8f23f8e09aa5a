/* SPDX-License-Identifier: MIT */
/*
 * The console service (<xen/io/console.h>): one thread for all domains. An event wakes it; it takes
 * what a ring holds, keeps it, and shows it: raw to whoever is attached, else line by line with the
 * domain's name. A ring is memory of a guest: its indexes are read once, and what cannot be is
 * taken as an empty ring.
 *
 * A domain may print BURST bytes at once and RATE a second; beyond that its ring stays full until
 * it has credit again, so that it waits and nothing is lost. Each has a credit of its own: one that
 * floods its console costs neither the others' output nor dom0's time.
 */
#include "dom0/consoled.h"

#include <stdlib.h>
#include <string.h>

#include <xen/io/console.h>

#include "dom0/config.h"
#include "guest/clock.h"
#include "guest/console.h"
#include "guest/evtchn.h"
#include "guest/gnttab.h"
#include "guest/init.h"
#include "guest/lock.h"
#include "guest/thread.h"

#define KEPT   16384U /* bytes of history */
#define LINE   256U
#define ESCAPE 0x1d /* Ctrl-] */
#define LOOK_AGAIN (200 * NS_PER_MS)

#define RATE	   32768UL /* bytes a second; a serial line of 115200 baud carries 11,520 */
#define BURST	   65536UL
#define BYTE_COST  (NS_PER_S / RATE) /* of credit, which is time */
#define CREDIT_MAX (BURST * BYTE_COST)
#define PAUSE	   (50 * NS_PER_MS) /* before the next look at rings that wait for credit */

struct guest_console {
	domid_t domid;
	char name[CONFIG_NAME_MAX];
	struct gnttab_mapping map;
	struct xencons_interface *ring;
	evtchn_port_t port;
	bool attached;
	bool due; /* for service; set from anywhere, cleared by the thread before it looks */

	ns_t credit;	/* for output, as of `counted` */
	ns_t counted;
	char kept[KEPT]; /* the last bytes; kept_end counts all that ever came */
	size_t kept_end;
	char line[LINE]; /* the line that is not complete yet */
	size_t line_len;
	struct guest_console *next;
};

static MUTEX(lock); /* the list, and every console's fields but `ring` indexes of the domain */
static struct guest_console *consoles;
static WAIT_QUEUE(wake);
static bool events;

static void look(void)
{
	WRITE_ONCE(events, true);
	wake_one(&wake);
}

/* --- Output ---------------------------------------------------------------------------------- */

/* The line is over: shown, unless somebody attached sees it anyway. */
static void end_line(struct guest_console *c)
{
	if (!c->attached)
		console_print("[%s] %.*s\n", c->name, (int)c->line_len, c->line);
	c->line_len = 0;
}

/*
 * Into the history, and into the line. Who attaches has asked for the domain's bytes as they are;
 * in a line between others' no control character stands, or a domain could overwrite what another
 * has said, and what dom0 says of it.
 */
static void keep(struct guest_console *c, char ch)
{
	bool control = ((unsigned char)ch < ' ' && ch != '\t') || ch == 0x7f;

	c->kept[c->kept_end++ % KEPT] = ch;
	if (ch == '\r')
		return;
	if (ch == '\n' || c->line_len == LINE)
		end_line(c);
	if (ch != '\n')
		c->line[c->line_len++] = control ? '?' : ch;
}

/* How many bytes the domain may print now. */
static size_t allowance(struct guest_console *c)
{
	ns_t now = clock_ns();

	c->credit = MIN(c->credit + MIN(now - c->counted, CREDIT_MAX), CREDIT_MAX);
	c->counted = now;
	return c->credit / BYTE_COST;
}

/*
 * Take what the domain has written, at most `limit` bytes; how many there were. `*more`: it has
 * written more than that. Under lock.
 */
static size_t drain(struct guest_console *c, size_t limit, bool *more)
{
	struct xencons_interface *ring = c->ring;
	XENCONS_RING_IDX cons = ring->out_cons, prod = READ_ONCE(ring->out_prod), start = cons;
	char chunk[256];

	rmb(); /* bytes are read after the index that announced them */
	if (prod - cons > sizeof(ring->out))
		cons = start = prod; /* impossible: the domain has only itself to blame */
	*more = prod - cons > limit;
	if (*more)
		prod = cons + (XENCONS_RING_IDX)limit;
	while (cons != prod) {
		size_t n = 0;

		while (cons != prod && n < sizeof(chunk))
			chunk[n++] = READ_ONCE(ring->out[MASK_XENCONS_IDX(cons++, ring->out)]);
		for (size_t i = 0; i < n; i++)
			keep(c, chunk[i]);
		if (c->attached)
			console_write(chunk, n);
	}
	mb(); /* all bytes are read before the domain may write over them */
	WRITE_ONCE(ring->out_cons, cons);
	return cons - start;
}

/* Serves one console if it is due; true while its domain waits for credit. Under lock. */
static bool serve(struct guest_console *c)
{
	size_t taken;
	bool more;

	if (!READ_ONCE(c->due))
		return false;
	WRITE_ONCE(c->due, false);
	mb(); /* What is not seen from here on makes it due again. */
	taken = drain(c, allowance(c), &more);
	c->credit -= taken * BYTE_COST;
	if (taken)
		evtchn_notify(c->port);
	if (more)
		WRITE_ONCE(c->due, true);
	else
		evtchn_unmask(c->port); /* what came meanwhile is served at once */
	return more;
}

/* Masked until the ring was served: nor do events wake us while the domain has no credit. */
static void console_event(evtchn_port_t port, void *arg)
{
	struct guest_console *c = arg;

	evtchn_mask(port);
	WRITE_ONCE(c->due, true);
	look();
}

static void consoled_thread(void *arg)
{
	bool held = false; /* some domain waits for credit */

	(void)arg;
	for (;;) {
		wait_event_timeout(&wake, READ_ONCE(events), held ? PAUSE : NS_FOREVER);
		WRITE_ONCE(events, false);
		held = false;
		mutex_lock(&lock);
		for (struct guest_console *c = consoles; c; c = c->next)
			held |= serve(c);
		mutex_unlock(&lock);
	}
}

static int consoled_init(void)
{
	return thread_create("consoled", consoled_thread, NULL, 0) ? 0 : -ENOMEM;
}
INITCALL(device, consoled_init);

/* --- Consoles come and go -------------------------------------------------------------------- */

struct guest_console *consoled_open(domid_t domid, evtchn_port_t port, const char *name)
{
	struct guest_console *c = calloc(1, sizeof(*c));
	grant_ref_t ref = GNTTAB_RESERVED_CONSOLE;
	int bound;

	if (!c)
		return NULL;
	c->domid = domid;
	c->credit = CREDIT_MAX;
	c->counted = clock_ns();
	c->due = true; /* it may have written before we listen */
	strlcpy(c->name, name, sizeof(c->name));
	if (gnttab_map(&c->map, domid, &ref, 1, false)) {
		free(c);
		return NULL;
	}
	c->ring = c->map.va;
	bound = evtchn_bind_interdomain(domid, port, console_event, c);
	if (bound < 0) {
		gnttab_unmap(&c->map);
		free(c);
		return NULL;
	}
	c->port = (evtchn_port_t)bound;
	mutex_lock(&lock);
	c->next = consoles;
	consoles = c;
	mutex_unlock(&lock);
	look(); /* an event before it was on the list has masked the port, and served nobody */
	return c;
}

/* All that the ring holds, whatever the credit, and a line without an end. Under lock. */
static void drain_last(struct guest_console *c)
{
	bool more;

	drain(c, sizeof(c->ring->out), &more);
	if (c->line_len)
		end_line(c);
}

void consoled_flush(struct guest_console *c)
{
	mutex_lock(&lock);
	drain_last(c);
	mutex_unlock(&lock);
}

void consoled_close(struct guest_console *c)
{
	struct guest_console **at = &consoles;

	if (!c)
		return;
	mutex_lock(&lock);
	drain_last(c);
	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	mutex_unlock(&lock);
	evtchn_unbind(c->port);
	gnttab_unmap(&c->map);
	free(c);
}

/* --- A person at one of them ----------------------------------------------------------------- */

static struct guest_console *find(domid_t domid)
{
	struct guest_console *c = consoles;

	while (c && c->domid != domid)
		c = c->next;
	return c;
}

static void show_kept(struct guest_console *c)
{
	size_t start = c->kept_end > KEPT ? c->kept_end - KEPT : 0;

	for (size_t at = start; at < c->kept_end;) {
		size_t n = MIN(c->kept_end - at, KEPT - at % KEPT);

		console_write(&c->kept[at % KEPT], n);
		at += n;
	}
}

/* Type one byte; false while the domain does not read. Under lock. */
static bool type_byte(struct guest_console *c, char ch)
{
	struct xencons_interface *ring = c->ring;
	XENCONS_RING_IDX cons = READ_ONCE(ring->in_cons), prod = ring->in_prod;

	if (prod - cons >= sizeof(ring->in))
		return false;
	ring->in[MASK_XENCONS_IDX(prod, ring->in)] = ch;
	wmb(); /* the byte is there before the index says so */
	WRITE_ONCE(ring->in_prod, prod + 1);
	return true;
}

/*
 * One round: a byte that was typed goes to the domain. One at a time, so that what was typed behind
 * the escape is still there for the shell. False: the console is gone, or the person leaves.
 */
static bool forward(domid_t domid, bool *left)
{
	struct guest_console *c;
	char typed;
	bool any;

	/* Not for ever: the domain may go while nobody types. */
	wait_event_timeout(console_input_queue(), console_readable(), LOOK_AGAIN);
	any = console_read(&typed, 1, false) == 1;
	*left = any && typed == ESCAPE;
	mutex_lock(&lock);
	c = find(domid);
	if (c && any && !*left && type_byte(c, typed))
		evtchn_notify(c->port);
	mutex_unlock(&lock);
	return c && !*left;
}

bool consoled_attach(domid_t domid)
{
	unsigned int mode = console_mode();
	struct guest_console *c;
	bool left = false;

	mutex_lock(&lock);
	c = find(domid);
	if (c) {
		/* Before anything is shown: whoever sees it may type the escape at once. */
		console_set_mode(0);
		c->attached = true;
		show_kept(c);
	}
	mutex_unlock(&lock);
	if (!c)
		return false;
	while (forward(domid, &left))
		;
	console_set_mode(mode);
	mutex_lock(&lock);
	c = find(domid);
	if (c)
		c->attached = false;
	mutex_unlock(&lock);
	return left;
}
