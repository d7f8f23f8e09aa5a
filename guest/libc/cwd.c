/* SPDX-License-Identifier: MIT */
/*
 * The working directory, and how a path becomes absolute and normal before any file system sees it:
 * "a/./b//../c" in "/data" becomes "/data/a/c". ".." is thus taken from the text: behind a symbolic
 * link to a directory it leads back to where the link stands.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guest/libc/libc.h"
#include "guest/lock.h"

static MUTEX(cwd_lock);
static char cwd[PATH_BYTES] = "/"; /* cwd_lock; absolute and normalised */

/* Append one component to an absolute path of *len bytes ("" is the root). */
static int append(char *buf, size_t size, size_t *len, const char *part, size_t part_len)
{
	if (part_len == 0 || (part_len == 1 && part[0] == '.'))
		return 0;
	if (part_len == 2 && part[0] == '.' && part[1] == '.') {
		while (*len && buf[--*len] != '/')
			;
		return 0;
	}
	if (*len + 1 + part_len >= size)
		return -ENAMETOOLONG;
	buf[(*len)++] = '/';
	memcpy(buf + *len, part, part_len);
	*len += part_len;
	return 0;
}

static int append_all(char *buf, size_t size, size_t *len, const char *path)
{
	int err = 0;

	while (!err && *path) {
		const char *end = strchr(path, '/');
		size_t n = end ? (size_t)(end - path) : strlen(path);

		err = append(buf, size, len, path, n);
		path += n + (end != NULL);
	}
	return err;
}

int path_resolve(const char *path, char *buf, size_t size)
{
	size_t len = 0;
	int err = 0;

	if (!path)
		return -EFAULT;
	if (!*path)
		return -ENOENT;
	if (path[0] != '/') {
		mutex_lock(&cwd_lock);
		err = append_all(buf, size, &len, cwd);
		mutex_unlock(&cwd_lock);
	}
	if (!err)
		err = append_all(buf, size, &len, path);
	if (!len)
		buf[len++] = '/';
	buf[len] = 0;
	return err;
}

int chdir(const char *path)
{
	char full[PATH_BYTES];
	struct stat st;
	int err = path_resolve(path, full, sizeof(full));

	if (err)
		return (int)libc_result(err);
	if (strcmp(full, "/")) {
		if (stat(full, &st))
			return -1;
		if (!S_ISDIR(st.st_mode))
			return (int)libc_result(-ENOTDIR);
	}
	mutex_lock(&cwd_lock);
	strlcpy(cwd, full, sizeof(cwd));
	mutex_unlock(&cwd_lock);
	return 0;
}

char *getcwd(char *buf, size_t size)
{
	char *to = buf;

	if (!buf) {
		size = size ? size : PATH_BYTES;
		to = malloc(size);
		if (!to)
			return NULL;
	}
	mutex_lock(&cwd_lock);
	if (strlcpy(to, cwd, size) < size) {
		mutex_unlock(&cwd_lock);
		return to;
	}
	mutex_unlock(&cwd_lock);
	if (!buf)
		free(to);
	errno = ERANGE;
	return NULL;
}

/* Links are not resolved: the file systems follow them inside. */
char *realpath(const char *path, char *resolved)
{
	char full[PATH_BYTES];
	struct stat st;
	int err = path_resolve(path, full, sizeof(full));

	if (err) {
		errno = -err;
		return NULL;
	}
	if (stat(full, &st))
		return NULL;
	return resolved ? strcpy(resolved, full) : strdup(full);
}
