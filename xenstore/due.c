/* SPDX-License-Identifier: MIT */
/*
 * Links that are due. Only these are looked at, in the order in which they became so: a round costs
 * what those with work cost, however many others are connected. A link is due when its peer moved
 * something, or when an answer or event was queued for it. One whose ring is full is not: its peer
 * sends an event when it has read.
 */
#include "xenstore/link.h"

static struct link *posted; /* the last first; anybody adds, the daemon's thread takes all */
static struct link *first, **end = &first; /* taken, in order: that thread's own */

void link_post(struct link *link)
{
	if (__atomic_exchange_n(&link->due, true, __ATOMIC_SEQ_CST))
		return;
	link->next = READ_ONCE(posted);
	while (!__atomic_compare_exchange_n(&posted, &link->next, link, false, __ATOMIC_SEQ_CST,
					    __ATOMIC_RELAXED))
		;
}

void link_wake(struct link *link)
{
	link_post(link);
	wake_one(&daemon.wake);
}

bool links_posted(void)
{
	return READ_ONCE(posted);
}

/* Put what was posted behind what was taken before. */
static void take(void)
{
	struct link *link = __atomic_exchange_n(&posted, NULL, __ATOMIC_SEQ_CST);
	struct link *turned = NULL, **last = link ? &link->next : end, *next;

	for (; link; link = next) {
		next = link->next;
		link->next = turned;
		turned = link;
	}
	*end = turned;
	end = last;
}

struct link *link_next(void)
{
	struct link *link;

	if (links_posted())
		take();
	link = first;
	if (!link)
		return NULL;
	first = link->next;
	if (!first)
		end = &first;
	return link;
}

void link_forget(struct link *link)
{
	struct link **at = &first;

	take();
	while (*at && *at != link)
		at = &(*at)->next;
	if (!*at)
		return;
	*at = link->next;
	if (!link->next)
		end = at;
}
