/* SPDX-License-Identifier: MIT */
/* Rule: sysctl describes the machine to dom0 alone, in its own version. */
#include "../kit/kit.h"

static void peer_asks(void)
{
	struct xen_sysctl op = { .cmd = XEN_SYSCTL_physinfo,
				 .interface_version = XEN_SYSCTL_INTERFACE_VERSION };

	box.value[0] = hypercall(sysctl, &op);
}

TEST
{
	struct xen_sysctl op = { .cmd = XEN_SYSCTL_physinfo,
				 .interface_version = XEN_SYSCTL_INTERFACE_VERSION };
	struct xen_sysctl_physinfo *info = &op.u.physinfo;
	static struct peer peer;
	static char text[4096];

	check("physinfo", hypercall(sysctl, &op), 0);
	check("cpus", info->nr_cpus, processors());
	check("nodes", info->nr_nodes, 1);
	check("whole sockets", processors() % (info->threads_per_core * info->cores_per_socket), 0);
	check_that("pages of 512 MiB, less what is reserved",
		   info->total_pages > 130000 && info->total_pages <= 131072);
	check_that("free pages: what dom0 and the hypervisor leave",
		   info->free_pages > 90000 && info->free_pages < info->total_pages - 15000);
	check_that("the TSC's frequency", info->cpu_khz > 100000);
	check("PV domains can be made", info->capabilities & XEN_SYSCTL_PHYSCAP_pv,
	      XEN_SYSCTL_PHYSCAP_pv);

	op = (struct xen_sysctl){ .cmd = XEN_SYSCTL_readconsole,
				  .interface_version = XEN_SYSCTL_INTERFACE_VERSION };
	op.u.readconsole.count = sizeof(text) - 1;
	set_xen_guest_handle(op.u.readconsole.buffer, text);
	check("readconsole", hypercall(sysctl, &op), 0);
	check_that("it holds something", op.u.readconsole.count > 0 && text[0]);

	op.interface_version++;
	check("another version", hypercall(sysctl, &op), -XEN_EACCES);
	op.interface_version = XEN_SYSCTL_INTERFACE_VERSION;
	op.cmd = 999;
	check("command 999", hypercall(sysctl, &op), -XEN_ENOSYS);
	peer_start(&peer, 1, peer_asks);
	check("a peer ends", peer_wait(&peer, 5000), SHUTDOWN_poweroff);
	check("its physinfo", peer.box->value[0], -XEN_EPERM);
}
