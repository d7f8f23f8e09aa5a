/* SPDX-License-Identifier: MIT */
/* The file table behind libc's descriptors, and the mount table behind its paths. */
#pragma once

#include <poll.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "guest/lock.h"
#include "guest/types.h"
#include "guest/wait.h"

struct dirent;
struct file;
struct poller;
struct statvfs;
struct timespec;

/*
 * What a kind of file can do. Each returns -errno on failure. A NULL entry answers what POSIX
 * says for a file of that kind (read: -EINVAL, lseek: -ESPIPE, ioctl: -ENOTTY, and so on).
 * Functions that sleep obey file_nonblock(f). Two threads may be in the same file at once:
 * locking is the implementation's; only `pos` is guarded by the table, for read, write, lseek and
 * readdir.
 */
struct file_ops {
	const char *name;

	/* For streams: what has no positions. */
	ssize_t (*read)(struct file *f, void *buf, size_t len);
	ssize_t (*write)(struct file *f, const void *buf, size_t len);

	/* Instead of the two above, for what has positions: the table keeps f->pos. */
	ssize_t (*pread)(struct file *f, void *buf, size_t len, off_t pos);
	ssize_t (*pwrite)(struct file *f, const void *buf, size_t len, off_t pos);

	/*
	 * Which of the events (POLLIN, POLLOUT, ...) hold now; POLLERR, POLLHUP always. If poller
	 * is not NULL, also poll_add the queue that is woken when that changes, before looking. A
	 * file without this function is always ready.
	 */
	short (*poll)(struct file *f, short events, struct poller *poller);

	off_t (*size)(struct file *f); /* for SEEK_END and O_APPEND */
	int (*fstat)(struct file *f, struct stat *st);
	int (*truncate)(struct file *f, off_t len);
	int (*sync)(struct file *f, bool data_only);
	int (*ioctl)(struct file *f, unsigned long request, void *arg);

	/*
	 * The next entry of a directory: 1, 0 at its end. f->pos is the implementation's cookie,
	 * 0 first.
	 */
	int (*readdir)(struct file *f, struct dirent *entry);

	/* The flags O_NONBLOCK, O_APPEND have changed in f->flags. Optional. */
	void (*flags_changed)(struct file *f);

	/* The last descriptor is gone and nobody is inside. f is freed afterwards. */
	int (*close)(struct file *f);
};

struct file {
	const struct file_ops *ops;
	void *data;   /* the implementation's */
	uint64_t ino; /* the implementation's, too */
	int flags;    /* O_ACCMODE, O_NONBLOCK, O_APPEND of open(2) */
	off_t pos;    /* guarded by pos_lock */
	struct mutex pos_lock;
	unsigned int refs;   /* descriptors and calls inside; the table's lock */
	struct mount *mount; /* NULL: not of a file system */
};

static inline bool file_nonblock(const struct file *f)
{
	return f->flags & 0x4000; /* newlib's O_NONBLOCK; checked in file.c */
}

/* A new file with its lowest free descriptor: the descriptor or -errno (-EMFILE, -ENOMEM). */
int file_install(const struct file_ops *ops, void *data, int flags);

/*
 * The file behind a descriptor, held until file_put; NULL if there is none. Whether it is one of
 * a kind tells f->ops: sockets answer -ENOTSOCK if it is not theirs.
 */
struct file *file_get(int fd);
void file_put(struct file *f);

/* In two steps, for what fills in a file before it can be seen: file_new, then file_install_at. */
struct file *file_new(const struct file_ops *ops, void *data, int flags);
int file_install_at(struct file *f, int lowest);

/* What libc's functions of similar names do; -errno on failure. */
int file_close(int fd);
int file_dup(int fd, int lowest);
int file_dup_to(int fd, int to);
ssize_t file_read(struct file *f, void *buf, size_t len);
ssize_t file_write(struct file *f, const void *buf, size_t len);
ssize_t file_read_at(struct file *f, void *buf, size_t len, off_t pos);
ssize_t file_write_at(struct file *f, const void *buf, size_t len, off_t pos);
off_t file_seek(struct file *f, off_t offset, int whence);
void file_set_flags(struct file *f, int flags); /* O_NONBLOCK and O_APPEND of them */

/* --- Polling ------------------------------------------------------------ */

/* One caller of poll or select, who waits on several queues; a file adds two of them at most. */
struct poller {
	struct wait_entry *entries;
	size_t used, max;
};

void poll_add(struct poller *poller, struct wait_queue *queue);

/*
 * As poll(2); deadline in clock_ns time, 0: only look, NS_FOREVER. The count of ready ones, or
 * -errno.
 */
int file_poll(struct pollfd *fds, size_t count, ns_t deadline);

/* --- File systems ------------------------------------------------------- */

/*
 * A file system answers for paths below its mount point. They come normalised and relative: "" is
 * its root, "a/b" a file; no "//", ".", ".." or trailing "/" in them. Symbolic links are its own
 * to follow (relative to its root). All return 0 or -errno; a NULL entry is -ENOSYS, or -EROFS
 * where read-only.
 */
struct fs_ops {
	const char *name;

	/*
	 * Fill in f->ops, data and ino. flags and mode as open(2), O_CREAT, O_EXCL, O_TRUNC
	 * included.
	 */
	int (*open)(void *fs, const char *path, int flags, mode_t mode, struct file *f);
	int (*stat)(void *fs, const char *path, bool follow, struct stat *st);
	int (*mkdir)(void *fs, const char *path, mode_t mode);
	int (*unlink)(void *fs, const char *path);
	int (*rmdir)(void *fs, const char *path);
	int (*rename)(void *fs, const char *from, const char *to);
	int (*link)(void *fs, const char *from, const char *to);
	int (*symlink)(void *fs, const char *target, const char *path);
	ssize_t (*readlink)(void *fs, const char *path, char *buf, size_t size);
	int (*chmod)(void *fs, const char *path, mode_t mode);
	int (*chown)(void *fs, const char *path, uid_t uid, gid_t gid);
	int (*truncate)(void *fs, const char *path, off_t len);
	int (*utimens)(void *fs, const char *path, const struct timespec times[2]);
	int (*statvfs)(void *fs, struct statvfs *st);
	int (*sync)(void *fs);
	int (*unmount)(void *fs); /* everything written, fs freed */
};

#define MOUNT_READONLY (1u << 0)

/*
 * Mount at an absolute path ("/", "/data"); the longest mount point that is a prefix of a path (in
 * whole components) answers for it. The path is copied. 0 or -errno (-EBUSY: taken).
 */
int mount_add(const char *point, const struct fs_ops *ops, void *fs, unsigned int flags);

/* -EBUSY while files are open in it. */
int mount_remove(const char *point);

/* Write everything back; and unmount all, open files or not, when the domain ends. */
int mount_sync_all(void);
void mount_shutdown(void);

/*
 * The mount that answers for an absolute, normalised path, and what of the path is below it; held
 * until mount_put. NULL: nothing is mounted there.
 */
struct mount *mount_get(const char *path, const char **below);
void mount_put(struct mount *mount);
const struct fs_ops *mount_ops(const struct mount *mount, void **fs);
bool mount_readonly(const struct mount *mount);

/* A device file in /dev, served by the table itself: open("/dev/NAME") calls `open`. */
struct device_file {
	const char *name;
	int (*open)(struct device_file *dev, struct file *f);
	mode_t mode; /* S_IFCHR | 0666, ... */
	void *arg;
	struct device_file *next; /* private */
};

void device_file_register(struct device_file *dev);
struct device_file *device_file_find(const char *path);
