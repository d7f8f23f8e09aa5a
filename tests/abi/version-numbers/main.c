/* SPDX-License-Identifier: MIT */
/* Rule: xen_version's numbers are 4.17's, and what it does not know is -ENOSYS. */
#include "../kit/kit.h"

TEST
{
	struct xen_platform_parameters platform = { 0 };
	xen_domain_handle_t handle;
	unsigned int set = 0;

	check("version", hypercall(xen_version, XENVER_version), 4 << 16 | 17);
	check("pagesize", hypercall(xen_version, XENVER_pagesize), 4096);
	check("platform_parameters", hypercall(xen_version, XENVER_platform_parameters, &platform),
	      0);
	check("virt_start", platform.virt_start, HYPERVISOR_VIRT_START);
	memset(handle, 0xff, sizeof(handle));
	check("guest_handle", hypercall(xen_version, XENVER_guest_handle, handle), 0);
	for (size_t i = 0; i < sizeof(handle); i++)
		set += handle[i] != 0;
	check("bytes of dom0's handle that are not 0", set, 0);
	check("sub-op 11", hypercall(xen_version, 11), -XEN_ENOSYS);
	check("sub-op 63", hypercall(xen_version, 63), -XEN_ENOSYS);
	check("sub-op -1", hypercall(xen_version, -1), -XEN_ENOSYS);
}
