/* SPDX-License-Identifier: MIT */
/* POSIX's functions on sockets, but for sending and receiving. */

#include <errno.h>
#include <fcntl.h>

#include "net/socket.h"

/* Runs a call of lwIP's, which sets errno itself, on the socket behind fd. */
#define WITH_SOCKET(fd, call)                                       \
	({                                                          \
		struct file *with_file;                             \
		struct socket *socket = socket_get(fd, &with_file); \
		int with_result = -1;                               \
		if (socket) {                                       \
			with_result = (call);                       \
			file_put(with_file);                        \
		}                                                   \
		with_result;                                        \
	})

int socket(int family, int type, int protocol)
{
	int flags = type & (SOCKET_NONBLOCK | SOCKET_CLOEXEC), number;

	type &= ~(SOCKET_NONBLOCK | SOCKET_CLOEXEC);
	if (family != AF_INET && family != AF_INET6) {
		errno = EAFNOSUPPORT;
		return -1;
	}
	number = lwip_socket(family, type, protocol);
	return number < 0 ? -1 : socket_install(number, type == SOCK_STREAM, flags);
}

int socketpair(int family, int type, int protocol, int fds[2])
{
	errno = EAFNOSUPPORT; /* there are no local sockets; pipe() connects threads */
	return -1;
}

int bind(int fd, const struct sockaddr *addr, socklen_t len)
{
	return WITH_SOCKET(fd, lwip_bind(socket->number, addr, len));
}

/* lwIP keeps a backlog in eight bits. */
int listen(int fd, int backlog)
{
	backlog = backlog < 1 ? 1 : backlog > 255 ? 255 : backlog;
	return WITH_SOCKET(fd, lwip_listen(socket->number, backlog));
}

int accept4(int fd, struct sockaddr *addr, socklen_t *len, int flags)
{
	int number = WITH_SOCKET(fd, lwip_accept(socket->number, addr, len));

	return number < 0 ? -1 : socket_install(number, true, flags);
}

int accept(int fd, struct sockaddr *addr, socklen_t *len)
{
	return accept4(fd, addr, len, 0);
}

int connect(int fd, const struct sockaddr *addr, socklen_t len)
{
	return WITH_SOCKET(fd, lwip_connect(socket->number, addr, len));
}

int shutdown(int fd, int how)
{
	return WITH_SOCKET(fd, lwip_shutdown(socket->number, how));
}

int getsockname(int fd, struct sockaddr *addr, socklen_t *len)
{
	return WITH_SOCKET(fd, lwip_getsockname(socket->number, addr, len));
}

int getpeername(int fd, struct sockaddr *addr, socklen_t *len)
{
	return WITH_SOCKET(fd, lwip_getpeername(socket->number, addr, len));
}

int getsockopt(int fd, int level, int name, void *value, socklen_t *len)
{
	return WITH_SOCKET(fd, lwip_getsockopt(socket->number, level, name, value, len));
}

int setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	return WITH_SOCKET(fd, lwip_setsockopt(socket->number, level, name, value, len));
}
