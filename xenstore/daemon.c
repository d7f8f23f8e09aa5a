/* SPDX-License-Identifier: MIT */
/* The store daemon: one thread that serves who has something, and looks which domains have gone. */
#include "guest/console.h"
#include "guest/evtchn.h"
#include "guest/hypercall.h"
#include "guest/init.h"
#include "guest/thread.h"
#include "xenstore/daemon.h"
#include "xenstore/link.h"

/* Pieces of a ring that one domain has read in a row before the next one's turn. */
#define SERVE_BUDGET 8

struct daemon daemon = {
	.lock = MUTEX_INIT(daemon.lock),
	.wake = WAIT_QUEUE_INIT(daemon.wake),
};
static bool running;

static void domains_event(evtchn_port_t port, void *arg)
{
	WRITE_ONCE(daemon.domains_due, true);
	wake_one(&daemon.wake);
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
	.introduce = link_introduce,
	.release = link_release,
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
			link_release(server, conn);
			if (server_forget_domain(server, domid))
				daemon_log("no memory to remove a dead domain's nodes");
			tell = true;
		}
	}
	if (tell)
		server_special(server, WATCH_RELEASE);
}

/* Serve a link that was due, and is in no list now. */
static void link_serve(struct link *link)
{
	unsigned int result;

	WRITE_ONCE(link->due, false);
	mb(); /* What we do not see from here on posts it again. */
	link_unmask(link);
	daemon.serving = link;
	result = connection_serve(link->conn, link->intf, SERVE_BUDGET);
	daemon.serving = NULL;
	if (result & SERVE_NOTIFY)
		link_notify(link);
	if (result & SERVE_MORE)
		link_post(link);
}

/* Links come and go by what this thread does alone, so none vanishes before it is served. */
static void daemon_thread(void *arg)
{
	struct link *link;

	for (;;) {
		wait_event(&daemon.wake, links_posted() || READ_ONCE(daemon.domains_due));
		do {
			mutex_lock(&daemon.lock);
			if (READ_ONCE(daemon.domains_due)) {
				WRITE_ONCE(daemon.domains_due, false);
				mb(); /* The domains are looked at after that. */
				look_at_domains();
			}
			link = link_next();
			if (link)
				link_serve(link);
			mutex_unlock(&daemon.lock);
		} while (link);
	}
}

bool xenstored_running(void)
{
	return running;
}

static int xenstored_start(void)
{
	int rc;

	if (!is_initdomain())
		return 0;
	rc = server_init(&daemon.server, &daemon_host);
	if (!rc)
		rc = local_init();
	if (rc)
		return rc;
	rc = evtchn_bind_virq(VIRQ_DOM_EXC, domains_event, NULL);
	if (rc < 0)
		return rc;
	if (!thread_create("xenstored", daemon_thread, NULL, 0))
		return -ENOMEM;
	running = true;
	local_attach();
	return 0;
}
INITCALL(bus, xenstored_start);
