/* SPDX-License-Identifier: MIT */
/* Permissions of a store node: who may read and write it, and how the wire spells that. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define XS_PERM_NONE  0u
#define XS_PERM_READ  1u
#define XS_PERM_WRITE 2u

/* Asked for, never stored: may change the permissions themselves. */
#define XS_PERM_OWNER 4u

/* "r12\0" and "b65535\0" fit. */
#define XS_PERM_STRLEN 8

/*
 * One entry of a node's list. In the first entry `domid` is the owner, who may do everything, and
 * `access` what domains without an entry of their own may do. Every other entry is about its domid.
 */
struct xs_perm {
	uint16_t domid;
	uint16_t access; /* XS_PERM_READ | XS_PERM_WRITE */
};

/* A list, never changed after it was made: nodes with equal permissions share one. */
struct perms {
	uint32_t refs;
	uint32_t count; /* at least 1 */
	struct xs_perm entry[];
};

/*
 * Who asks. Domain 0 is privileged. A domain with a target (a device model) may do on the target's
 * behalf what the target may; without one, target == domid.
 */
struct actor {
	uint16_t domid;
	uint16_t target;
	bool privileged;
};

/* A new list with one reference, entries copied; NULL without memory. */
struct perms *perms_make(const struct xs_perm *entries, unsigned int count);
struct perms *perms_get(struct perms *perms);
void perms_put(struct perms *perms);

/*
 * The list of a new node below one with `parent`: inherited, but owned by the domain that makes it
 * (the privileged one leaves the owner as it is). A reference for the caller; NULL without memory.
 */
struct perms *perms_inherit(struct perms *parent, const struct actor *who);

/* The list without any entry for `domid` but the owner's; the same one if there is none. */
struct perms *perms_without(struct perms *perms, uint16_t domid);

static inline uint16_t perms_owner(const struct perms *perms)
{
	return perms->entry[0].domid;
}

/* What `who` may do: XS_PERM_* or'ed. */
unsigned int perms_allowed(const struct perms *perms, const struct actor *who);

/* "r5" to an entry; false if it is not one. */
bool perm_parse(const char *text, struct xs_perm *perm);

/* An entry to "r5", XS_PERM_STRLEN bytes at most. Returns its length without the NUL. */
size_t perm_format(char *out, struct xs_perm perm);
