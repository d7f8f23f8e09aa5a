/* SPDX-License-Identifier: MIT */
/* The toolstack's part, in typed calls that end the test where they are refused. */
#include <stdarg.h>

#include "shares.h"

void say(const char *fmt, ...)
{
	char text[160];
	va_list args;
	int n;

	va_start(args, fmt);
	n = str_vformat(text, sizeof(text) - 1, fmt, args);
	va_end(args);
	text[n++] = '\n';
	console_write(text, (size_t)n);
}

void load_start(struct load *l, const char *name, void (*code)(void))
{
	memset(l, 0, sizeof(*l));
	l->name = name;
	peer_create(&l->peer, 1);
	peer_build(&l->peer, code);
}

void load_run(struct load *l)
{
	peer_unpause(&l->peer);
}

void load_look(struct load *l)
{
	struct xen_domctl op = { 0 };

	if (domctl(&op, XEN_DOMCTL_getdomaininfo, l->peer.id))
		error("getdomaininfo of %s", l->name);
	l->rounds = (ulong)l->peer.box->value[ROUNDS] - l->seen_rounds;
	l->time = op.u.getdomaininfo.cpu_time - l->seen_time;
	l->seen_rounds += l->rounds;
	l->seen_time += l->time;
}

unsigned int sched_id(void)
{
	struct xen_sysctl op = { .cmd = XEN_SYSCTL_sched_id,
				 .interface_version = XEN_SYSCTL_INTERFACE_VERSION };

	if (hypercall(sysctl, &op))
		error("sched_id");
	return op.u.sched_id.sched_id;
}

void set_weight(struct load *l, unsigned int weight, unsigned int cap)
{
	struct xen_domctl op = { .u.scheduler_op = {
					 .sched_id = XEN_SCHEDULER_CREDIT,
					 .cmd = XEN_DOMCTL_SCHEDOP_putinfo,
					 .u.credit = { .weight = (uint16_t)weight,
						       .cap = (uint16_t)cap },
				 } };

	if (domctl(&op, XEN_DOMCTL_scheduler_op, l->peer.id))
		error("weight and cap of %s", l->name);
}

void set_migration_delay(unsigned int us)
{
	struct xen_sysctl op = { .cmd = XEN_SYSCTL_scheduler_op,
				 .interface_version = XEN_SYSCTL_INTERFACE_VERSION,
				 .u.scheduler_op = {
					 .sched_id = XEN_SCHEDULER_CREDIT,
					 .cmd = XEN_SYSCTL_SCHEDOP_getinfo,
				 } };
	long err = hypercall(sysctl, &op);

	op.u.scheduler_op.cmd = XEN_SYSCTL_SCHEDOP_putinfo;
	op.u.scheduler_op.u.sched_credit.vcpu_migr_delay_us = us;
	if (err || hypercall(sysctl, &op))
		error("migration delay of %u us", us);
}

void set_rtds(domid_t domid, unsigned int period_us, unsigned int budget_us, bool extra)
{
	struct xen_domctl_schedparam_vcpu vcpu0 = { .u.rtds = {
							    .period = period_us,
							    .budget = budget_us,
							    .flags = extra,
						    } };
	struct xen_domctl op = { .u.scheduler_op = {
					 .sched_id = XEN_SCHEDULER_RTDS,
					 .cmd = XEN_DOMCTL_SCHEDOP_putvcpuinfo,
					 .u.v.nr_vcpus = 1,
				 } };

	set_xen_guest_handle(op.u.scheduler_op.u.v.vcpus, &vcpu0);
	if (domctl(&op, XEN_DOMCTL_scheduler_op, domid))
		error("period and budget of domain %u", domid);
}

long pool_op(unsigned int what, unsigned int pool, unsigned int arg,
	     struct xen_sysctl_cpupool_op *out)
{
	struct xen_sysctl op = { .cmd = XEN_SYSCTL_cpupool_op,
				 .interface_version = XEN_SYSCTL_INTERFACE_VERSION,
				 .u.cpupool_op = { .op = what,
						   .cpupool_id = pool,
						   .sched_id = arg,
						   .domid = arg,
						   .cpu = arg } };
	long err = hypercall(sysctl, &op);

	if (out)
		*out = op.u.cpupool_op;
	return err;
}
