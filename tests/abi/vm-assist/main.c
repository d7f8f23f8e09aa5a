/* SPDX-License-Identifier: MIT */
/* Rule: vm_assist turns on and off what it knows; -EINVAL for a type, -ENOSYS for a verb. */
/* as: dom0, domU */
#include "../kit/kit.h"

TEST
{
	check("enable pae_extended_cr3",
	      hypercall(vm_assist, VMASST_CMD_enable, VMASST_TYPE_pae_extended_cr3), 0);
	check("enable writable_pagetables",
	      hypercall(vm_assist, VMASST_CMD_enable, VMASST_TYPE_writable_pagetables), 0);
	check("disable it",
	      hypercall(vm_assist, VMASST_CMD_disable, VMASST_TYPE_writable_pagetables), 0);
	check("enable runstate_update_flag",
	      hypercall(vm_assist, VMASST_CMD_enable, VMASST_TYPE_runstate_update_flag), 0);
	check("disable it",
	      hypercall(vm_assist, VMASST_CMD_disable, VMASST_TYPE_runstate_update_flag), 0);
	check("enable m2p_strict", hypercall(vm_assist, VMASST_CMD_enable, VMASST_TYPE_m2p_strict),
	      0);
	check("disable it", hypercall(vm_assist, VMASST_CMD_disable, VMASST_TYPE_m2p_strict), 0);
	check("enable 4gb_segments, which means nothing here",
	      hypercall(vm_assist, VMASST_CMD_enable, VMASST_TYPE_4gb_segments), 0);
	check("enable type 9", hypercall(vm_assist, VMASST_CMD_enable, 9), -XEN_EINVAL);
	check("enable type 64", hypercall(vm_assist, VMASST_CMD_enable, 64), -XEN_EINVAL);
	check("disable type -1", hypercall(vm_assist, VMASST_CMD_disable, -1), -XEN_EINVAL);
	check("verb 2", hypercall(vm_assist, 2, VMASST_TYPE_writable_pagetables), -XEN_ENOSYS);
	check("verb -1", hypercall(vm_assist, -1, VMASST_TYPE_writable_pagetables), -XEN_ENOSYS);
}
