/* SPDX-License-Identifier: MIT */
/* Rule: sendtrigger raises an NMI in a vcpu; a PV domain has no buttons. */
#include "../kit/kit.h"
#include <xen/nmi.h>

#define TRAP_nmi 2

static long trigger(domid_t domid, unsigned int vcpu_id, unsigned int what)
{
	struct xen_domctl op = { .u.sendtrigger = { .trigger = what, .vcpu = vcpu_id } };

	return domctl(&op, XEN_DOMCTL_sendtrigger, domid);
}

static bool on_nmi(struct cpu_user_regs *regs)
{
	if (regs->entry_vector != TRAP_nmi)
		return false;
	box.value[1]++;
	return true;
}

static void peer_waits(void)
{
	struct xennmi_callback callback = { .handler_address = trap_stub(TRAP_nmi) };

	trap_hook = on_nmi;
	box.value[2] = hypercall(nmi_op, XENNMI_register_callback, &callback);
	box.value[0] = 1;
	box.value[3] = wait_for(READ_ONCE(box.value[1]), 20000);
}

TEST
{
	static struct peer peer;

	peer_start(&peer, 1, peer_waits);
	check_that("a peer waits", wait_for(peer.box->value[0], 5000));
	check("it has a callback", peer.box->value[2], 0);
	check("an NMI for a vcpu that is not there",
	      trigger(peer.id, 1, XEN_DOMCTL_SENDTRIGGER_NMI), -XEN_ESRCH);
	check("for a domain that is not there", trigger(999, 0, XEN_DOMCTL_SENDTRIGGER_NMI),
	      -XEN_ESRCH);
	check("the power button", trigger(peer.id, 0, XEN_DOMCTL_SENDTRIGGER_POWER), -XEN_EINVAL);
	check("the sleep button", trigger(peer.id, 0, XEN_DOMCTL_SENDTRIGGER_SLEEP), -XEN_EINVAL);
	check("a reset", trigger(peer.id, 0, XEN_DOMCTL_SENDTRIGGER_RESET), -XEN_ENOSYS);
	check("trigger 99", trigger(peer.id, 0, 99), -XEN_ENOSYS);
	check("it saw no NMI", peer.box->value[1], 0);
	check("an NMI", trigger(peer.id, 0, XEN_DOMCTL_SENDTRIGGER_NMI), 0);
	check("it ends", peer_wait(&peer, 30000), SHUTDOWN_poweroff);
	check("because it saw one", peer.box->value[3], 1);
}
