/* SPDX-License-Identifier: MIT */
/* Xenbus: the directories that are to be looked at, from the store's events to the worker. */
#include <stdlib.h>
#include <string.h>

#include "guest/lock.h"
#include "xenstore/xenbus_core.h"

/*
 * A toolstack that makes a device writes a dozen nodes, and removing a domain takes a subtree: all
 * that matters is to look at the device once afterwards. So events are gathered here by directory,
 * and what the worker has not come to yet is not noted again.
 */
static struct {
	struct mutex lock;
	struct check *first; /* in the order of their events; each path once for a driver */
	bool lost;           /* there was no memory for one */
} checks = { .lock = MUTEX_INIT(checks.lock) };

static unsigned int device_depth(const struct xenbus_driver *driver)
{
	return driver->side == XENBUS_FRONTEND ? 3 : 4;
}

unsigned int xenbus_levels(const struct xenbus_driver *driver, const char *path, size_t *len)
{
	unsigned int left = device_depth(driver);
	const char *at = path;

	for (;;) {
		left--;
		at += strcspn(at, "/");
		if (!left || !*at)
			break;
		at++;
	}
	*len = at - path;
	return left;
}

void checks_add(struct xenbus_driver *driver, const char *path, size_t len)
{
	struct check **at = &checks.first, *check;

	if (len >= XENBUS_PATH_MAX)
		return;
	mutex_lock(&checks.lock);
	for (; (check = *at); at = &check->next) {
		if (check->driver == driver && !strncmp(check->path, path, len) &&
		    !check->path[len])
			goto out;
	}
	check = calloc(1, sizeof(*check));
	if (check) {
		check->driver = driver;
		memcpy(check->path, path, len);
		*at = check;
	} else {
		checks.lost = true;
	}
out:
	mutex_unlock(&checks.lock);
}

struct check *checks_take(void)
{
	struct check *check;

	mutex_lock(&checks.lock);
	check = checks.first;
	if (check)
		checks.first = check->next;
	mutex_unlock(&checks.lock);
	return check;
}

bool checks_waiting(void)
{
	return READ_ONCE(checks.first) || READ_ONCE(checks.lost);
}

bool checks_lost(void)
{
	bool lost;

	mutex_lock(&checks.lock);
	lost = checks.lost;
	checks.lost = false;
	mutex_unlock(&checks.lock);
	return lost;
}
