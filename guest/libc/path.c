/* SPDX-License-Identifier: MIT */
/*
 * POSIX's functions on paths, over the mount table. A path is resolved (cwd.c), its mount is found
 * and held for as long as the call is inside; an open file goes on holding it. Devices of /dev come
 * before mounts. Everybody is root.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/time.h>
#include <unistd.h>
#include <utime.h>

#include "guest/file.h"
#include "guest/libc/libc.h"

/* A path in its file system, held until place_leave. */
struct place {
	struct mount *mount;
	const struct fs_ops *ops;
	void *fs;
	const char *below;
	char path[PATH_BYTES];
};

static int place_find(struct place *place, const char *path, bool to_write)
{
	int err = path_resolve(path, place->path, sizeof(place->path));

	if (err)
		return err;
	place->mount = mount_get(place->path, &place->below);
	if (!place->mount)
		return -ENOENT;
	place->ops = mount_ops(place->mount, &place->fs);
	if (to_write && mount_readonly(place->mount)) {
		mount_put(place->mount);
		return -EROFS;
	}
	return 0;
}

static void place_leave(struct place *place)
{
	mount_put(place->mount);
}

/* Find the place of `path`, do `op` of its file system there if it has one, and leave. */
#define AT_PLACE(path, to_write, op, ...)                                                       \
	({                                                                                      \
		struct place place;                                                             \
		long place_result = place_find(&place, path, to_write);                         \
												\
		if (!place_result) {                                                            \
			place_result =                                                          \
				place.ops->op ? place.ops->op(place.fs, __VA_ARGS__) : -ENOSYS; \
			place_leave(&place);                                                    \
		}                                                                               \
		libc_result(place_result);                                                      \
	})

/* --- Opening ------------------------------------------------------------ */

static int open_device(struct device_file *dev, struct file *f)
{
	return dev->open(dev, f);
}

static int open_in_mount(const char *path, int flags, mode_t mode, struct file *f)
{
	bool to_write = (flags & O_ACCMODE) != O_RDONLY || flags & (O_CREAT | O_TRUNC);
	struct place place;
	int err = place_find(&place, path, false);

	if (err)
		return err;
	if (to_write && mount_readonly(place.mount) &&
	    ((flags & O_ACCMODE) != O_RDONLY || flags & O_TRUNC))
		err = -EROFS;
	else if (!place.ops->open)
		err = -ENOSYS;
	else
		err = place.ops->open(place.fs, place.below,
				      mount_readonly(place.mount) ? flags & ~O_CREAT : flags, mode,
				      f);
	/* An open file keeps its mount; file_put lets go. */
	if (err)
		place_leave(&place);
	else
		f->mount = place.mount;
	return err;
}

static int open_path(const char *path, int flags, mode_t mode)
{
	const int kept = O_ACCMODE | O_NONBLOCK | O_APPEND;
	char full[PATH_BYTES];
	struct device_file *dev;
	struct file *f;
	int err = path_resolve(path, full, sizeof(full)), fd;

	if (err)
		return err;
	f = file_new(NULL, NULL, flags & kept);
	if (!f)
		return -ENOMEM;
	dev = device_file_find(full);
	err = dev ? open_device(dev, f) : open_in_mount(full, flags, mode, f);
	if (err) {
		free(f);
		return err;
	}
	fd = file_install_at(f, 0);
	if (fd < 0)
		file_put(f);
	return fd;
}

int open(const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list args;

	if (flags & O_CREAT) {
		va_start(args, flags);
		mode = va_arg(args, mode_t) & 07777;
		va_end(args);
	}
	return (int)libc_result(open_path(path, flags, mode));
}

int creat(const char *path, mode_t mode)
{
	return open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
}

/* --- Asking ------------------------------------------------------------- */

static int stat_path(const char *path, bool follow, struct stat *st)
{
	char full[PATH_BYTES];
	struct device_file *dev;
	int err = path_resolve(path, full, sizeof(full));

	if (err)
		return (int)libc_result(err);
	memset(st, 0, sizeof(*st));
	dev = device_file_find(full);
	if (dev) {
		st->st_mode = dev->mode;
		st->st_nlink = 1;
		return 0;
	}
	return (int)AT_PLACE(full, false, stat, place.below, follow, st);
}

int stat(const char *path, struct stat *st)
{
	return stat_path(path, true, st);
}

int lstat(const char *path, struct stat *st)
{
	return stat_path(path, false, st);
}

/* Everybody is root: what exists can be read, and written unless the disk is read-only. */
int access(const char *path, int mode)
{
	struct stat st;
	struct place place;
	int err;

	if (stat(path, &st))
		return -1;
	if (mode & X_OK && S_ISREG(st.st_mode) && !(st.st_mode & 0111))
		return (int)libc_result(-EACCES);
	if (!(mode & W_OK) || S_ISCHR(st.st_mode))
		return 0;
	err = place_find(&place, path, true);
	if (!err)
		place_leave(&place);
	return (int)libc_result(err);
}

ssize_t readlink(const char *path, char *buf, size_t size)
{
	return AT_PLACE(path, false, readlink, place.below, buf, size);
}

int statvfs(const char *path, struct statvfs *buf)
{
	return (int)AT_PLACE(path, false, statvfs, buf);
}

/* --- Changing ----------------------------------------------------------- */

int mkdir(const char *path, mode_t mode)
{
	return (int)AT_PLACE(path, true, mkdir, place.below, mode & 07777);
}

int unlink(const char *path)
{
	return (int)AT_PLACE(path, true, unlink, place.below);
}

int rmdir(const char *path)
{
	return (int)AT_PLACE(path, true, rmdir, place.below);
}

int remove(const char *path)
{
	struct stat st;

	if (lstat(path, &st))
		return -1;
	return S_ISDIR(st.st_mode) ? rmdir(path) : unlink(path);
}

int symlink(const char *target, const char *path)
{
	return (int)AT_PLACE(path, true, symlink, target, place.below);
}

/* rename and link: both paths in one file system. */
static int with_two(const char *from, const char *to, bool link)
{
	struct place a, b;
	int (*op)(void *fs, const char *from, const char *to);
	int err = place_find(&a, from, true);

	if (err)
		return err;
	err = place_find(&b, to, true);
	if (!err) {
		op = link ? a.ops->link : a.ops->rename;
		err = a.mount != b.mount ? -EXDEV : op ? op(a.fs, a.below, b.below) : -ENOSYS;
		place_leave(&b);
	}
	place_leave(&a);
	return err;
}

/* Over an existing file, too, where the file system can. */
int rename(const char *from, const char *to)
{
	return (int)libc_result(with_two(from, to, false));
}

int link(const char *from, const char *to)
{
	return (int)libc_result(with_two(from, to, true));
}

int chmod(const char *path, mode_t mode)
{
	return (int)AT_PLACE(path, true, chmod, place.below, mode & 07777);
}

int chown(const char *path, uid_t uid, gid_t gid)
{
	return (int)AT_PLACE(path, true, chown, place.below, uid, gid);
}

int truncate(const char *path, off_t len)
{
	if (len < 0)
		return (int)libc_result(-EINVAL);
	return (int)AT_PLACE(path, true, truncate, place.below, len);
}

/* times NULL: now. */
int utimes(const char *path, const struct timeval *times)
{
	struct timespec ts[2];
	unsigned int i;

	for (i = 0; i < 2; i++) {
		if (times)
			ts[i] = (struct timespec){ times[i].tv_sec, times[i].tv_usec * 1000 };
		else
			clock_gettime(CLOCK_REALTIME, &ts[i]);
	}
	return (int)AT_PLACE(path, true, utimens, place.below, ts);
}

int utime(const char *path, const struct utimbuf *times)
{
	struct timeval tv[2];

	if (!times)
		return utimes(path, NULL);
	tv[0] = (struct timeval){ .tv_sec = times->actime };
	tv[1] = (struct timeval){ .tv_sec = times->modtime };
	return utimes(path, tv);
}

void sync(void)
{
	mount_sync_all();
}
