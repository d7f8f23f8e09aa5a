/* SPDX-License-Identifier: MIT */
/*
 * The descriptor table. A descriptor holds one reference to its file, and so does every call that
 * is inside it: the last one out closes it, so a close never pulls a file from under a read. For
 * example, thread A sleeps in read(5) when thread B calls close(5):
 *
 *	A: file_get(5)		refs 2	descriptor and A
 *	B: slot 5 emptied, put	refs 1	5 may name another file from now on
 *	A: wakes, reads, put	refs 0	close of the file, in A
 *
 * Looking a file up and counting it are one step, or B could free it in between. The slot's
 * own reference always goes to whoever takes the file out of the slot, so it is dropped once.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "guest/file.h"
#include "guest/panic.h"
#include "guest/spinlock.h"
#include "lib/string.h"

#define FIRST_SLOTS 8

_Static_assert(O_NONBLOCK == 0x4000, "file_nonblock");

static SPINLOCK(lock);

/* With the lock. The table grows, and never shrinks. */
static struct file *first_slots[FIRST_SLOTS];
static struct file **slots = first_slots;
static unsigned int slot_count = FIRST_SLOTS;

struct file *file_new(const struct file_ops *ops, void *data, int flags)
{
	struct file *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->ops = ops;
	f->data = data;
	f->flags = flags;
	f->refs = 1;
	mutex_init(&f->pos_lock);
	return f;
}

struct file *file_get(int fd)
{
	unsigned long flags = spin_lock_save(&lock);
	struct file *f = (unsigned int)fd < slot_count ? slots[fd] : NULL;

	if (f)
		f->refs++;
	spin_unlock_restore(&lock, flags);
	return f;
}

void file_put(struct file *f)
{
	unsigned long flags = spin_lock_save(&lock);
	bool last = --f->refs == 0;

	spin_unlock_restore(&lock, flags);
	if (!last)
		return;
	if (f->ops->close)
		f->ops->close(f);
	if (f->mount)
		mount_put(f->mount);
	free(f);
}

/* Double the table. 0, -EMFILE or -ENOMEM. */
static int table_grow(void)
{
	unsigned int old = slot_count;
	struct file **bigger, **before;
	unsigned long flags;

	if (old >= OPEN_MAX)
		return -EMFILE;
	bigger = calloc(old * 2, sizeof(*bigger));
	if (!bigger)
		return -ENOMEM;
	flags = spin_lock_save(&lock);
	before = slots;
	if (slot_count == old) {
		memcpy(bigger, slots, old * sizeof(*slots));
		slots = bigger;
		slot_count = old * 2;
	} else {
		before = bigger; /* somebody else grew it */
	}
	spin_unlock_restore(&lock, flags);
	if (before != first_slots)
		free(before);
	return 0;
}

/* The slot takes over the caller's reference, when there is one free. */
int file_install_at(struct file *f, int lowest)
{
	for (;;) {
		unsigned long flags = spin_lock_save(&lock);
		unsigned int fd;
		int err;

		for (fd = (unsigned int)lowest; fd < slot_count; fd++)
			if (!slots[fd]) {
				slots[fd] = f;
				break;
			}
		spin_unlock_restore(&lock, flags);
		if (fd < slot_count)
			return (int)fd;
		err = table_grow();
		if (err)
			return err;
	}
}

int file_install(const struct file_ops *ops, void *data, int flags)
{
	struct file *f = file_new(ops, data, flags);
	int fd;

	if (!f)
		return -ENOMEM;
	fd = file_install_at(f, 0);
	if (fd < 0)
		free(f); /* not file_put: the caller keeps what data points at */
	return fd;
}

/* Whoever takes a file out of its slot takes over the slot's reference. */
static struct file *slot_replace(int fd, struct file *with)
{
	unsigned long flags = spin_lock_save(&lock);
	struct file *f = (unsigned int)fd < slot_count ? slots[fd] : NULL;

	if ((unsigned int)fd < slot_count)
		slots[fd] = with;
	spin_unlock_restore(&lock, flags);
	return f;
}

int file_close(int fd)
{
	struct file *f = slot_replace(fd, NULL);

	if (!f)
		return -EBADF;
	file_put(f);
	return 0;
}

int file_dup(int fd, int lowest)
{
	struct file *f;
	int copy;

	if (lowest < 0 || lowest >= OPEN_MAX)
		return -EINVAL;
	f = file_get(fd);
	if (!f)
		return -EBADF;
	copy = file_install_at(f, lowest);
	if (copy < 0)
		file_put(f);
	return copy;
}

/*
 * The old file of `to` is closed after the new one is in place: the number is never free between.
 */
int file_dup_to(int fd, int to)
{
	struct file *f = file_get(fd), *old;

	if (!f)
		return -EBADF;
	if (to < 0 || to >= OPEN_MAX || to == fd) {
		file_put(f);
		return to == fd ? fd : -EBADF;
	}
	while ((unsigned int)to >= slot_count) {
		int err = table_grow();

		if (err) {
			file_put(f);
			return err;
		}
	}
	old = slot_replace(to, f);
	if (old)
		file_put(old);
	return to;
}

/* --- Reading and writing ------------------------------------------------ */

static bool readable(const struct file *f)
{
	return (f->flags & O_ACCMODE) != O_WRONLY;
}

static bool writable(const struct file *f)
{
	return (f->flags & O_ACCMODE) != O_RDONLY;
}

ssize_t file_read(struct file *f, void *buf, size_t len)
{
	ssize_t n;

	if (!readable(f))
		return -EBADF;
	if (f->ops->read)
		return f->ops->read(f, buf, len);
	if (!f->ops->pread)
		return f->ops->readdir ? -EISDIR : -EINVAL;
	mutex_lock(&f->pos_lock);
	n = f->ops->pread(f, buf, len, f->pos);
	if (n > 0)
		f->pos += n;
	mutex_unlock(&f->pos_lock);
	return n;
}

ssize_t file_write(struct file *f, const void *buf, size_t len)
{
	ssize_t n;

	if (!writable(f))
		return -EBADF;
	if (f->ops->write)
		return f->ops->write(f, buf, len);
	if (!f->ops->pwrite)
		return -EINVAL;
	mutex_lock(&f->pos_lock);
	if (f->flags & O_APPEND && f->ops->size)
		f->pos = f->ops->size(f);
	n = f->ops->pwrite(f, buf, len, f->pos);
	if (n > 0)
		f->pos += n;
	mutex_unlock(&f->pos_lock);
	return n;
}

ssize_t file_read_at(struct file *f, void *buf, size_t len, off_t pos)
{
	if (!readable(f))
		return -EBADF;
	if (!f->ops->pread)
		return f->ops->readdir ? -EISDIR : -ESPIPE;
	return pos < 0 ? -EINVAL : f->ops->pread(f, buf, len, pos);
}

ssize_t file_write_at(struct file *f, const void *buf, size_t len, off_t pos)
{
	if (!writable(f))
		return -EBADF;
	if (!f->ops->pwrite)
		return -ESPIPE;
	return pos < 0 ? -EINVAL : f->ops->pwrite(f, buf, len, pos);
}

static off_t seek_from(struct file *f, off_t offset, int whence)
{
	off_t base;

	switch (whence) {
	case SEEK_SET:
		base = 0;
		break;
	case SEEK_CUR:
		base = f->pos;
		break;
	case SEEK_END:
		if (!f->ops->size)
			return -EINVAL;
		base = f->ops->size(f);
		if (base < 0)
			return base;
		break;
	default:
		return -EINVAL;
	}
	if (__builtin_add_overflow(base, offset, &base))
		return -EOVERFLOW;
	return base < 0 ? -EINVAL : base;
}

off_t file_seek(struct file *f, off_t offset, int whence)
{
	off_t pos;

	if (!f->ops->pread && !f->ops->pwrite && !f->ops->readdir)
		return -ESPIPE;
	mutex_lock(&f->pos_lock);
	pos = seek_from(f, offset, whence);
	if (pos >= 0)
		f->pos = pos;
	mutex_unlock(&f->pos_lock);
	return pos;
}

void file_set_flags(struct file *f, int flags)
{
	const int changeable = O_NONBLOCK | O_APPEND;

	f->flags = (f->flags & ~changeable) | (flags & changeable);
	if (f->ops->flags_changed)
		f->ops->flags_changed(f);
}
