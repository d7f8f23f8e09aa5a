/* SPDX-License-Identifier: MIT */
/*
 * What the files of the BSD socket layer share. lwIP's sockets do the work; here they become files
 * with descriptors, polling and POSIX's errors. lwIP's own socket header stands in for ours in
 * these files: both define the same names with the same layouts.
 */
#pragma once

#include "guest/file.h"
#include "guest/lock.h"
#include "lwip/api.h"
#include "lwip/sockets.h"

/* The flags of socket and accept4 beside the type; sys/socket.h has the same. */
#define SOCKET_NONBLOCK 0x4000
#define SOCKET_CLOEXEC  0x40000

struct socket {
	int number; /* lwIP's */
	bool stream;
	struct wait_queue changed; /* woken when readiness may have changed */
	struct mutex sending;      /* one writer at a time: lwIP cannot have two in one stream */
	netconn_callback callback; /* lwIP's own */
};

extern const struct file_ops socket_ops;

/* The socket behind a descriptor, held until file_put(*file); NULL with errno set. */
struct socket *socket_get(int fd, struct file **file);

/* A descriptor for an lwIP socket, which it takes over also on failure: -1 with errno set. */
int socket_install(int number, bool stream, int flags);

ssize_t socket_send(struct file *file, struct socket *socket, const struct msghdr *message,
		    int flags);
ssize_t socket_receive(struct file *file, struct socket *socket, struct msghdr *message, int flags);
