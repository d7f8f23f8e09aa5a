/* SPDX-License-Identifier: MIT */
/* The xenstore client: requests, transactions and watches, over the ring or inside dom0. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xenstore/perms.h"

/*
 * Every path is told as a directory and a node in it: ("backend/vif/3/0", "state"). Either may be
 * NULL or "", then the other is the whole path. A path without a leading slash is relative to the
 * caller's own /local/domain/<domid>.
 *
 * All functions may be called from any thread, also from watch and xenbus callbacks, and sleep
 * until the answer is there. All of them return 0 (or the count or length that they name), or
 * -errno as the store told it:
 *	-ENOENT		no such node (or, writing relative, no such parent)
 *	-EACCES		not permitted
 *	-EINVAL		malformed path, or malformed value for the typed readers
 *	-EAGAIN		transaction lost a race: run it again (xs_transact does)
 *	-ENOSPC, -E2BIG	quota, or too long for a message or for the caller's buffer
 *	-ENOTCONN	no store to talk to, or the connection broke
 */

/* A transaction; XS_NO_TX for requests outside any. */
typedef struct {
	uint32_t id;
} xs_tx_t;

#define XS_NO_TX ((xs_tx_t){ 0 })

/* True once there is a store to talk to. A domain without one (started bare) gets -ENOTCONN. */
bool xs_available(void);

/* --- Values ---------------------------------------------------------------------------------- */

/* Read into `buf`, always NUL-terminated. Returns the length without NUL; -E2BIG if too long. */
int xs_read(xs_tx_t tx, const char *dir, const char *node, char *buf, size_t size);

/* Read into memory that the caller frees with free(); NUL-terminated. Returns the length. */
int xs_read_alloc(xs_tx_t tx, const char *dir, const char *node, char **value);

/* Numbers: decimal or 0x-hexadecimal, nothing before or after, else -EINVAL; -ERANGE if too big. */
int xs_read_u64(xs_tx_t tx, const char *dir, const char *node, uint64_t *value);
int xs_read_u32(xs_tx_t tx, const char *dir, const char *node, uint32_t *value);

/*
 * For features: `fallback` if the node is missing, unreadable or no number. Never fails.
 */
uint32_t xs_read_u32_or(xs_tx_t tx, const char *dir, const char *node, uint32_t fallback);

int xs_write(xs_tx_t tx, const char *dir, const char *node, const void *value, size_t len);

/*
 * The same value into several nodes, for those who do not ask which of them were refused: one round
 * trip for all. Returns what came of the last one.
 */
int xs_write_all(const char *dir, const char *const *nodes, unsigned int count, const void *value,
		 size_t len);

/* Write a formatted value (str_format's conversions), at most 1023 characters, else -E2BIG. */
int xs_printf(xs_tx_t tx, const char *dir, const char *node, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

int xs_mkdir(xs_tx_t tx, const char *dir, const char *node);

/* Remove a node and everything below it; 0 also if it did not exist but its parent did. */
int xs_rm(xs_tx_t tx, const char *dir, const char *node);

/* 1 if the node exists, 0 if not. */
int xs_exists(xs_tx_t tx, const char *dir, const char *node);

/*
 * The names of a node's children, of any number. Returns the count. The array and its strings are
 * one block, which the caller frees with free(*names); it is never NULL after success.
 */
int xs_directory(xs_tx_t tx, const char *dir, const char *node, char ***names);

/* perms[0] names the owner and everyone else's access. At most 32 entries. */
int xs_set_perms(xs_tx_t tx, const char *dir, const char *node, const struct xs_perm *perms,
		 unsigned int count);

/* Returns how many entries the node has; writes at most `max` of them. */
int xs_get_perms(xs_tx_t tx, const char *dir, const char *node, struct xs_perm *perms,
		 unsigned int max);

/* --- Transactions ---------------------------------------------------------------------------- */

int xs_transaction_start(xs_tx_t *tx);
int xs_transaction_end(xs_tx_t tx, bool abort);

/*
 * Run `body` in a transaction and commit it; again from the start for as long as others interfere.
 * If body returns a negative number the transaction is aborted and that number returned (-EAGAIN
 * means: again). body may run several times, so it changes nothing outside the store.
 */
int xs_transact(int (*body)(xs_tx_t tx, void *arg), void *arg);

/* --- Watches --------------------------------------------------------------------------------- */

/*
 * The caller owns the memory and fills in the first part; it stays put until xs_unwatch returned.
 * `fired` runs on the watch thread, one event at a time, once right after xs_watch and then for
 * every change at or below `path`; `changed` is the path that changed, relative if `path` is. It
 * may make requests and sleep briefly, but all other watches wait for it: long work goes elsewhere.
 * An event says "look again", no more: several changes may come as one event, in any order.
 * Special paths: "@introduceDomain", "@releaseDomain".
 */
struct xs_watch {
	const char *path;
	void (*fired)(struct xs_watch *watch, const char *changed);
	void *arg;

	/* Private to the client. */
	struct xs_watch *next;
	uint32_t token;
};

int xs_watch(struct xs_watch *watch);

/*
 * After this returned, `fired` neither runs nor will run. Called from `fired` itself it does not
 * wait for itself.
 */
int xs_unwatch(struct xs_watch *watch);

/* --- For dom0's toolstack (a privileged connection) ------------------------------------------ */

/* Let the store serve a domain: its ring is the frame `gfn`, `port` its unbound event channel. */
int xs_introduce(uint16_t domid, unsigned long gfn, uint32_t port);
int xs_release(uint16_t domid);

/* 1 if introduced, else 0. */
int xs_is_introduced(uint16_t domid);
int xs_resume(uint16_t domid);
int xs_set_target(uint16_t domid, uint16_t target);

/* Writes "/local/domain/<domid>". */
int xs_domain_path(uint16_t domid, char *buf, size_t size);

/*
 * A control command of the daemon with its parameters, `words` of them ("quota", "max nodes"...).
 * The answer is written NUL-terminated to buf. Returns its length.
 */
int xs_control(const char *const *words, unsigned int count, char *buf, size_t size);
