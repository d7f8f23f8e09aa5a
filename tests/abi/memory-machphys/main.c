/* SPDX-License-Identifier: MIT */
/* Rule: machphys_mapping and machphys_mfn_list describe the M2P that guests see. */
#include "../kit/kit.h"

TEST
{
	struct xen_machphys_mapping mapping = { 0 };
	struct xen_machphys_mfn_list list = { .max_extents = 4 };
	xen_pfn_t *extents = page_alloc();
	ulong *window = page_alloc();

	check("machphys_mapping", hypercall(memory_op, XENMEM_machphys_mapping, &mapping), 0);
	check("v_start", mapping.v_start, MACH2PHYS_VIRT_START);
	check("v_end", mapping.v_end, MACH2PHYS_VIRT_END);
	check("max_mfn is that of the last page of RAM",
	      mapping.max_mfn == (ulong)hypercall(memory_op, XENMEM_maximum_ram_page) - 1, 1);

	memset(extents, 0xff, PAGE_SIZE);
	set_xen_guest_handle(list.extent_start, extents);
	check("machphys_mfn_list", hypercall(memory_op, XENMEM_machphys_mfn_list, &list), 0);
	check("extents of 2 MiB for 512 MiB", list.nr_extents, 1);
	check("the one behind it", extents[1], -1);
	check("mapping the first frame read-only",
	      va_map_foreign(window, extents[0] * PAGE_SIZE | PTE_RO, DOMID_XEN), 0);
	check("its first 512 entries are the M2P's",
	      memcmp(window, machine_to_phys_mapping, PAGE_SIZE), 0);
	check("unmapping it", va_map(window, 0), 0);
	check("mapping it writable",
	      va_map_foreign(window, extents[0] * PAGE_SIZE | PTE_KERN, DOMID_XEN), -XEN_EBUSY);
	list.max_extents = 0;
	check("machphys_mfn_list of none", hypercall(memory_op, XENMEM_machphys_mfn_list, &list),
	      0);
	check("extents", list.nr_extents, 0);
}
