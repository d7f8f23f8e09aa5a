/* SPDX-License-Identifier: MIT */
/* Rule: a domctl of another version, operation, domain or caller is refused. */
#include "../kit/kit.h"

static void peer_tries(void)
{
	struct xen_domctl op = { 0 };

	box.value[0] = domctl(&op, XEN_DOMCTL_getdomaininfo, 0);
	box.value[1] = domctl(&op, XEN_DOMCTL_pausedomain, 0);
	box.value[2] = domctl(&op, XEN_DOMCTL_createdomain, 0);
	box.value[3] = domctl(&op, XEN_DOMCTL_destroydomain, start_info->flags);
}

TEST
{
	struct xen_domctl op = { .cmd = XEN_DOMCTL_getdomaininfo, .domain = 0 };
	static struct peer peer;
	static const struct {
		const char *name;
		unsigned int cmd;
	} ops[] = {
		{ "pausedomain", XEN_DOMCTL_pausedomain },
		{ "unpausedomain", XEN_DOMCTL_unpausedomain },
		{ "destroydomain", XEN_DOMCTL_destroydomain },
		{ "max_vcpus", XEN_DOMCTL_max_vcpus },
		{ "max_mem", XEN_DOMCTL_max_mem },
		{ "getvcpuinfo", XEN_DOMCTL_getvcpuinfo },
		{ "getvcpucontext", XEN_DOMCTL_getvcpucontext },
		{ "setvcpucontext", XEN_DOMCTL_setvcpucontext },
		{ "hypercall_init", XEN_DOMCTL_hypercall_init },
		{ "resumedomain", XEN_DOMCTL_resumedomain },
		{ "ioport_permission", XEN_DOMCTL_ioport_permission },
	};

	op.interface_version = XEN_DOMCTL_INTERFACE_VERSION - 1;
	check("version one below", hypercall(domctl, &op), -XEN_EACCES);
	op.interface_version = XEN_DOMCTL_INTERFACE_VERSION + 1;
	check("version one above", hypercall(domctl, &op), -XEN_EACCES);
	check("command 999 on dom0", domctl(&op, 999, 0), -XEN_ENOSYS);
	check("command 999 on nobody", domctl(&op, 999, 1000), -XEN_ESRCH);
	for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
		memset(&op, 0, sizeof(op));
		check(ops[i].name, domctl(&op, ops[i].cmd, 1000), -XEN_ESRCH);
	}
	check("destroydomain of ourselves", domctl(&op, XEN_DOMCTL_destroydomain, 0), -XEN_EINVAL);
	check("pausedomain of ourselves", domctl(&op, XEN_DOMCTL_pausedomain, 0), -XEN_EINVAL);
	check("pausedomain of DOMID_IO", domctl(&op, XEN_DOMCTL_pausedomain, DOMID_IO), -XEN_ESRCH);
	check("max_vcpus of ourselves", domctl(&op, XEN_DOMCTL_max_vcpus, 0), -XEN_EINVAL);

	peer_start(&peer, 1, peer_tries);
	check("a peer ends", peer_wait(&peer, 5000), SHUTDOWN_poweroff);
	check("its getdomaininfo of dom0", peer.box->value[0], -XEN_EPERM);
	check("its pausedomain of dom0", peer.box->value[1], -XEN_EPERM);
	check("its createdomain", peer.box->value[2], -XEN_EPERM);
	check("its destroydomain of dom0", peer.box->value[3], -XEN_EPERM);
}
