/* SPDX-License-Identifier: MIT */
/* The store daemon of a privileged domain: serves its own client and every introduced domain. */
#pragma once

#include <stdbool.h>

/*
 * Whoever refers to this has the daemon linked in; it starts by itself at level bus, with the local
 * client attached, so that from level device on the store is there. True if it runs.
 */
bool xenstored_running(void);
