/* SPDX-License-Identifier: MIT */
/* Ending: orderly on request, at exit of the application, or by a crash. */
#pragma once

#include "guest/types.h"

#include <xen/sched.h>

/*
 * Handlers run in a thread, the latest registered first, before the domain ends: flush disks, close
 * connections. They get at most SHUTDOWN_GRACE in all, then the domain ends without the rest.
 */
#define SHUTDOWN_GRACE (10 * NS_PER_S)

struct shutdown_handler {
	void (*fn)(unsigned int reason, void *arg);
	void *arg;
	struct shutdown_handler *next; /* private */
};

void shutdown_register(struct shutdown_handler *handler);

/*
 * Ask the application to end, as the toolstack does through control/shutdown. reason: SHUTDOWN_*
 * of <xen/sched.h>. Returns at once: SIGTERM is raised where the application handles it, else
 * the exit of the application begins: atexit functions, handlers, the end.
 */
void shutdown_request(unsigned int reason);

/* True once asked: an application's main loop may look. And the reason that was given. */
bool shutdown_requested(void);
unsigned int shutdown_reason(void);

/* The domain ends after SHUTDOWN_GRACE at the latest. The first call counts. */
void shutdown_limit(unsigned int reason);

/* Run the handlers and end the domain now. From a thread. */
NORETURN void shutdown_now(unsigned int reason);

/* End at once, nothing runs any more. Any context. */
NORETURN void shutdown_crash(void);
