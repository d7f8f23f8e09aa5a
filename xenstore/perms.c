/* SPDX-License-Identifier: MIT */
/* Permissions of a store node: shared lists, and who may do what by them. */
#include <stdlib.h>
#include <string.h>

#include "lib/format.h"
#include "xenstore/perms.h"

/*
 * Nearly all nodes of a domain have the same two or three entries, inherited from its directory, so
 * lists are shared and counted: a thousand nodes cost one list. A list is never changed once it is
 * in use; who wants another makes another.
 */

struct perms *perms_make(const struct xs_perm *entries, unsigned int count)
{
	struct perms *perms = malloc(sizeof(*perms) + count * sizeof(*entries));

	if (!perms)
		return NULL;
	perms->refs = 1;
	perms->count = count;
	memcpy(perms->entry, entries, count * sizeof(*entries));
	return perms;
}

struct perms *perms_get(struct perms *perms)
{
	perms->refs++;
	return perms;
}

void perms_put(struct perms *perms)
{
	if (perms && !--perms->refs)
		free(perms);
}

struct perms *perms_inherit(struct perms *parent, const struct actor *who)
{
	struct perms *perms;

	if (who->privileged || perms_owner(parent) == who->domid)
		return perms_get(parent);
	perms = perms_make(parent->entry, parent->count);
	if (perms)
		perms->entry[0].domid = who->domid;
	return perms;
}

struct perms *perms_without(struct perms *perms, uint16_t domid)
{
	unsigned int kept = 1;
	struct perms *less;

	for (unsigned int i = 1; i < perms->count; i++)
		kept += perms->entry[i].domid != domid;
	if (kept == perms->count)
		return perms_get(perms);
	less = perms_make(perms->entry, kept);
	if (!less)
		return NULL;
	kept = 1;
	for (unsigned int i = 1; i < perms->count; i++) {
		if (perms->entry[i].domid != domid)
			less->entry[kept++] = perms->entry[i];
	}
	return less;
}

unsigned int perms_allowed(const struct perms *perms, const struct actor *who)
{
	uint16_t owner = perms_owner(perms);

	if (who->privileged || owner == who->domid || owner == who->target)
		return XS_PERM_READ | XS_PERM_WRITE | XS_PERM_OWNER;
	for (unsigned int i = 1; i < perms->count; i++) {
		uint16_t domid = perms->entry[i].domid;

		if (domid == who->domid || domid == who->target)
			return perms->entry[i].access;
	}
	return perms->entry[0].access;
}

/* The letter's position is the access mask. */
static const char access_letters[] = "nrwb";

bool perm_parse(const char *text, struct xs_perm *perm)
{
	const char *letter = *text ? strchr(access_letters, *text) : NULL;
	uint32_t domid = 0;

	if (!letter || !text[1])
		return false;
	while (*++text) {
		if (*text < '0' || *text > '9')
			return false;
		domid = domid * 10 + (*text - '0');
		if (domid > UINT16_MAX)
			return false;
	}
	*perm = (struct xs_perm){ .domid = domid, .access = letter - access_letters };
	return true;
}

size_t perm_format(char *out, struct xs_perm perm)
{
	return str_format(out, XS_PERM_STRLEN, "%c%u", access_letters[perm.access & 3], perm.domid);
}
