/* SPDX-License-Identifier: MIT */
/* Rule: dom0 may write to the console and read from it; a guest may not; -ENOSYS for the rest. */
#include "../kit/kit.h"

static void peer_reads(void)
{
	char c;

	box.value[0] = hypercall(console_io, CONSOLEIO_read, 1, &c);
	box.value[1] = hypercall(console_io, 2, 0, 0);
}

TEST
{
	static const char text[] = "abi: console-io: written by the test itself = 1\n";
	static struct peer peer;
	char c = 'x';

	check("write", hypercall(console_io, CONSOLEIO_write, sizeof(text) - 1, text), 0);
	check("write of nothing", hypercall(console_io, CONSOLEIO_write, 0, text), 0);
	check("read while nobody types", hypercall(console_io, CONSOLEIO_read, 1, &c), 0);
	check("the byte, untouched", c, 'x');
	check("read of nothing", hypercall(console_io, CONSOLEIO_read, 0, &c), 0);
	check("sub-op 2", hypercall(console_io, 2, 0, 0), -XEN_ENOSYS);
	check("sub-op -1", hypercall(console_io, -1, 1, &c), -XEN_ENOSYS);

	peer_start(&peer, 1, peer_reads);
	check("a peer ends", peer_wait(&peer, 5000), SHUTDOWN_poweroff);
	check("its read", peer.box->value[0], -XEN_EPERM);
	check("its sub-op 2", peer.box->value[1], -XEN_EPERM);
}
