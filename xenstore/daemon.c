/* SPDX-License-Identifier: MIT */
/* The store daemon: one thread that maps rings, binds channels, and serves who has something. */
#include <stdlib.h>
#include <string.h>

#include "guest/console.h"
#include "guest/evtchn.h"
#include "guest/gnttab.h"
#include "guest/hypercall.h"
#include "guest/init.h"
#include "guest/page.h"
#include "guest/thread.h"
#include "guest/vmap.h"
#include "xenstore/client_core.h"
#include "xenstore/daemon.h"
#include "xenstore/server.h"

/*
 * The store belongs to the daemon's thread: nobody else touches it, so there is no lock. Handlers
 * and the local client only say which link is due and wake it. The local client has a ring as every
 * domain has, but in plain memory, and calls in place of event channels; so it needs no code of its
 * own.
 *
 * Only links that are due are looked at, in the order in which they became so: a round costs what
 * those with work cost, however many others are connected. A link is due when its peer moved
 * something, or when an answer or event was queued for it. One whose ring is full is not: its peer
 * sends an event when it has read.
 */

/* Pieces of a ring that one domain has read in a row before the next one's turn. */
#define SERVE_BUDGET 8

/* One end of a ring. The daemon's thread alone uses it, but for the last three. */
struct link {
	struct xenstore_domain_interface *intf;
	struct connection *conn;
	uint16_t domid;
	evtchn_port_t port; /* 0: the local client */
	bool granted;       /* mapped by grant, else as a foreign frame */
	struct gnttab_mapping mapping;
	bool due;          /* in one of the two lists, or on its way there */
	bool masked;       /* its handler masked the port */
	struct link *next; /* in the list: of whoever set `due`, then of the daemon's thread */
};

static struct {
	struct server server;
	struct link *local;
	struct link *posted; /* due links, the last first; anybody adds, the daemon takes all */
	struct link *first, **end; /* taken, in order: the daemon's own */
	struct link *serving;
	bool domains_due;
	struct wait_queue wake;
	bool running;
} daemon = {
	.end = &daemon.first,
	.wake = WAIT_QUEUE_INIT(daemon.wake),
};

/* From any context. Whoever finds it due already knows that it has yet to be served. */
static void link_post(struct link *link)
{
	if (__atomic_exchange_n(&link->due, true, __ATOMIC_SEQ_CST))
		return;
	link->next = READ_ONCE(daemon.posted);
	while (!__atomic_compare_exchange_n(&daemon.posted, &link->next, link, false,
					    __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
		;
}

static void link_wake(struct link *link)
{
	link_post(link);
	wake_one(&daemon.wake);
}

/* Put what was posted behind what was taken before. */
static void links_take(void)
{
	struct link *link = __atomic_exchange_n(&daemon.posted, NULL, __ATOMIC_SEQ_CST);
	struct link *first = NULL, **end = link ? &link->next : daemon.end, *next;

	for (; link; link = next) {
		next = link->next;
		link->next = first;
		first = link;
	}
	*daemon.end = first;
	daemon.end = end;
}

/* It is about to be freed, and nobody posts it any more. */
static void link_forget(struct link *link)
{
	struct link **at = &daemon.first;

	links_take();
	while (*at && *at != link)
		at = &(*at)->next;
	if (!*at)
		return;
	*at = link->next;
	if (!link->next)
		daemon.end = at;
}

/* Masked until the link is served: a domain that sends events without a pause is one of many. */
static void link_event(evtchn_port_t port, void *arg)
{
	struct link *link = arg;

	evtchn_mask(port);
	WRITE_ONCE(link->masked, true);
	link_wake(link);
}

static void domains_event(evtchn_port_t port, void *arg)
{
	WRITE_ONCE(daemon.domains_due, true);
	wake_one(&daemon.wake);
}

static void link_notify(struct link *link)
{
	if (link->port)
		evtchn_notify(link->port);
	else
		client_input();
}

/* --- Domains come and go --------------------------------------------------------------------- */

/* The builder grants the page where it can; an older one leaves it to us to take the frame. */
static int link_map(struct link *link, uint64_t gfn)
{
	const grant_ref_t ref = GNTTAB_RESERVED_XENSTORE;
	xen_pfn_t frame = gfn;

	link->granted = !gnttab_map(&link->mapping, link->domid, &ref, 1, false);
	link->intf = link->granted ? link->mapping.va : vmap_foreign(link->domid, &frame, NULL, 1);
	return link->intf ? 0 : -EINVAL;
}

static void link_unmap(struct link *link)
{
	if (link->granted)
		gnttab_unmap(&link->mapping);
	else
		vmap_unmap(link->intf, 1);
}

static int link_bind(struct link *link, uint32_t port)
{
	int rc;

	if (link->port)
		evtchn_unbind(link->port);
	link->port = 0;
	link->masked = false;
	rc = evtchn_bind_interdomain(link->domid, port, link_event, link);
	if (rc < 0)
		return rc;
	link->port = rc;
	link_post(link); /* it may have written before we listened */
	return 0;
}

static void link_announce(struct link *link)
{
	struct xenstore_domain_interface *intf = link->intf;

	WRITE_ONCE(intf->server_features,
		   XENSTORE_SERVER_FEATURE_RECONNECTION | XENSTORE_SERVER_FEATURE_ERROR);
	WRITE_ONCE(intf->error, XENSTORE_ERROR_NONE);
	WRITE_ONCE(intf->connection, XENSTORE_CONNECTED);
}

static int daemon_introduce(struct server *server, struct connection *conn, uint16_t domid,
			    uint64_t gfn, uint32_t port)
{
	struct link *link;
	int rc;

	if (conn)
		return link_bind(conn->transport, port);
	link = calloc(1, sizeof(*link));
	if (!link)
		return -ENOMEM;
	link->domid = domid;
	rc = link_map(link, gfn);
	if (rc)
		goto free;
	rc = link_bind(link, port);
	if (rc)
		goto unmap;
	link->conn = server_connect(server, domid, link);
	if (!link->conn) {
		rc = -ENOMEM;
		goto unbind;
	}
	link_announce(link);
	return 0;

unbind:
	evtchn_unbind(link->port);
	link_forget(link);
unmap:
	link_unmap(link);
free:
	free(link);
	return rc;
}

static void daemon_release(struct server *server, struct connection *conn)
{
	struct link *link = conn->transport;

	server_disconnect(server, conn);
	if (link->port)
		evtchn_unbind(link->port);
	link_forget(link);
	link_unmap(link);
	free(link);
}

static void daemon_queued(struct connection *conn)
{
	/* Who is being served is so until nothing moves. */
	if (conn->transport != daemon.serving)
		link_post(conn->transport);
}

static void daemon_log(const char *line)
{
	console_print("xenstored: %s\n", line);
}

static const struct server_host daemon_host = {
	.introduce = daemon_introduce,
	.release = daemon_release,
	.queued = daemon_queued,
	.log = daemon_log,
};

enum life { ALIVE, SHUT_DOWN, GONE };

static enum life domain_life(uint16_t domid)
{
	struct xen_domctl op = { .cmd = XEN_DOMCTL_getdomaininfo, .domain = domid };
	uint32_t flags;

	/* Asked for a domain that is not there, Xen describes the next one that is. */
	if (hypercall_domctl(&op) || op.u.getdomaininfo.domain != domid)
		return GONE;
	flags = op.u.getdomaininfo.flags;
	if (flags & XEN_DOMINF_dying)
		return GONE;
	return flags & XEN_DOMINF_shutdown ? SHUT_DOWN : ALIVE;
}

/* Some domain was shut down, crashed or ended; Xen does not say which. */
static void look_at_domains(void)
{
	struct server *server = &daemon.server;
	struct connection *conn, *next;
	bool tell = false;

	for (conn = server->connections; conn; conn = next) {
		uint16_t domid = conn->who.domid;
		enum life life = domid ? domain_life(domid) : ALIVE;

		next = conn->next;
		if (life == SHUT_DOWN && !conn->shutdown) {
			conn->shutdown = true;
			tell = true;
		} else if (life == GONE) {
			daemon_release(server, conn);
			if (server_forget_domain(server, domid))
				daemon_log("no memory to remove a dead domain's nodes");
			tell = true;
		}
	}
	if (tell)
		server_special(server, WATCH_RELEASE);
}

/* --- Service --------------------------------------------------------------------------------- */

/* Serve a link that was due, and is in no list now. */
static void link_serve(struct link *link)
{
	unsigned int result;

	WRITE_ONCE(link->due, false);
	mb(); /* What we do not see from here on posts it again. */
	if (READ_ONCE(link->masked)) {
		WRITE_ONCE(link->masked, false);
		evtchn_unmask(link->port);
	}
	daemon.serving = link;
	result = connection_serve(link->conn, link->intf, SERVE_BUDGET);
	daemon.serving = NULL;
	if (result & SERVE_NOTIFY)
		link_notify(link);
	if (result & SERVE_MORE)
		link_post(link);
}

/* The link whose turn it is; NULL if none is due. */
static struct link *link_next(void)
{
	struct link *link;

	if (READ_ONCE(daemon.posted))
		links_take();
	link = daemon.first;
	if (!link)
		return NULL;
	daemon.first = link->next;
	if (!daemon.first)
		daemon.end = &daemon.first;
	return link;
}

static void daemon_thread(void *arg)
{
	struct link *link;

	for (;;) {
		wait_event(&daemon.wake, READ_ONCE(daemon.posted) || READ_ONCE(daemon.domains_due));
		do {
			if (READ_ONCE(daemon.domains_due)) {
				WRITE_ONCE(daemon.domains_due, false);
				mb(); /* The domains are looked at after that. */
				look_at_domains();
			}
			link = link_next();
			if (link)
				link_serve(link);
		} while (link);
	}
}

static void local_notify(void *arg)
{
	link_wake(daemon.local);
}

static int local_link(void)
{
	struct link *link = calloc(1, sizeof(*link));

	if (!link)
		return -ENOMEM;
	link->intf = calloc(1, sizeof(*link->intf));
	link->conn = link->intf ? server_connect(&daemon.server, 0, link) : NULL;
	if (!link->conn) {
		free(link->intf);
		free(link);
		return -ENOMEM;
	}
	daemon.local = link;
	return 0;
}

bool xenstored_running(void)
{
	return daemon.running;
}

static int xenstored_start(void)
{
	int rc;

	if (!is_initdomain())
		return 0;
	rc = server_init(&daemon.server, &daemon_host);
	if (!rc)
		rc = local_link();
	if (rc)
		return rc;
	rc = evtchn_bind_virq(VIRQ_DOM_EXC, domains_event, NULL);
	if (rc < 0)
		return rc;
	if (!thread_create("xenstored", daemon_thread, NULL, 0))
		return -ENOMEM;
	daemon.running = true;
	client_attach(daemon.local->intf, local_notify, NULL);
	return 0;
}
INITCALL(bus, xenstored_start);
