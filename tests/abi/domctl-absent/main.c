/* SPDX-License-Identifier: MIT */
/*
 * Rule: each domctl of a domain that is not there is -ESRCH, and of any domain when a guest asks
 * that is not privileged, -EPERM.
 */
#include "../kit/kit.h"

#define OP(name) { #name, XEN_DOMCTL_##name }

static const struct {
	const char *name;
	unsigned int command;
} ops[] = {
	OP(destroydomain), OP(pausedomain), OP(unpausedomain), OP(resumedomain), OP(max_mem),
	OP(max_vcpus), OP(setdomainhandle), OP(settimeoffset), OP(set_address_size),
	OP(get_address_size), OP(scheduler_op), OP(getnodeaffinity), OP(setnodeaffinity),
	OP(subscribe), OP(set_virq_handler), OP(settscinfo), OP(gettscinfo), OP(shadow_op),
	OP(setvcpucontext), OP(getvcpucontext), OP(getvcpuinfo), OP(getvcpuaffinity),
	OP(setvcpuaffinity), OP(sendtrigger), OP(getpageframeinfo3), OP(hypercall_init),
	OP(irq_permission), { "command 999", 999 },
};

static void peer_tries(void)
{
	struct xen_domctl op = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(ops); i++)
		box.value[i] = domctl(&op, ops[i].command, 0);
	box.value[100] = domctl(&op, XEN_DOMCTL_getdomaininfo, 0);
	box.value[101] = domctl(&op, XEN_DOMCTL_createdomain, 900);
	box.value[102] = domctl(&op, XEN_DOMCTL_pausedomain, 999);
	op.u.ioport_permission.nr_ports = 1;
	box.value[103] = domctl(&op, XEN_DOMCTL_ioport_permission, 0);
	op.u.iomem_permission = (struct xen_domctl_iomem_permission){ .nr_mfns = 1 };
	box.value[104] = domctl(&op, XEN_DOMCTL_iomem_permission, 0);
}

TEST
{
	static struct peer peer;
	struct xen_domctl op = { 0 };
	char text[64];

	peer_start(&peer, 1, peer_tries);
	check("a peer ends", peer_wait(&peer, 10000), SHUTDOWN_poweroff);
	for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
		str_format(text, sizeof(text), "%s of domain 999", ops[i].name);
		check(text, domctl(&op, ops[i].command, 999), -XEN_ESRCH);
		str_format(text, sizeof(text), "%s of DOMID_SELF", ops[i].name);
		check(text, domctl(&op, ops[i].command, DOMID_SELF), -XEN_ESRCH);
		str_format(text, sizeof(text), "%s by a guest", ops[i].name);
		check(text, peer.box->value[i], -XEN_EPERM);
	}
	check("getdomaininfo by a guest", peer.box->value[100], -XEN_EPERM);
	check("createdomain by a guest", peer.box->value[101], -XEN_EPERM);
	check("ioport_permission by a guest", peer.box->value[103], -XEN_EPERM);
	check("iomem_permission by a guest", peer.box->value[104], -XEN_EPERM);
	check("of a domain that is not there, by a guest", peer.box->value[102], -XEN_ESRCH);
}
