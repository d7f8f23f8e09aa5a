/* SPDX-License-Identifier: MIT */
/* Between the parts of the store daemon: ends of rings, which are due, whose the store is. */
#pragma once

#include "guest/evtchn.h"
#include "guest/gnttab.h"
#include "guest/lock.h"
#include "guest/wait.h"
#include "xenstore/server.h"

/* One end of a ring. Under the daemon's lock, but for the last three. */
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

/*
 * The store and its connections belong to whoever holds the lock: the daemon's thread, or a thread
 * of dom0 that asks by a call (local.c).
 */
struct daemon {
	struct mutex lock;
	struct server server;
	struct link *serving;
	bool domains_due;
	struct wait_queue wake; /* the thread: a link is due, or domains_due */
};
extern struct daemon daemon;

/* --- due.c: from any context, but for the last two ------------------------------------------- */

/* Whoever finds it due already knows that it has yet to be served. */
void link_post(struct link *link);
void link_wake(struct link *link); /* the same, and wakes the daemon's thread */
bool links_posted(void);

/* The daemon's thread. The link whose turn it is, in no list from now on; NULL if none is due. */
struct link *link_next(void);
void link_forget(struct link *link); /* it is about to be freed, and nobody posts it any more */

/* --- link.c: with the lock -------------------------------------------------------------------- */

int link_introduce(struct server *server, struct connection *conn, uint16_t domid, uint64_t gfn,
		   uint32_t port); /* as server_host has it */
void link_release(struct server *server, struct connection *conn);
void link_unmask(struct link *link); /* its handler may come again */
void link_notify(struct link *link);

/* --- local.c ---------------------------------------------------------------------------------- */

int local_init(void);	 /* the link; 0 or -ENOMEM */
void local_attach(void); /* the client may begin */
