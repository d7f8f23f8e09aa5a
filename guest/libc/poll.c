/* SPDX-License-Identifier: MIT */
/* poll and select. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/select.h>
#include <sys/time.h>

#include "guest/clock.h"
#include "guest/file.h"
#include "guest/libc/libc.h"

int poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
	ns_t deadline = timeout_ms < 0 ? NS_FOREVER
			: !timeout_ms  ? 0
				       : clock_deadline((ns_t)timeout_ms * NS_PER_MS);

	return (int)libc_result(file_poll(fds, count, deadline));
}

/* The sets as a list for poll. Returns its length. */
static size_t sets_to_list(int count, const fd_set *in, const fd_set *out, const fd_set *except,
			   struct pollfd *list)
{
	size_t n = 0;
	int fd;

	for (fd = 0; fd < count; fd++) {
		short events = (short)((in && FD_ISSET(fd, in) ? POLLIN : 0) |
				       (out && FD_ISSET(fd, out) ? POLLOUT : 0) |
				       (except && FD_ISSET(fd, except) ? POLLPRI : 0));

		if (events)
			list[n++] = (struct pollfd){ .fd = fd, .events = events };
	}
	return n;
}

/* A file that has ended or failed is ready for whatever was asked: the call that follows tells. */
static int list_to_sets(const struct pollfd *list, size_t n, fd_set *in, fd_set *out,
			fd_set *except)
{
	int bits = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		const struct pollfd *p = &list[i];
		bool failed = p->revents & (POLLERR | POLLHUP);

		if (p->revents & POLLNVAL)
			return -EBADF;
		if (p->events & POLLIN && (failed || p->revents & POLLIN)) {
			FD_SET(p->fd, in);
			bits++;
		}
		if (p->events & POLLOUT && (failed || p->revents & POLLOUT)) {
			FD_SET(p->fd, out);
			bits++;
		}
		if (p->events & POLLPRI && p->revents & POLLPRI) {
			FD_SET(p->fd, except);
			bits++;
		}
	}
	return bits;
}

/* The sets are changed only when all went well. */
static int select_until(int count, fd_set *in, fd_set *out, fd_set *except, ns_t deadline)
{
	struct pollfd *list;
	size_t n;
	int result;

	if (count < 0 || count > FD_SETSIZE)
		return -EINVAL;
	list = malloc(((size_t)count + 1) * sizeof(*list));
	if (!list)
		return -ENOMEM;
	n = sets_to_list(count, in, out, except, list);
	result = file_poll(list, n, deadline);
	if (result >= 0) {
		if (in)
			FD_ZERO(in);
		if (out)
			FD_ZERO(out);
		if (except)
			FD_ZERO(except);
		result = list_to_sets(list, n, in, out, except);
	}
	free(list);
	return result;
}

int select(int count, fd_set *in, fd_set *out, fd_set *except, struct timeval *timeout)
{
	ns_t deadline = NS_FOREVER, wait;

	if (timeout) {
		if (timeout->tv_sec < 0 || timeout->tv_usec < 0 || timeout->tv_usec >= 1000000)
			return (int)libc_result(-EINVAL);
		wait = (ns_t)timeout->tv_sec * NS_PER_S + (ns_t)timeout->tv_usec * NS_PER_US;
		deadline = wait ? clock_deadline(wait) : 0;
	}
	return (int)libc_result(select_until(count, in, out, except, deadline));
}

int pselect(int count, fd_set *in, fd_set *out, fd_set *except, const struct timespec *timeout,
	    const sigset_t *mask)
{
	ns_t deadline = NS_FOREVER;

	if (timeout) {
		if (!timespec_valid(timeout))
			return (int)libc_result(-EINVAL);
		deadline = timespec_ns(timeout) ? clock_deadline(timespec_ns(timeout)) : 0;
	}
	return (int)libc_result(select_until(count, in, out, except, deadline));
}
