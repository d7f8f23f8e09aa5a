/* SPDX-License-Identifier: MIT */
/* The frontend's half of a handshake, and what both kinds of device share. */
#include "hostile.h"

#include <string.h>

bool device_find(struct device *dev, const char *path)
{
	uint32_t backend;

	dev->path = path;
	if (xs_read(XS_NO_TX, path, "backend", dev->peer, sizeof(dev->peer)) < 0 ||
	    xs_read_u32(XS_NO_TX, path, "backend-id", &backend))
		return false;
	dev->backend = (domid_t)backend;
	return true;
}

void device_state(struct device *dev, enum xenbus_state state)
{
	if (dev->wish && (state == XenbusStateInitialised || state == XenbusStateConnected))
		xs_printf(XS_NO_TX, dev->path, dev->wish->node, "%u", dev->wish->value);
	xs_printf(XS_NO_TX, dev->path, "state", "%u", state);
}

/* The backend does not connect, because of the wish. */
static const char *refused(struct device *dev)
{
	char why[160];

	if (!device_await(dev, XenbusStateClosing))
		return "it is taken";
	xs_rm(XS_NO_TX, dev->path, dev->wish->node);
	if (xs_read(XS_NO_TX, dev->peer, "error", why, sizeof(why)) < 0)
		return "it does not say why";
	return strstr(why, dev->wish->why) ? NULL : "it is refused for another reason";
}

bool device_await(struct device *dev, enum xenbus_state state)
{
	return await(xenbus_read_state(dev->peer) == state);
}

bool device_restart(struct device *dev)
{
	for (unsigned int i = 0; i < DEVICE_QUEUES; i++) {
		if (dev->ports[i])
			evtchn_unbind(dev->ports[i]);
		dev->ports[i] = 0;
	}
	if (xenbus_read_state(dev->peer) != XenbusStateInitWait) {
		device_state(dev, XenbusStateClosing);
		device_state(dev, XenbusStateClosed);
		if (!device_await(dev, XenbusStateClosed))
			return false;
	}
	device_state(dev, XenbusStateInitialising);
	return device_await(dev, XenbusStateInitWait);
}

const char *device_wishes(struct device *dev, const struct wish *wishes, unsigned int count,
			  bool (*connect)(grant_ref_t))
{
	const char *wrong = NULL;

	for (unsigned int i = 0; i < count && !wrong; i++) {
		dev->wish = &wishes[i];
		wrong = connect(0) ? refused(dev) : "the backend does not take us back";
	}
	dev->wish = NULL;
	return connect(0) ? wrong : "the backend does not take us back";
}

evtchn_port_t device_port(struct device *dev, unsigned int queue)
{
	dev->ports[queue] = (evtchn_port_t)evtchn_alloc_for(DOMID_SELF, dev->backend);
	return dev->ports[queue];
}

/* The backend may hold the page for a moment longer than it needs it. */
void page_grant(struct device *dev, grant_ref_t *ref, void *page, bool readonly)
{
	if (!*ref)
		*ref = (grant_ref_t)gnttab_alloc();
	await(gnttab_end(*ref) == 0);
	gnttab_access(*ref, dev->backend, virt_to_mfn(page), readonly);
}

grant_ref_t nothing(void)
{
	static grant_ref_t ref;

	if (!ref)
		ref = (grant_ref_t)gnttab_alloc();
	return ref;
}

uint32_t random_next(void)
{
	static uint64_t state = 88172645463325252ULL;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 16);
}

const char *device_storm(evtchn_port_t port)
{
	ns_t end = clock_deadline(STORM);

	while (clock_ns() < end)
		for (unsigned int i = 0; i < 1000; i++)
			evtchn_notify(port);
	return NULL;
}

/* --- Somebody who writes while the backend reads ---------------------------------------------- */

static volatile uint8_t *meddled;
static size_t meddle_from;
static bool meddling, meddler_ended;

static void meddler(void *unused)
{
	(void)unused;
	while (READ_ONCE(meddling)) {
		size_t at = meddle_from + random_next() % (PAGE_SIZE - meddle_from);
		uint8_t old = meddled[at];

		meddled[at] = (uint8_t)random_next();
		if (random_next() & 1)
			meddled[at] = old; /* the lie lasts for a moment only */
	}
	WRITE_ONCE(meddler_ended, true);
}

void meddle_start(void *ring, size_t from)
{
	meddled = ring;
	meddle_from = from;
	meddling = true;
	meddler_ended = false;
	thread_create("meddler", meddler, NULL, 0);
}

void meddle_stop(void)
{
	WRITE_ONCE(meddling, false);
	await(READ_ONCE(meddler_ended));
}
