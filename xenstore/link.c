/* SPDX-License-Identifier: MIT */
/* The daemon's end of a domain's ring: mapped, bound to its event channel, and given up. */
#include <stdlib.h>

#include "guest/evtchn.h"
#include "guest/vmap.h"
#include "xenstore/client_core.h"
#include "xenstore/link.h"

/* Masked until the link is served: a domain that sends events without a pause is one of many. */
static void link_event(evtchn_port_t port, void *arg)
{
	struct link *link = arg;

	evtchn_mask(port);
	WRITE_ONCE(link->masked, true);
	link_wake(link);
}

void link_unmask(struct link *link)
{
	if (READ_ONCE(link->masked)) {
		WRITE_ONCE(link->masked, false);
		evtchn_unmask(link->port);
	}
}

void link_notify(struct link *link)
{
	if (link->port)
		evtchn_notify(link->port);
	else
		client_input();
}

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

int link_introduce(struct server *server, struct connection *conn, uint16_t domid, uint64_t gfn,
		   uint32_t port)
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

void link_release(struct server *server, struct connection *conn)
{
	struct link *link = conn->transport;

	server_disconnect(server, conn);
	if (link->port)
		evtchn_unbind(link->port);
	link_forget(link);
	link_unmap(link);
	free(link);
}
