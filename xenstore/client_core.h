/* SPDX-License-Identifier: MIT */
/* Between the parts of the store client, and whoever gives it a transport. Not for users. */
#pragma once

#include "xenstore/client.h"
#include "xenstore/wire.h"

/*
 * Start using a page whose other end a daemon serves; once. `notify` tells the daemon that
 * something moved, from any thread, and must not sleep for long.
 */
void client_attach(struct xenstore_domain_interface *intf, void (*notify)(void *arg), void *arg);

/*
 * Where the daemon is in this image: a call that does what concerns nodes and transactions, at
 * once. `len`: of the pieces together. Returns what client_request does. Before client_attach.
 */
struct piece;
void client_attach_call(int (*call)(uint32_t type, xs_tx_t tx, const struct piece *pieces,
				    unsigned int count, size_t len, char **answer));

/* The daemon moved something: called by the transport, from any context. */
void client_input(void);

/* A piece of a request's payload. */
struct piece {
	const void *data;
	size_t len;
};

/*
 * Send a request, sleep until it is answered. Returns the length of the answer, which is written to
 * *answer, NUL-terminated, for the caller to free(); answer may be NULL. Or -errno.
 */
int client_request(uint32_t type, xs_tx_t tx, const struct piece *pieces, unsigned int count,
		   char **answer);

/*
 * The same without an answer: to be followed by a client_request, which goes behind it and tells
 * the daemon of both.
 */
void client_post(uint32_t type, const struct piece *pieces, unsigned int count);

/*
 * A transaction enters before its start and leaves after its end, so that it does not last over a
 * suspend; client_enter sleeps while there is one.
 */
void client_enter(void);
void client_leave(void);

/* The pieces of dir and node with their slash and the closing NUL: at most PATH_PIECES. */
#define PATH_PIECES 4
unsigned int path_pieces(struct piece *pieces, const char *dir, const char *node);

/* Tell a new daemon of every watch. */
void client_watch_again(void);

/* --- Between client.c and client_watch.c ----------------------------------------------------- */

/*
 * An event's payload came, of `len` bytes and a NUL; takes it over. NULL: there was no memory for
 * it, so it may have been for any watch. With the client's lock held.
 */
void client_event(char *payload, size_t len);

/* For the watch thread, who reads when nobody else is there to do it. */
bool client_input_waiting(void);
void client_read(void);

void client_lock(void);
void client_unlock(void);
void client_wake_watches(void);
