/* SPDX-License-Identifier: MIT */
/* Reading directories. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guest/file.h"
#include "guest/libc/libc.h"

DIR *fdopendir(int fd)
{
	struct file *f = file_get(fd);
	DIR *dir;
	int err = !f ? -EBADF : !f->ops->readdir ? -ENOTDIR : 0;

	if (f)
		file_put(f);
	if (err) {
		errno = -err;
		return NULL;
	}
	dir = malloc(sizeof(*dir));
	if (dir)
		dir->fd = fd;
	return dir;
}

DIR *opendir(const char *path)
{
	int fd = open(path, O_RDONLY);
	DIR *dir;

	if (fd < 0)
		return NULL;
	dir = fdopendir(fd);
	if (!dir) {
		int err = errno;

		close(fd);
		errno = err;
	}
	return dir;
}

int closedir(DIR *dir)
{
	int fd = dir->fd;

	free(dir);
	return close(fd);
}

/* 1: an entry, 0: the end, or -errno. */
static int next_entry(DIR *dir, struct dirent *entry)
{
	struct file *f = file_get(dir->fd);
	int result;

	if (!f)
		return -EBADF;
	mutex_lock(&f->pos_lock);
	result = f->ops->readdir(f, entry);
	mutex_unlock(&f->pos_lock);
	file_put(f);
	return result;
}

struct dirent *readdir(DIR *dir)
{
	int result = next_entry(dir, &dir->entry);

	if (result < 0)
		errno = -result;
	return result > 0 ? &dir->entry : NULL;
}

int readdir_r(DIR *dir, struct dirent *entry, struct dirent **out)
{
	int result = next_entry(dir, entry);

	*out = result > 0 ? entry : NULL;
	return result < 0 ? -result : 0;
}

void rewinddir(DIR *dir)
{
	lseek(dir->fd, 0, SEEK_SET);
}

long telldir(DIR *dir)
{
	return lseek(dir->fd, 0, SEEK_CUR);
}

void seekdir(DIR *dir, long pos)
{
	lseek(dir->fd, pos, SEEK_SET);
}

int dirfd(DIR *dir)
{
	return dir->fd;
}

int alphasort(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int keep(struct dirent ***list, int count, const struct dirent *entry)
{
	struct dirent **bigger, *copy;

	/* Grows by doubling, whenever the count is a power of two. */
	if (!(count & (count - 1))) {
		bigger = realloc(*list, (size_t)(count ? count * 2 : 1) * sizeof(*bigger));
		if (!bigger)
			return -ENOMEM;
		*list = bigger;
	}
	copy = malloc(sizeof(*copy));
	if (!copy)
		return -ENOMEM;
	*copy = *entry;
	(*list)[count] = copy;
	return 0;
}

int scandir(const char *path, struct dirent ***out, int (*want)(const struct dirent *),
	    int (*compare)(const struct dirent **, const struct dirent **))
{
	DIR *dir = opendir(path);
	struct dirent **list = NULL, *entry;
	int count = 0, err = 0;

	if (!dir)
		return -1;
	while (!err && (entry = readdir(dir))) {
		if (want && !want(entry))
			continue;
		err = keep(&list, count, entry);
		count += !err;
	}
	closedir(dir);
	if (err) {
		while (count)
			free(list[--count]);
		free(list);
		return (int)libc_result(err);
	}
	if (compare && count)
		qsort(list, (size_t)count, sizeof(*list),
		      (int (*)(const void *, const void *))compare);
	*out = list;
	return count;
}
