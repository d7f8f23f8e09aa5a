/* SPDX-License-Identifier: MIT */
/* Xenbus: which devices there are, and the worker that calls their drivers. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "guest/console.h"
#include "guest/lock.h"
#include "guest/suspend.h"
#include "guest/thread.h"
#include "lib/format.h"
#include "xenstore/xenbus_core.h"

/*
 * Two threads meet here. The store's watch thread notes what happened: a path of a device directory
 * to check, or a peer whose state to read. The worker does it, and it alone adds, removes and
 * calls devices. So a driver may sleep, and even wait for its peer, while events go on coming in.
 *
 * A watch on device/<type> also fires for every node that a driver itself writes below. Those are
 * told apart by their depth: only a known device's directory itself, or anything of an unknown one,
 * is worth a look.
 */

static struct {
	struct mutex lock; /* guards the lists */
	struct xenbus_driver *drivers;
	struct xenbus_device *devices; /* changed by the worker only, who reads without the lock */
	struct thread *worker;
	enum { ORDER_NONE, ORDER_SUSPEND, ORDER_CONTINUE, ORDER_RECONNECT } order;
	bool peers; /* some device's peer_fired is set */
	struct wait_queue work;
} bus = {
	.lock = MUTEX_INIT(bus.lock),
	.work = WAIT_QUEUE_INIT(bus.work),
};

/* --- On the watch thread --------------------------------------------------------------------- */

/* With the lock held, or on the worker. */
static struct xenbus_device *device_find(const char *path, size_t len)
{
	struct xenbus_device *dev = bus.devices;

	while (dev && (strncmp(dev->path, path, len) || dev->path[len]))
		dev = dev->next;
	return dev;
}

static void driver_fired(struct xs_watch *watch, const char *changed)
{
	struct xenbus_driver *driver = watch->arg;
	size_t len;
	bool known;

	xenbus_levels(driver, changed, &len);
	mutex_lock(&bus.lock);
	known = device_find(changed, len);
	mutex_unlock(&bus.lock);
	if (known && changed[len])
		return;
	checks_add(driver, changed, len);
	wake_one(&bus.work);
}

static void peer_fired(struct xs_watch *watch, const char *changed)
{
	struct xenbus_device *dev = watch->arg;

	WRITE_ONCE(dev->peer_fired, true);
	wmb(); /* The worker clears `peers` before it looks at the devices. */
	WRITE_ONCE(bus.peers, true);
	wake_one(&bus.work);
	xenbus_tell(); /* the worker itself may be waiting for this peer */
}

/* --- On the worker --------------------------------------------------------------------------- */

static int device_read_peer(struct xenbus_device *dev)
{
	bool frontend = dev->driver->side == XENBUS_FRONTEND;
	uint32_t domid;
	int rc;

	rc = xs_read(XS_NO_TX, dev->path, frontend ? "backend" : "frontend", dev->peer,
		     sizeof(dev->peer));
	if (rc < 0)
		return rc;
	rc = xs_read_u32(XS_NO_TX, dev->path, frontend ? "backend-id" : "frontend-id", &domid);
	if (rc)
		return rc;
	dev->peer_domid = domid;
	return domid > UINT16_MAX ? -ERANGE : 0;
}

static struct xenbus_device *device_make(struct xenbus_driver *driver, const char *path)
{
	struct xenbus_device *dev = calloc(1, sizeof(*dev));
	const char *last = strrchr(path, '/') + 1;

	if (!dev)
		return NULL;
	dev->driver = driver;
	strlcpy(dev->path, path, sizeof(dev->path));
	dev->id = strtoul(last, NULL, 10);
	dev->state = XenbusStateInitialising;
	if (device_read_peer(dev)) { /* not complete yet: its last node calls us again */
		free(dev);
		return NULL;
	}
	str_format(dev->watch_path, sizeof(dev->watch_path), "%s/state", dev->peer);
	dev->watch = (struct xs_watch){ .path = dev->watch_path, .fired = peer_fired, .arg = dev };
	return dev;
}

static void device_link(struct xenbus_device *dev)
{
	mutex_lock(&bus.lock);
	dev->next = bus.devices;
	bus.devices = dev;
	mutex_unlock(&bus.lock);
}

static void device_unlink(struct xenbus_device *dev)
{
	struct xenbus_device **at = &bus.devices;

	mutex_lock(&bus.lock);
	while (*at != dev)
		at = &(*at)->next;
	*at = dev->next;
	mutex_unlock(&bus.lock);
	xenbus_tell();
}

/* A driver that has told why itself, by xenbus_fatal, is Closing already. */
static void device_refuse(struct xenbus_device *dev, int err)
{
	if (dev->state != XenbusStateClosing)
		xenbus_fatal(dev, err, "cannot use this device");
	xenbus_switch_state(dev, XenbusStateClosed);
	free(dev);
}

static void device_add(struct xenbus_driver *driver, const char *path)
{
	struct xenbus_device *dev;
	int rc;

	dev = device_make(driver, path);
	if (!dev)
		return;
	rc = driver->probe(dev);
	if (rc) {
		device_refuse(dev, rc);
		return;
	}
	device_link(dev);
	rc = xs_watch(&dev->watch); /* fires at once: the first call of `changed` */
	if (rc) {
		device_unlink(dev);
		driver->remove(dev);
		device_refuse(dev, rc);
	}
}

static void device_remove(struct xenbus_device *dev)
{
	xs_unwatch(&dev->watch);
	dev->driver->remove(dev);
	device_unlink(dev);
	free(dev);
}

static void check_device(struct xenbus_driver *driver, const char *path)
{
	struct xenbus_device *dev = device_find(path, strlen(path));
	enum xenbus_state state = xenbus_read_state(path);
	bool again = dev && state == XenbusStateInitialising && dev->state != state;

	/* Gone, or already another one of the same name. */
	if (dev && (state == XenbusStateUnknown || again)) {
		device_remove(dev);
		dev = NULL;
		state = xenbus_read_state(path);
	}
	/* In any other state somebody had it already, and is done with it. */
	if (!dev && state == XenbusStateInitialising)
		device_add(driver, path);
}

/* Check all devices that are `depth` levels below a directory. */
static void scan(struct xenbus_driver *driver, const char *path, unsigned int depth)
{
	char **names, child[XENBUS_PATH_MAX];
	int count = xs_directory(XS_NO_TX, path, NULL, &names);

	for (int i = 0; i < count; i++) {
		int len = str_format(child, sizeof(child), "%s/%s", path, names[i]);

		if ((size_t)len >= sizeof(child))
			continue;
		if (depth == 1)
			check_device(driver, child);
		else
			scan(driver, child, depth - 1);
	}
	if (count >= 0)
		free(names);
}

/* Look at all devices that a driver has below a directory, and at all that it might have. */
static void scan_driver(struct xenbus_driver *driver, const char *path, unsigned int depth)
{
	struct xenbus_device *dev, *next;
	size_t len = strlen(path);

	for (dev = bus.devices; dev; dev = next) {
		next = dev->next;
		if (dev->driver == driver && !strncmp(dev->path, path, len) &&
		    dev->path[len] == '/')
			check_device(driver, dev->path);
	}
	scan(driver, path, depth);
	if (!strcmp(path, driver->watch_path))
		driver->scanned = true;
	xenbus_tell();
}

/* Both ends are closed, and the toolstack wants the device no more. */
static bool device_over(const struct xenbus_device *dev)
{
	if (dev->state != XenbusStateClosed || dev->driver->side != XENBUS_BACKEND)
		return false;
	if (dev->peer_state != XenbusStateClosed && dev->peer_state != XenbusStateUnknown)
		return false;
	return !xs_read_u32_or(XS_NO_TX, dev->path, "online", 0);
}

static void serve_peers(void)
{
	struct xenbus_device *dev, *next;

	for (dev = bus.devices; dev; dev = next) {
		next = dev->next;
		if (!READ_ONCE(dev->peer_fired))
			continue;
		WRITE_ONCE(dev->peer_fired, false);
		mb(); /* What comes from here on is read once more. */
		dev->peer_state = xenbus_read_state(dev->peer);
		dev->driver->changed(dev, dev->peer_state);
		xenbus_tell();
		if (device_over(dev))
			device_remove(dev);
	}
}

static void serve_checks(void)
{
	struct check *check;

	while ((check = checks_take())) {
		size_t len;
		unsigned int depth = xenbus_levels(check->driver, check->path, &len);

		if (depth)
			scan_driver(check->driver, check->path, depth);
		else
			check_device(check->driver, check->path);
		free(check);
	}
	if (!checks_lost())
		return;
	thread_sleep(100 * NS_PER_MS); /* until there is memory again */
	for (struct xenbus_driver *driver = bus.drivers; driver; driver = driver->next)
		checks_add(driver, driver->watch_path, strlen(driver->watch_path));
}

/* --- Suspend --------------------------------------------------------------------------------- */

static void suspend_frontends(void)
{
	for (struct xenbus_device *dev = bus.devices; dev; dev = dev->next)
		if (dev->driver->suspend)
			dev->driver->suspend(dev);
}

/* The device is there again in the new domain, with another peer; or it is not. */
static void reconnect(struct xenbus_device *dev)
{
	int rc;

	xs_unwatch(&dev->watch);
	rc = device_read_peer(dev);
	dev->state = XenbusStateInitialising;
	if (dev->driver->resume)
		dev->driver->resume(dev, true);
	if (rc) {
		dev->driver->remove(dev);
		device_unlink(dev);
		free(dev);
		return;
	}
	str_format(dev->watch_path, sizeof(dev->watch_path), "%s/state", dev->peer);
	rc = xs_watch(&dev->watch);
	if (rc)
		console_print("%s: its peer cannot be watched: error %d\n", dev->path, -rc);
}

static void resume_frontends(bool lost)
{
	struct xenbus_device *dev, *next;

	for (dev = bus.devices; dev; dev = next) {
		next = dev->next;
		if (dev->driver->side != XENBUS_FRONTEND)
			continue;
		if (lost)
			reconnect(dev);
		else if (dev->driver->resume)
			dev->driver->resume(dev, false);
	}
}

/* From ORDER_SUSPEND to the next order nothing else happens on the bus. */
static void obey(void)
{
	suspend_frontends();
	WRITE_ONCE(bus.order, ORDER_NONE);
	xenbus_tell();
	wait_event(&bus.work, READ_ONCE(bus.order));
	resume_frontends(bus.order == ORDER_RECONNECT);
	WRITE_ONCE(bus.order, ORDER_NONE);
	xenbus_tell();
}

static void give_order(int order)
{
	WRITE_ONCE(bus.order, order);
	wake_all(&bus.work);
	wait_event(&xenbus_moved, !READ_ONCE(bus.order));
}

static int bus_suspend(void)
{
	give_order(ORDER_SUSPEND);
	return 0;
}

static void bus_resume(bool lost)
{
	give_order(lost ? ORDER_RECONNECT : ORDER_CONTINUE);
}

static struct suspend_hook bus_hook = {
	.name = "xenbus",
	.suspend = bus_suspend,
	.resume = bus_resume,
};

static void worker_thread(void *arg)
{
	for (;;) {
		wait_event(&bus.work,
			   READ_ONCE(bus.peers) || checks_waiting() || READ_ONCE(bus.order));
		if (READ_ONCE(bus.order))
			obey();
		serve_checks();
		WRITE_ONCE(bus.peers, false);
		mb(); /* Whoever sets a peer_fired that we do not see sets `peers` again. */
		serve_peers();
	}
}

/* --- For everyone ---------------------------------------------------------------------------- */

int xenbus_register(struct xenbus_driver *driver)
{
	int rc = 0;

	if (!xs_available())
		return -ENOTCONN;
	str_format(driver->watch_path, sizeof(driver->watch_path), "%s/%s",
		   driver->side == XENBUS_FRONTEND ? "device" : "backend", driver->type);
	driver->watch = (struct xs_watch){
		.path = driver->watch_path,
		.fired = driver_fired,
		.arg = driver,
	};
	mutex_lock(&bus.lock);
	if (!bus.worker)
		bus.worker = thread_create("xenbus", worker_thread, NULL, 0);
	if (bus.worker && !bus.drivers)
		suspend_register(&bus_hook);
	if (bus.worker) {
		driver->next = bus.drivers;
		bus.drivers = driver;
	} else {
		rc = -ENOMEM;
	}
	mutex_unlock(&bus.lock);
	return rc ? rc : xs_watch(&driver->watch); /* fires at once: the first scan */
}

/* How many frontends of the type are connected; -EAGAIN if some may still become so. */
static int frontends_connected(const char *type)
{
	const struct xenbus_driver *driver;
	const struct xenbus_device *dev;
	bool wait = false;
	int count = 0;

	mutex_lock(&bus.lock);
	for (driver = bus.drivers; driver; driver = driver->next) {
		if (driver->side == XENBUS_FRONTEND && !strcmp(driver->type, type))
			wait |= !driver->scanned;
	}
	for (dev = bus.devices; dev; dev = dev->next) {
		if (dev->driver->side != XENBUS_FRONTEND || strcmp(dev->driver->type, type))
			continue;
		count += dev->state == XenbusStateConnected;
		wait |= dev->state < XenbusStateConnected;
	}
	mutex_unlock(&bus.lock);
	return wait ? -EAGAIN : count;
}

int xenbus_wait_frontends(const char *type, unsigned int timeout_ms)
{
	ns_t deadline = clock_deadline(timeout_ms * NS_PER_MS);

	for (;;) {
		uint32_t seen = __atomic_load_n(&xenbus_changes, __ATOMIC_ACQUIRE);
		int count = frontends_connected(type);

		if (count != -EAGAIN)
			return count;
		if (!wait_event_until(&xenbus_moved, READ_ONCE(xenbus_changes) != seen, deadline))
			return -ETIMEDOUT;
	}
}
