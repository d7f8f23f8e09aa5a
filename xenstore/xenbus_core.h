/* SPDX-License-Identifier: MIT */
/* Between the bus and its devices. Not for drivers. */
#pragma once

#include "guest/wait.h"
#include "xenstore/xenbus.h"

/* Woken when the state of a device or of its peer may have changed. */
extern struct wait_queue xenbus_moved;

/* Counts such changes: read it before looking, wait until it differs. */
extern uint32_t xenbus_changes;

void xenbus_tell(void);

/*
 * Write to a node of the device, if the device is still there: a directory that was removed must
 * not come back as a stray node. -ENOENT if it is gone.
 */
int xenbus_write_node(const char *dir, const char *node, const char *value);

/* A directory to look at: one device's, or one above, which stands for all devices in it. */
struct check {
	struct check *next;
	struct xenbus_driver *driver;
	char path[XENBUS_PATH_MAX];
};

/*
 * How many levels above a device's directory (device/vif/0, backend/vif/3/0) a path is: 0 for the
 * directory itself and what is below it. *len is how much of the path belongs to the directory.
 */
unsigned int xenbus_levels(const struct xenbus_driver *driver, const char *path, size_t *len);

/* Note one, if it is not noted already; take the oldest, for the caller to free. Any thread. */
void checks_add(struct xenbus_driver *driver, const char *path, size_t len);
struct check *checks_take(void);

/* Whether there is anything to do; whether one could not be noted since the last call. */
bool checks_waiting(void);
bool checks_lost(void);
