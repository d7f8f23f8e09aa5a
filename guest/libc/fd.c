/* SPDX-License-Identifier: MIT */
/* POSIX's functions on descriptors, over guest/file.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

#include "guest/file.h"
#include "guest/libc/libc.h"
#include "lib/string.h"

/*
 * Run `call`, which may use `f`, on the file behind fd; its result becomes errno's and the
 * caller's.
 */
#define WITH_FILE(fd, call)                    \
	({                                     \
		struct file *f = file_get(fd); \
		long with_result = -EBADF;     \
					       \
		if (f) {                       \
			with_result = (call);  \
			file_put(f);           \
		}                              \
		libc_result(with_result);      \
	})

ssize_t read(int fd, void *buf, size_t len)
{
	return WITH_FILE(fd, file_read(f, buf, len));
}

ssize_t write(int fd, const void *buf, size_t len)
{
	return WITH_FILE(fd, file_write(f, buf, len));
}

ssize_t pread(int fd, void *buf, size_t len, off_t pos)
{
	return WITH_FILE(fd, file_read_at(f, buf, len, pos));
}

ssize_t pwrite(int fd, const void *buf, size_t len, off_t pos)
{
	return WITH_FILE(fd, file_write_at(f, buf, len, pos));
}

/* One call for each piece; a short one ends it, and an error only counts if nothing came before. */
static ssize_t read_vector(struct file *f, const struct iovec *iov, int count)
{
	ssize_t total = 0;
	int i;

	for (i = 0; i < count; i++) {
		ssize_t n = iov[i].iov_len ? file_read(f, iov[i].iov_base, iov[i].iov_len) : 0;

		if (n < 0)
			return total ? total : n;
		total += n;
		if ((size_t)n < iov[i].iov_len)
			break;
	}
	return total;
}

static ssize_t write_vector(struct file *f, const struct iovec *iov, int count)
{
	ssize_t total = 0;
	int i;

	for (i = 0; i < count; i++) {
		ssize_t n = iov[i].iov_len ? file_write(f, iov[i].iov_base, iov[i].iov_len) : 0;

		if (n < 0)
			return total ? total : n;
		total += n;
		if ((size_t)n < iov[i].iov_len)
			break;
	}
	return total;
}

ssize_t readv(int fd, const struct iovec *iov, int count)
{
	if (count < 0 || count > IOV_MAX)
		return libc_result(-EINVAL);
	return WITH_FILE(fd, read_vector(f, iov, count));
}

ssize_t writev(int fd, const struct iovec *iov, int count)
{
	if (count < 0 || count > IOV_MAX)
		return libc_result(-EINVAL);
	return WITH_FILE(fd, write_vector(f, iov, count));
}

off_t lseek(int fd, off_t offset, int whence)
{
	return WITH_FILE(fd, file_seek(f, offset, whence));
}

static int stat_file(struct file *f, struct stat *st)
{
	memset(st, 0, sizeof(*st));
	return f->ops->fstat ? f->ops->fstat(f, st) : -EINVAL;
}

int fstat(int fd, struct stat *st)
{
	return (int)WITH_FILE(fd, stat_file(f, st));
}

int isatty(int fd)
{
	struct stat st;

	if (fstat(fd, &st))
		return 0;
	if (S_ISCHR(st.st_mode) && st.st_rdev == LIBC_TTY_DEV)
		return 1;
	errno = ENOTTY;
	return 0;
}

/* What cannot be synchronised (a pipe, the console) says so, as POSIX wants. */
static int sync_file(struct file *f, bool data_only)
{
	return f->ops->sync ? f->ops->sync(f, data_only) : -EINVAL;
}

int fsync(int fd)
{
	return (int)WITH_FILE(fd, sync_file(f, false));
}

int fdatasync(int fd)
{
	return (int)WITH_FILE(fd, sync_file(f, true));
}

static int truncate_file(struct file *f, off_t len)
{
	if (len < 0 || (f->flags & O_ACCMODE) == O_RDONLY)
		return -EINVAL;
	return f->ops->truncate ? f->ops->truncate(f, len) : -EINVAL;
}

int ftruncate(int fd, off_t len)
{
	return (int)WITH_FILE(fd, truncate_file(f, len));
}

static int statvfs_file(struct file *f, struct statvfs *buf)
{
	const struct fs_ops *ops;
	void *fs;

	if (!f->mount)
		return -ENOSYS;
	ops = mount_ops(f->mount, &fs);
	return ops->statvfs ? ops->statvfs(fs, buf) : -ENOSYS;
}

int fstatvfs(int fd, struct statvfs *buf)
{
	return (int)WITH_FILE(fd, statvfs_file(f, buf));
}

static int ioctl_file(struct file *f, unsigned long request, void *arg)
{
	if (request == FIONBIO) {
		file_set_flags(f, *(int *)arg ? f->flags | O_NONBLOCK : f->flags & ~O_NONBLOCK);
		return 0;
	}
	return f->ops->ioctl ? f->ops->ioctl(f, request, arg) : -ENOTTY;
}

int ioctl(int fd, unsigned long request, ...)
{
	va_list args;
	void *arg;

	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);
	return (int)WITH_FILE(fd, ioctl_file(f, request, arg));
}

int close(int fd)
{
	return (int)libc_result(file_close(fd));
}

int dup(int fd)
{
	return (int)libc_result(file_dup(fd, 0));
}

int dup2(int fd, int to)
{
	return (int)libc_result(file_dup_to(fd, to));
}

static int set_flags(struct file *f, int flags)
{
	file_set_flags(f, flags);
	return 0;
}

/* There is one process: locks of its own never conflict, and nothing is executed over it. */
int fcntl(int fd, int command, ...)
{
	va_list args;
	long arg;

	va_start(args, command);
	arg = va_arg(args, long);
	va_end(args);
	switch (command) {
	case F_DUPFD:
	case F_DUPFD_CLOEXEC:
		return (int)libc_result(file_dup(fd, (int)arg));
	case F_GETFD:
		return (int)WITH_FILE(fd, 0);
	case F_SETFD:
		return (int)WITH_FILE(fd, 0);
	case F_GETFL:
		return (int)WITH_FILE(fd, f->flags & (O_ACCMODE | O_NONBLOCK | O_APPEND));
	case F_SETFL:
		return (int)WITH_FILE(fd, set_flags(f, (int)arg));
	case F_SETLK:
	case F_SETLKW:
		return (int)WITH_FILE(fd, 0);
	case F_GETLK:
		((struct flock *)arg)->l_type = F_UNLCK;
		return (int)WITH_FILE(fd, 0);
	default:
		return (int)libc_result(-EINVAL);
	}
}
