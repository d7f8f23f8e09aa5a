/* SPDX-License-Identifier: MIT */
/* Sending and receiving on sockets, in the forms that POSIX has for it. */

#include <errno.h>
#include <limits.h>

#include "net/socket.h"

static ssize_t result_of(ssize_t n)
{
	return n < 0 ? -errno : n;
}

static bool may_wait(const struct file *file, int flags)
{
	return !file_nonblock(file) && !(flags & MSG_DONTWAIT);
}

/* --- Inside: -errno -------------------------------------------------------------------------- */

static ssize_t send_stream(struct file *file, struct socket *socket, const struct msghdr *message,
			   int flags)
{
	ssize_t n;

	if (may_wait(file, flags))
		mutex_lock(&socket->sending);
	else if (!mutex_trylock(&socket->sending))
		return -EAGAIN;
	n = result_of(message->msg_iovlen == 1
			      ? lwip_send(socket->number, message->msg_iov[0].iov_base,
					  message->msg_iov[0].iov_len, flags)
			      : lwip_sendmsg(socket->number, message, flags));
	mutex_unlock(&socket->sending);
	return n == -ENOTCONN ? -EPIPE : n;
}

ssize_t socket_send(struct file *file, struct socket *socket, const struct msghdr *message,
		    int flags)
{
	flags &= MSG_MORE | MSG_DONTWAIT;
	if (message->msg_iovlen < 0 || message->msg_iovlen > IOV_MAX)
		return -EMSGSIZE;
	if (socket->stream)
		return send_stream(file, socket, message, flags);
	if (message->msg_iovlen == 1)
		return result_of(lwip_sendto(socket->number, message->msg_iov[0].iov_base,
					     message->msg_iov[0].iov_len, flags, message->msg_name,
					     message->msg_namelen));
	return result_of(lwip_sendmsg(socket->number, message, flags));
}

/* MSG_WAITALL, which lwIP has not: goes on until the one buffer is full, or the stream ends. */
static ssize_t receive_all(struct socket *socket, char *buf, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = lwip_recv(socket->number, buf + done, len - done, 0);

		if (n <= 0)
			return done ? (ssize_t)done : result_of(n);
		done += (size_t)n;
	}
	return (ssize_t)done;
}

ssize_t socket_receive(struct file *file, struct socket *socket, struct msghdr *message, int flags)
{
	bool all = flags & MSG_WAITALL && socket->stream && may_wait(file, flags) &&
		   !(flags & MSG_PEEK) && message->msg_iovlen == 1;

	if (flags & MSG_OOB)
		return -EOPNOTSUPP;
	flags &= MSG_PEEK | MSG_DONTWAIT;
	if (all)
		return receive_all(socket, message->msg_iov[0].iov_base,
				   message->msg_iov[0].iov_len);
	if (message->msg_iovlen == 1 && !message->msg_control) {
		ssize_t n = lwip_recvfrom(socket->number, message->msg_iov[0].iov_base,
					  message->msg_iov[0].iov_len, flags, message->msg_name,
					  message->msg_name ? &message->msg_namelen : NULL);

		message->msg_flags = 0;
		return result_of(n);
	}
	return result_of(lwip_recvmsg(socket->number, message, flags));
}

/* --- POSIX's functions ----------------------------------------------------------------------- */

static ssize_t finish(ssize_t n)
{
	if (n >= 0)
		return n;
	errno = (int)-n;
	return -1;
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
	struct file *file;
	struct socket *socket = socket_get(fd, &file);
	ssize_t n;

	if (!socket)
		return -1;
	n = socket_send(file, socket, message, flags);
	file_put(file);
	return finish(n);
}

ssize_t sendto(int fd, const void *buf, size_t len, int flags, const struct sockaddr *to,
	       socklen_t to_len)
{
	struct iovec iov = { .iov_base = (void *)buf, .iov_len = len };
	struct msghdr message = {
		.msg_name = (void *)to,
		.msg_namelen = to ? to_len : 0,
		.msg_iov = &iov,
		.msg_iovlen = 1,
	};

	return sendmsg(fd, &message, flags);
}

ssize_t send(int fd, const void *buf, size_t len, int flags)
{
	return sendto(fd, buf, len, flags, NULL, 0);
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
	struct file *file;
	struct socket *socket = socket_get(fd, &file);
	ssize_t n;

	if (!socket)
		return -1;
	n = socket_receive(file, socket, message, flags);
	file_put(file);
	return finish(n);
}

ssize_t recvfrom(int fd, void *buf, size_t len, int flags, struct sockaddr *from,
		 socklen_t *from_len)
{
	struct iovec iov = { .iov_base = buf, .iov_len = len };
	struct msghdr message = {
		.msg_name = from,
		.msg_namelen = from && from_len ? *from_len : 0,
		.msg_iov = &iov,
		.msg_iovlen = 1,
	};
	ssize_t n = recvmsg(fd, &message, flags);

	if (n >= 0 && from && from_len)
		*from_len = message.msg_namelen;
	return n;
}

ssize_t recv(int fd, void *buf, size_t len, int flags)
{
	return recvfrom(fd, buf, len, flags, NULL, NULL);
}
