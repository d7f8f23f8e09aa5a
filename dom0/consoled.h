/* SPDX-License-Identifier: MIT */
/* The console service: reads what domains print, keeps the last of it, and types for a person. */
#pragma once

#include "guest/types.h"

#include <xen/event_channel.h>

struct guest_console;

/*
 * Serve a domain: map its ring (grant GNTTAB_RESERVED_CONSOLE), bind its port. `name` prefixes its
 * lines on dom0's console and is copied. NULL: it cannot be served.
 */
struct guest_console *consoled_open(domid_t domid, evtchn_port_t port, const char *name);

/* Shows everything that the domain has written up to now, for one that writes no more. */
void consoled_flush(struct guest_console *console);

/* Everything that is still in the ring is read first. */
void consoled_close(struct guest_console *console);

/*
 * Attach this thread's terminal: what the domain printed lately is shown, then both directions are
 * copied until Ctrl-] is typed or the domain's console goes. Returns false for the latter.
 */
bool consoled_attach(domid_t domid);
