/* SPDX-License-Identifier: MIT */
/*
 * The hostile image: a domain whose frontends know the protocols well, and break one rule at a
 * time. After each breach a good request shows that the backend still serves who behaves, or takes
 * him back once he has closed. It stands on the library OS, without its net and disk parts.
 */
#pragma once

#include "lib/ring.h"

#include "guest/clock.h"
#include "guest/evtchn.h"
#include "guest/gnttab.h"
#include "guest/page.h"
#include "guest/thread.h"
#include "guest/vmap.h"
#include "xenstore/xenbus.h"

#define PATIENCE (10 * NS_PER_S)
#define STORM	 (2 * NS_PER_S)

/* One breach: NULL, or what the backend did that it should not. */
struct breach {
	const char *name;
	const char *(*commit)(void);
};

/* --- device.c: the handshake ------------------------------------------------------------------ */

#define DEVICE_QUEUES 2 /* as many as the backend offers on two processors */

/* What is written instead of what should be, and a word of why the backend refuses it. */
struct wish {
	const char *node;
	unsigned int value;
	const char *why;
};

struct device {
	const char *path;
	const struct wish *wish; /* NULL: none */
	char peer[XENBUS_PATH_MAX];
	domid_t backend;
	evtchn_port_t ports[DEVICE_QUEUES]; /* 0: none */
};

/* The device of a path of ours; false: there is none. */
bool device_find(struct device *dev, const char *path);

/* Before the backend connects, the wish is written. */
void device_state(struct device *dev, enum xenbus_state state);
bool device_await(struct device *dev, enum xenbus_state state);

/* From whatever state to the backend's InitWait: closes first, if need be. */
bool device_restart(struct device *dev);

/*
 * The backend connects with none of the wishes, says why, and takes back who wishes nothing: NULL,
 * or what it did. `connect` takes a reference in place of the first ring's; 0: the right one.
 */
const char *device_wishes(struct device *dev, const struct wish *wishes, unsigned int count,
			  bool (*connect)(grant_ref_t));

/* A new port for a queue. */
evtchn_port_t device_port(struct device *dev, unsigned int queue);

/* Waits until the condition holds, or patience ends: whether it does. */
#define await(condition)                                          \
	({                                                        \
		ns_t end = clock_deadline(PATIENCE);              \
		bool met;                                         \
								  \
		while (!(met = (condition)) && clock_ns() < end)  \
			thread_sleep(NS_PER_MS / 4);              \
		met;                                              \
	})

/* A page that the backend may use by the reference, which is made when it is 0. */
void page_grant(struct device *dev, grant_ref_t *ref, void *page, bool readonly);

/* Events as fast as they can be sent, for a while. NULL. */
const char *device_storm(evtchn_port_t port);

/* A reference that grants nothing. */
grant_ref_t nothing(void);

uint32_t random_next(void);

/* While it runs, another thread writes into a ring's requests. */
void meddle_start(void *ring, size_t from);
void meddle_stop(void);

/* --- vbd.c, vif.c ----------------------------------------------------------------------------- */

extern const struct breach vbd_breaches[], vif_breaches[]; /* up to one without a name */

/* From the next connection on: all queues that there are, and what else is offered. */
void vbd_wide(void);
void vif_wide(void);

/* Connects, and does what a good frontend does: NULL, or what failed. */
const char *vbd_behave(void);
const char *vif_behave(void);

/* Leaves as many requests as there may be in flight. */
void vbd_flood(void);
void vif_flood(void);
