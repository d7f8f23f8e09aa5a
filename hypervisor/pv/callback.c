/* SPDX-License-Identifier: MIT */
/* Where a guest wants to be entered: its trap table and its callbacks. */
#include "access.h"
#include "hypervisor/pv/descriptor.h"
#include <xen/callback.h>
#include <xen/nmi.h>

#define VECTOR_NMI 2
#define GATE_MASKS_EVENTS 4 /* TI_GET_IF */

static bool canonical(unsigned long a)
{
	return (unsigned long)((long)(a << 16) >> 16) == a;
}

static void set_mask(struct vcpu *v, unsigned type, bool masks)
{
	v->pv.callback_masks &= (uint8_t)~(1u << type);
	v->pv.callback_masks |= (uint8_t)(masks << type);
}

static long register_nmi(unsigned long address)
{
	struct vcpu *v = current;

	if (!canonical(address))
		return -EINVAL;
	v->pv.trap[VECTOR_NMI] = (struct trap_gate){
		.address = address, .cs = FLAT_KERNEL_CS, .flags = GATE_MASKS_EVENTS, .set = true,
	};
	return 0;
}

static long unregister_nmi(void)
{
	current->pv.trap[VECTOR_NMI] = (struct trap_gate){ 0 };
	return 0;
}

static long callback_register(unsigned type, bool masks, unsigned long address)
{
	struct pv_vcpu *p = &current->pv;

	if (!canonical(address))
		return -EINVAL;
	switch (type) {
	case CALLBACKTYPE_event:
		p->event_callback = address;
		return 0;
	case CALLBACKTYPE_failsafe:
		p->failsafe_callback = address;
		break;
	case CALLBACKTYPE_syscall:
		p->syscall_callback = address;
		break;
	case CALLBACKTYPE_syscall32:
		p->syscall32_callback = address;
		break;
	case CALLBACKTYPE_sysenter:
		p->sysenter_callback = address;
		break;
	case CALLBACKTYPE_nmi:
		return register_nmi(address);
	default:
		return -ENOSYS;
	}
	set_mask(current, type, masks);
	return 0;
}

static long callback_unregister(unsigned type)
{
	switch (type) {
	case CALLBACKTYPE_event:
	case CALLBACKTYPE_failsafe:
	case CALLBACKTYPE_syscall:
	case CALLBACKTYPE_syscall32:
	case CALLBACKTYPE_sysenter:
		return -EINVAL;
	case CALLBACKTYPE_nmi:
		return unregister_nmi();
	default:
		return -ENOSYS;
	}
}

long do_callback_op(int cmd, const void *arg)
{
	struct callback_register reg;
	struct callback_unregister unreg;

	switch (cmd) {
	case CALLBACKOP_register:
		if (copy_from_guest(&reg, arg, sizeof(reg)))
			return -EFAULT;
		return callback_register(reg.type, reg.flags & CALLBACKF_mask_events, reg.address);
	case CALLBACKOP_unregister:
		if (copy_from_guest(&unreg, arg, sizeof(unreg)))
			return -EFAULT;
		return callback_unregister(unreg.type);
	default:
		return -ENOSYS;
	}
}

/* The older form reports no error: a bad address leaves that callback as it was. */
long do_set_callbacks(unsigned long event, unsigned long failsafe, unsigned long syscall)
{
	(void)callback_register(CALLBACKTYPE_event, false, event);
	(void)callback_register(CALLBACKTYPE_failsafe, false, failsafe);
	(void)callback_register(CALLBACKTYPE_syscall, false, syscall);
	return 0;
}

long do_set_trap_table(const struct trap_info *traps)
{
	struct pv_vcpu *p = &current->pv;
	struct trap_info t;
	unsigned n;

	if (!traps) {
		__builtin_memset(p->trap, 0, sizeof(p->trap));
		return 0;
	}
	/*
	 * A list without an end is read until it leaves the guest's memory, some entries at a time.
	 */
	for (n = 0; n < 256; n++, traps++) {
		if (copy_from_guest(&t, traps, sizeof(t)))
			return -EFAULT;
		if (!t.address)
			return 0;
		if (!canonical(t.address))
			return -EINVAL;
		p->trap[t.vector] = (struct trap_gate){
			.address = t.address,
			.cs = selector_fix(t.cs),
			.flags = t.flags,
			.set = true,
		};
	}
	return hypercall_continue(__HYPERVISOR_set_trap_table, 1, (unsigned long)traps);
}

long do_nmi_op(unsigned cmd, void *arg)
{
	struct xennmi_callback cb;

	switch (cmd) {
	case XENNMI_register_callback:
		if (copy_from_guest(&cb, arg, sizeof(cb)))
			return -EFAULT;
		return register_nmi(cb.handler_address);
	case XENNMI_unregister_callback:
		return unregister_nmi();
	default:
		return -ENOSYS;
	}
}
