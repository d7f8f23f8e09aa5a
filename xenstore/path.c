/* SPDX-License-Identifier: MIT */
/* Store paths: the rules of the protocol for what a path may look like. */
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <xen/io/xs_wire.h>

#include "lib/format.h"
#include "xenstore/path.h"

_Static_assert(PATH_ROOM == XENSTORE_ABS_PATH_MAX + 1, "the longest path and its NUL");

/*
 * Two names stand beside the paths: "@introduceDomain" and "@releaseDomain" can be watched, and
 * have permissions, but are no nodes. "@" is a character like others inside a path, so only a
 * relative path that begins with it is refused here.
 */

static const bool path_char[256] = {
	['a' ... 'z'] = true, ['A' ... 'Z'] = true, ['0' ... '9'] = true,
	['-'] = true,	      ['_'] = true,	    ['@'] = true,
};

/* An absolute path: "/" or one or more of "/name". */
static bool path_valid(const char *path)
{
	const uint8_t *p = (const uint8_t *)path;

	if (*p != '/')
		return false;
	if (!p[1])
		return true;
	while (*p == '/') {
		if (!path_char[*++p])
			return false;
		while (path_char[*p])
			p++;
	}
	return !*p;
}

size_t store_path_domain(char *out, uint16_t domid)
{
	return str_format(out, PATH_DOMAIN_ROOM, "/local/domain/%u", domid);
}

int store_path_resolve(char *out, uint16_t domid, const char *path)
{
	size_t len = strlen(path), base = 0;

	if (path[0] != '/') {
		if (!len || len > XENSTORE_REL_PATH_MAX || path[0] == '@')
			return -EINVAL;
		base = store_path_domain(out, domid);
		out[base++] = '/';
	}
	if (base + len > XENSTORE_ABS_PATH_MAX)
		return -EINVAL;
	memcpy(out + base, path, len + 1);
	return path_valid(out) ? 0 : -EINVAL;
}

bool store_path_is_special(const char *path)
{
	return path[0] == '@' && strlen(path) <= XENSTORE_REL_PATH_MAX;
}

bool store_path_is_below(const char *path, const char *above)
{
	size_t len = strlen(above);

	if (above[0] == '/' && !above[1])
		return path[0] == '/';
	return !strncmp(path, above, len) && (!path[len] || (path[len] == '/' && above[0] == '/'));
}

const char *store_path_component(const char **at, size_t *len)
{
	const char *start = *at, *end;

	if (*start == '/')
		start++;
	if (!*start)
		return NULL;
	for (end = start; *end && *end != '/'; end++)
		;
	*at = end;
	*len = end - start;
	return start;
}
