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
