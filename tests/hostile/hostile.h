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

struct device {
	const char *path;
	char peer[XENBUS_PATH_MAX];
	domid_t backend;
	evtchn_port_t port;
};

/* The device of a path of ours; false: there is none. */
bool device_find(struct device *dev, const char *path);

void device_state(struct device *dev, enum xenbus_state state);
bool device_await(struct device *dev, enum xenbus_state state);

/* From whatever state to the backend's InitWait: closes first, if need be. */
bool device_restart(struct device *dev);

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
const char *device_storm(struct device *dev);

/* A reference that grants nothing. */
grant_ref_t nothing(void);

uint32_t random_next(void);

/* While it runs, another thread writes into a ring's requests. */
void meddle_start(void *ring, size_t from);
void meddle_stop(void);

/* --- vbd.c, vif.c ----------------------------------------------------------------------------- */

extern const struct breach vbd_breaches[], vif_breaches[]; /* up to one without a name */

/* Connects, and does what a good frontend does: NULL, or what failed. */
const char *vbd_behave(void);
const char *vif_behave(void);

/* Leaves as many requests as there may be in flight. */
void vbd_flood(void);
void vif_flood(void);
