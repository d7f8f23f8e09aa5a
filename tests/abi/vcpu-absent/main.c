/* SPDX-License-Identifier: MIT */
/*
 * Rule: vcpu_op on a vcpu that the domain does not have is -ENOENT, whatever is asked; timers are
 * set by their own vcpu only.
 */
#include "../kit/kit.h"

static const struct {
	const char *name;
	unsigned int command;
} ops[] = {
#define OP(name) { #name, VCPUOP_##name }
	OP(initialise), OP(up), OP(down), OP(is_up), OP(get_runstate_info),
	OP(register_runstate_memory_area), OP(set_periodic_timer), OP(stop_periodic_timer),
	OP(set_singleshot_timer), OP(stop_singleshot_timer), OP(register_vcpu_info), OP(send_nmi),
	OP(get_physid), OP(register_vcpu_time_memory_area), { "command 99", 99 },
};

/* Of a second vcpu that was never started. */
static void peer_asks(void)
{
	struct vcpu_set_singleshot_timer single = { .timeout_abs_ns = 1 };
	struct vcpu_set_periodic_timer periodic = { .period_ns = 10 * MS };
	struct vcpu_runstate_info info;

	box.value[0] = hypercall(vcpu_op, VCPUOP_is_up, 1);
	box.value[1] = hypercall(vcpu_op, VCPUOP_set_singleshot_timer, 1, &single);
	box.value[2] = hypercall(vcpu_op, VCPUOP_stop_singleshot_timer, 1);
	box.value[3] = hypercall(vcpu_op, VCPUOP_set_periodic_timer, 1, &periodic);
	box.value[4] = hypercall(vcpu_op, VCPUOP_stop_periodic_timer, 1);
	box.value[5] = hypercall(vcpu_op, VCPUOP_get_runstate_info, 1, &info);
	box.value[6] = info.state;
	box.value[7] = hypercall(vcpu_op, VCPUOP_up, 1);
	box.value[8] = hypercall(vcpu_op, VCPUOP_down, 1);
	box.value[9] = hypercall(vcpu_op, VCPUOP_get_physid, 1, &info);
	box.value[10] = hypercall(vcpu_op, 99, 1);
}

TEST
{
	static const char *const names[] = {
		"is_up of a vcpu not started",
		"set_singleshot_timer of it",
		"stop_singleshot_timer",
		"set_periodic_timer",
		"stop_periodic_timer",
		"get_runstate_info",
		"its state",
		"up",
		"down",
		"get_physid",
		"command 99",
	};
	static const long want[] = { 0, -XEN_EINVAL, -XEN_EINVAL, 0, 0, 0, RUNSTATE_offline,
				     -XEN_EINVAL, 0, -XEN_EINVAL, -XEN_ENOSYS };
	static struct vcpu_guest_context argument;
	static struct peer peer;
	char text[64];

	for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
		str_format(text, sizeof(text), "%s of vcpu 77", ops[i].name);
		check(text, hypercall(vcpu_op, ops[i].command, 77, &argument), -XEN_ENOENT);
		str_format(text, sizeof(text), "%s of vcpu 2^32 - 1", ops[i].name);
		check(text, hypercall(vcpu_op, ops[i].command, ~0U, &argument), -XEN_ENOENT);
	}
	peer_start(&peer, 2, peer_asks);
	check("a peer ends", peer_wait(&peer, 10000), SHUTDOWN_poweroff);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		check(names[i], peer.box->value[i], want[i]);
}
