/* SPDX-License-Identifier: MIT */
/* Xenbus: how split devices find each other in the store and agree on a connection. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <xen/io/xenbus.h>

#include "xenstore/client.h"

/*
 * A device exists while its directory does: device/<type>/<id> of a frontend,
 * backend/<type>/<domid>/<id> of a backend. The core watches both, and calls the driver of that
 * type for those whose state is Initialising when they are found. All of a driver's functions
 * run on the one xenbus worker thread, so a driver needs no lock against itself; they may sleep
 * and make requests, and should not wait for a peer for long.
 */
#define XENBUS_PATH_MAX 128

enum xenbus_side {
	XENBUS_FRONTEND,
	XENBUS_BACKEND,
};

struct xenbus_device {
	const struct xenbus_driver *driver;
	char path[XENBUS_PATH_MAX]; /* our directory, relative: "device/vif/0" */
	char peer[XENBUS_PATH_MAX]; /* the other end's, absolute; "" if not told */
	uint16_t peer_domid;
	uint32_t id; /* last part of the path: 0 for vif 0, 51712 for xvda */
	void *priv;  /* the driver's */

	/*
	 * Ours is what xenbus_switch_state wrote last; the peer's what was last read. Both change
	 * only on the worker, or inside the xenbus functions that it calls.
	 */
	enum xenbus_state state;
	enum xenbus_state peer_state;

	/* Private to the core. */
	struct xenbus_device *next; /* of the bus; under its lock */
	struct xs_watch watch;      /* of the peer's state */
	char watch_path[XENBUS_PATH_MAX + 6];
	bool peer_fired;   /* the peer's state is to be read */
	unsigned int told; /* errors on the console */
};

/*
 * probe:   a device appeared; set it up as far as possible without the peer, choose a first state
 *	    (frontend Initialising, backend InitWait). Non-zero (-errno) refuses the device: the
 *	    core writes it to the node "error" and closes it.
 * changed: the peer's state is now `peer`; also called once after probe. XenbusStateUnknown: the
 *	    peer's directory is gone, so disconnect and go to Closed. Repeated calls with one state
 *	    are possible and harmless.
 * remove:  the directory is gone, or both ends closed a device that is no longer online: give
 *	    everything back, also from a connection that nobody closed. dev is freed afterwards.
 * suspend: the domain is about to be suspended (frontends only; NULL: not needed). After the return
 *	    the driver touches neither ring nor port, and changes nothing in the store; what users
 *	    submit waits, or is dropped. Grants and ports stay as they are.
 * resume:  goes on after suspend. With `lost` this is a new domain, and its peer a new one: ports
 *	    are closed already and their numbers may be others' now; references are still the
 *	    driver's, but grant nothing and are held by nobody. The core has set peer, peer_domid
 *	    and the state (Initialising) anew, and calls `changed` next, as after probe. Without
 *	    `lost` (a checkpoint, or a suspend that failed) all is as it was.
 */
struct xenbus_driver {
	const char *type; /* "vif", "vbd" */
	enum xenbus_side side;
	int (*probe)(struct xenbus_device *dev);
	void (*changed)(struct xenbus_device *dev, enum xenbus_state peer);
	void (*remove)(struct xenbus_device *dev);
	void (*suspend)(struct xenbus_device *dev);
	void (*resume)(struct xenbus_device *dev, bool lost);

	/* Private to the core. */
	struct xenbus_driver *next;
	struct xs_watch watch; /* of the directory of the type */
	char watch_path[32];
	bool scanned; /* what was there at registration has been probed */
};

/* Register for good; devices that exist already are probed soon. The driver is never copied. */
int xenbus_register(struct xenbus_driver *driver);

/*
 * Wait until every frontend device of the type is connected or has failed, at most timeout_ms.
 * Returns how many are connected, or -ETIMEDOUT; 0 at once if there is no store or no such driver.
 * Not from a driver's function.
 */
int xenbus_wait_frontends(const char *type, unsigned int timeout_ms);

/* --- For drivers ----------------------------------------------------------------------------- */

/* Write our state if it changed. The peer sees everything that was written to the store before. */
int xenbus_switch_state(struct xenbus_device *dev, enum xenbus_state state);

/* The state in a directory's node "state"; XenbusStateUnknown if there is none. */
enum xenbus_state xenbus_read_state(const char *dir);

/*
 * Sleep until the peer is in one of the states (XENBUS_STATE_BIT of each, or'ed), at most
 * timeout_ms. Returns the peer's state, or -ETIMEDOUT. XenbusStateUnknown ends every wait.
 */
#define XENBUS_STATE_BIT(s) (1u << (s))
int xenbus_wait_peer(struct xenbus_device *dev, uint32_t states, unsigned int timeout_ms);

/* Say on the console and in the node "error" why the device does not work, then close it. */
void xenbus_fatal(struct xenbus_device *dev, int err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * Nodes of this end: xs_printf(tx, dev->path, "ring-ref", "%u", ref). Nodes of the other end:
 * xs_read_u32(tx, dev->peer, "ring-ref", &ref).
 */
