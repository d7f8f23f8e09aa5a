/* SPDX-License-Identifier: MIT */
/*
 * Preloaded into QEMU: its user-mode network listens on a forwarded port with a backlog of one,
 * so of a burst of connections the host drops most and tries them again for a minute. Here
 * listen() takes more.
 */
#include <sys/syscall.h>
#include <unistd.h>

#define BACKLOG 256

int listen(int fd, int backlog);

int listen(int fd, int backlog)
{
	return (int)syscall(SYS_listen, fd, backlog < BACKLOG ? BACKLOG : backlog);
}
