/* SPDX-License-Identifier: MIT */
/* Pipes: a ring of bytes between two descriptors. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guest/file.h"
#include "guest/libc/libc.h"
#include "lib/string.h"

#define PIPE_SIZE 4096u /* a power of two; writes of at most PIPE_BUF are not torn */

/*
 * Each end is a file, whose close takes its half away; the last one frees the pipe. Readers and
 * writers copy with the lock held and sleep without it: everything that changes wakes the one
 * queue, and whoever wakes looks again.
 */
struct pipe {
	struct mutex lock;
	unsigned int head, tail; /* lock; free running: written, read */
	bool reader, writer;     /* that end is open; cleared with wait_lock(&queue) */
	struct wait_queue queue; /* woken by any change */
	char data[PIPE_SIZE];
};

static unsigned int used(const struct pipe *pipe)
{
	return READ_ONCE(pipe->head) - READ_ONCE(pipe->tail);
}

/* Copies between the ring at `at` and buf, around its end. lock held. */
static void ring_copy(struct pipe *pipe, unsigned int at, void *buf, size_t len, bool out)
{
	size_t first = MIN(len, (size_t)(PIPE_SIZE - at % PIPE_SIZE));
	char *place = pipe->data + at % PIPE_SIZE;

	if (out) {
		memcpy(buf, place, first);
		memcpy((char *)buf + first, pipe->data, len - first);
	} else {
		memcpy(place, buf, first);
		memcpy(pipe->data, (char *)buf + first, len - first);
	}
}

static ssize_t pipe_read(struct file *f, void *buf, size_t len)
{
	struct pipe *pipe = f->data;
	size_t n;

	if (!len)
		return 0;
	for (;;) {
		mutex_lock(&pipe->lock);
		n = MIN((size_t)used(pipe), len);
		if (n) {
			ring_copy(pipe, pipe->tail, buf, n, true);
			pipe->tail += (unsigned int)n;
		}
		mutex_unlock(&pipe->lock);
		if (n) {
			wake_all(&pipe->queue);
			return (ssize_t)n;
		}
		if (!pipe->writer)
			return 0;
		if (file_nonblock(f))
			return -EAGAIN;
		wait_event(&pipe->queue, used(pipe) || !READ_ONCE(pipe->writer));
	}
}

/* What fits into an empty pipe goes in one piece or waits; more goes as room comes. */
static ssize_t pipe_write(struct file *f, const void *buf, size_t len)
{
	struct pipe *pipe = f->data;
	size_t done = 0, n, least = len <= PIPE_SIZE ? len : 1;

	while (done < len) {
		mutex_lock(&pipe->lock);
		n = PIPE_SIZE - used(pipe);
		n = n < least ? 0 : MIN(n, len - done);
		if (pipe->reader && n) {
			ring_copy(pipe, pipe->head, (char *)buf + done, n, false);
			pipe->head += (unsigned int)n;
		}
		mutex_unlock(&pipe->lock);
		if (!pipe->reader) {
			raise(SIGPIPE);
			return -EPIPE;
		}
		done += n;
		if (n)
			wake_all(&pipe->queue);
		else if (file_nonblock(f))
			return done ? (ssize_t)done : -EAGAIN;
		else
			wait_event(&pipe->queue,
				   PIPE_SIZE - used(pipe) >= least || !READ_ONCE(pipe->reader));
	}
	return (ssize_t)done;
}

static bool is_reader(const struct file *f)
{
	return (f->flags & O_ACCMODE) == O_RDONLY;
}

static short pipe_poll(struct file *f, short events, struct poller *poller)
{
	struct pipe *pipe = f->data;

	if (poller)
		poll_add(poller, &pipe->queue);
	if (is_reader(f))
		return (short)((used(pipe) ? POLLIN | POLLRDNORM : 0) |
			       (READ_ONCE(pipe->writer) ? 0 : POLLHUP));
	return (short)((used(pipe) < PIPE_SIZE ? POLLOUT | POLLWRNORM : 0) |
		       (READ_ONCE(pipe->reader) ? 0 : POLLERR));
}

static int pipe_fstat(struct file *f, struct stat *st)
{
	st->st_mode = S_IFIFO | 0600;
	st->st_nlink = 1;
	st->st_blksize = PIPE_SIZE;
	return 0;
}

static int pipe_ioctl(struct file *f, unsigned long request, void *arg)
{
	if (request != FIONREAD)
		return -ENOTTY;
	*(int *)arg = (int)used(f->data);
	return 0;
}

static int pipe_close(struct file *f)
{
	struct pipe *pipe = f->data;
	unsigned long flags;
	bool last;

	/*
	 * One step: were the ends closed by two threads, the second could free the pipe while the
	 * first is about to wake its queue.
	 */
	flags = wait_lock(&pipe->queue);
	if (is_reader(f))
		pipe->reader = false;
	else
		pipe->writer = false;
	last = !pipe->reader && !pipe->writer;
	wake_all_locked(&pipe->queue);
	wait_unlock(&pipe->queue, flags);
	if (last)
		free(pipe);
	return 0;
}

static const struct file_ops pipe_ops = {
	.name = "pipe",
	.read = pipe_read,
	.write = pipe_write,
	.poll = pipe_poll,
	.fstat = pipe_fstat,
	.ioctl = pipe_ioctl,
	.close = pipe_close,
};

static int pipe_make(int fds[2], int flags)
{
	struct pipe *pipe = calloc(1, sizeof(*pipe));

	if (!pipe)
		return -ENOMEM;
	mutex_init(&pipe->lock);
	wait_queue_init(&pipe->queue);
	pipe->reader = pipe->writer = true;
	fds[0] = file_install(&pipe_ops, pipe, O_RDONLY | (flags & O_NONBLOCK));
	if (fds[0] < 0) {
		free(pipe);
		return fds[0];
	}
	fds[1] = file_install(&pipe_ops, pipe, O_WRONLY | (flags & O_NONBLOCK));
	if (fds[1] < 0) {
		pipe->writer = false;
		file_close(fds[0]);
		return fds[1];
	}
	return 0;
}

int pipe(int fds[2])
{
	return (int)libc_result(pipe_make(fds, 0));
}

int pipe2(int fds[2], int flags)
{
	return (int)libc_result(pipe_make(fds, flags));
}
