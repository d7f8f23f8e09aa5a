/* SPDX-License-Identifier: MIT */
/* Rule: every operation refuses ports that are free, out of range or of another kind. */
/* as: dom0, domU */
#include "../kit/kit.h"

static long unmask(unsigned int port)
{
	struct evtchn_unmask op = { .port = port };

	return hypercall(event_channel_op, EVTCHNOP_unmask, &op);
}

static long bind_vcpu(unsigned int port, unsigned int vcpu_id)
{
	struct evtchn_bind_vcpu op = { .port = port, .vcpu = vcpu_id };

	return hypercall(event_channel_op, EVTCHNOP_bind_vcpu, &op);
}

static long status(domid_t dom, unsigned int port)
{
	struct evtchn_status op = { .dom = dom, .port = port };

	return hypercall(event_channel_op, EVTCHNOP_status, &op);
}

TEST
{
	unsigned int unbound = event_alloc(DOMID_SELF, DOMID_SELF), ipi = event_self();
	unsigned int timer = event_virq(VIRQ_TIMER), global = event_virq(VIRQ_DOM_EXC);
	static const unsigned int bad[] = { 0, 1000, 4096, 1 << 20, ~0U };
	char text[48];

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		str_format(text, sizeof(text), "close of port %u", bad[i]);
		check(text, event_close(bad[i]), -XEN_EINVAL);
		str_format(text, sizeof(text), "send to port %u", bad[i]);
		check(text, event_send(bad[i]), -XEN_EINVAL);
		str_format(text, sizeof(text), "bind_vcpu of port %u", bad[i]);
		check(text, bind_vcpu(bad[i], 0), -XEN_EINVAL);
	}
	check("unmask of port 2^20", unmask(1 << 20), -XEN_EINVAL);
	check("status of port 2^20", status(DOMID_SELF, 1 << 20), -XEN_EINVAL);
	check("status of a domain that is not there", status(1000, 1), -XEN_ESRCH);
	check("send to an unbound port", event_send(unbound), 0);
	check("send to a virq", event_send(timer), -XEN_EINVAL);
	check("send to a global virq", event_send(global), -XEN_EINVAL);
	check("bind_vcpu of an unbound port", bind_vcpu(unbound, 0), 0);
	check("bind_vcpu of a global virq", bind_vcpu(global, 0), 0);
	check("bind_vcpu of a virq of one vcpu", bind_vcpu(timer, 0), -XEN_EINVAL);
	check("bind_vcpu of an ipi", bind_vcpu(ipi, 0), -XEN_EINVAL);
	check("bind_vcpu to a vcpu that is not there", bind_vcpu(unbound, 77), -XEN_ENOENT);
	check("close", event_close(unbound), 0);
	check("close twice", event_close(unbound), -XEN_EINVAL);
	check("sub-op 99", hypercall(event_channel_op, 99, &bad), -XEN_ENOSYS);
	check("sub-op 15", hypercall(event_channel_op, 15, &bad), -XEN_ENOSYS);
}
