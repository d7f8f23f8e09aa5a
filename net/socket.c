/* SPDX-License-Identifier: MIT */
/* Sockets as files: the file table's operations, readiness, and how descriptors come about. */

#include "net/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "guest/spinlock.h"
#include "lwip/priv/sockets_priv.h"

/*
 * By lwIP's number: events come on the network threads. The lock keeps a socket while it is woken.
 */
static SPINLOCK(lock);
static struct socket *sockets[MEMP_NUM_NETCONN];

/* --- Readiness ------------------------------------------------------------------------------- */

/* In place of lwIP's callback on every connection: it counts, we wake. */
static void changed(struct netconn *conn, enum netconn_evt event, u16_t len);

static netconn_callback lwip_callback; /* the same for every socket; set with the first */

static void changed(struct netconn *conn, enum netconn_evt event, u16_t len)
{
	unsigned long flags;

	lwip_callback(conn, event, len);
	if (event == NETCONN_EVT_RCVMINUS || event == NETCONN_EVT_SENDMINUS)
		return;
	flags = spin_lock_save(&lock);
	if (conn->socket >= 0 && conn->socket < MEMP_NUM_NETCONN && sockets[conn->socket])
		wake_all(&sockets[conn->socket]->changed);
	spin_unlock_restore(&lock, flags);
}

static short socket_poll(struct file *file, short events, struct poller *poller)
{
	struct socket *socket = file->data;
	const struct lwip_sock *sock = lwip_socket_dbg_get_socket(socket->number);
	short ready = 0;

	if (poller)
		poll_add(poller, &socket->changed);
	if (!sock)
		return POLLERR;
	if (sock->lastdata.pbuf || sock->rcvevent > 0)
		ready |= POLLIN | POLLRDNORM;
	if (sock->sendevent)
		ready |= POLLOUT | POLLWRNORM;
	if (sock->errevent)
		ready |= POLLERR;
	return ready;
}

/* --- The file table's operations ------------------------------------------------------------- */

static ssize_t socket_read(struct file *file, void *buf, size_t len)
{
	struct iovec iov = { .iov_base = buf, .iov_len = len };
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };

	return socket_receive(file, file->data, &message, 0);
}

static ssize_t socket_write(struct file *file, const void *buf, size_t len)
{
	struct iovec iov = { .iov_base = (void *)buf, .iov_len = len };
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };

	return socket_send(file, file->data, &message, 0);
}

static int socket_fstat(struct file *file, struct stat *st)
{
	st->st_mode = S_IFSOCK | 0777;
	st->st_blksize = TCP_MSS;
	return 0;
}

static int socket_ioctl(struct file *file, unsigned long request, void *arg)
{
	struct socket *socket = file->data;

	return lwip_ioctl(socket->number, (long)request, arg) < 0 ? -errno : 0;
}

static void socket_flags_changed(struct file *file)
{
	struct socket *socket = file->data;
	int on = file_nonblock(file);

	lwip_ioctl(socket->number, FIONBIO, &on);
}

static void forget(struct socket *socket)
{
	unsigned long flags = spin_lock_save(&lock);

	sockets[socket->number] = NULL;
	spin_unlock_restore(&lock, flags);
}

static int socket_close(struct file *file)
{
	struct socket *socket = file->data;

	forget(socket);
	lwip_close(socket->number);
	free(socket);
	return 0;
}

const struct file_ops socket_ops = {
	.name = "socket",
	.read = socket_read,
	.write = socket_write,
	.poll = socket_poll,
	.fstat = socket_fstat,
	.ioctl = socket_ioctl,
	.flags_changed = socket_flags_changed,
	.close = socket_close,
};

/* --- Descriptors ----------------------------------------------------------------------------- */

struct socket *socket_get(int fd, struct file **file)
{
	*file = file_get(fd);
	if (!*file) {
		errno = EBADF;
		return NULL;
	}
	if ((*file)->ops != &socket_ops) {
		file_put(*file);
		errno = ENOTSOCK;
		return NULL;
	}
	return (*file)->data;
}

/* Puts our callback before lwIP's; connections that a listener accepts inherit it. */
static void hook(struct socket *socket)
{
	struct lwip_sock *sock = lwip_socket_dbg_get_socket(socket->number);
	unsigned long flags = spin_lock_save(&lock);

	if (sock->conn->callback != changed) {
		lwip_callback = sock->conn->callback;
		sock->conn->callback = changed;
	}
	sockets[socket->number] = socket;
	spin_unlock_restore(&lock, flags);
}

int socket_install(int number, bool stream, int flags)
{
	struct socket *socket = calloc(1, sizeof(*socket));
	int on = 1, fd;

	if (!socket) {
		lwip_close(number);
		errno = ENOMEM;
		return -1;
	}
	socket->number = number;
	socket->stream = stream;
	wait_queue_init(&socket->changed);
	mutex_init(&socket->sending);
	hook(socket);
	if (flags & SOCKET_NONBLOCK)
		lwip_ioctl(number, FIONBIO, &on);
	fd = file_install(&socket_ops, socket, O_RDWR | (flags & SOCKET_NONBLOCK ? O_NONBLOCK : 0));
	if (fd >= 0)
		return fd;
	forget(socket);
	lwip_close(number);
	free(socket);
	errno = -fd;
	return -1;
}
