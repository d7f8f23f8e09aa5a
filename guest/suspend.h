/* SPDX-License-Identifier: MIT */
/*
 * Suspend: the domain is saved, and goes on from there, in a new domain or in the same.
 *
 * In a new domain every machine frame is another. Page tables, the p2m and start_info are set
 * right by the toolstack; a frame number anywhere else is wrong. So whoever takes one uses it
 * before upcalls are unmasked; or holds suspends off; or forgets it in a hook.
 */
#pragma once

#include "guest/types.h"
#include "lib/list.h"

/*
 * For a thread that keeps machine addresses while it sleeps (a request to a disk): between the two
 * the domain is not suspended. Not nested; may sleep while a suspend is under way.
 */
void suspend_hold(void);
void suspend_release(void);

/*
 * Parts that talk to other domains. Hooks run in a thread: `suspend` those registered last first,
 * `resume` those registered first first. suspend: 0, or -errno and the domain goes on; it may wait,
 * but is not asked again. After it the part lets go of what it shares until `resume`. lost: this is
 * a new domain; no port, grant or peer of before is left.
 */
struct suspend_hook {
	const char *name;
	int (*suspend)(void);
	void (*resume)(bool lost);
	struct list link; /* private */
};

void suspend_register(struct suspend_hook *hook);

/* Ask for it, as the toolstack does through control/shutdown. Returns at once. */
void suspend_request(void);
