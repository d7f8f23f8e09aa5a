/* SPDX-License-Identifier: MIT */
/*
 * xen_version: who we are and what a guest may count on; and vm_assist, where the guest says what
 * it wants.
 */
#include "access.h"
#include "console.h"
#include "hypercall.h"
#include "param.h"
#include "lib/string.h"
#include <xen/features.h>
#include <xen/version.h>

#define VERSION_MAJOR 4
#define VERSION_MINOR 17

/* Fixed-size arrays of characters, zero behind the text. */
static long text_out(void *arg, const char *text, size_t size)
{
	char buf[sizeof(xen_capabilities_info_t)] = "";

	strlcpy(buf, text, size);
	return copy_to_guest(arg, buf, size) ? -EFAULT : 0;
}

static long version_compile_info(void *arg)
{
	struct xen_compile_info info = {
		.compiler = "gcc " __VERSION__,
		.compile_by = "lamina",
		.compile_domain = "",
		.compile_date = "",
	};

	return copy_to_guest(arg, &info, sizeof(info)) ? -EFAULT : 0;
}

/* What a PV domain can do; the bits that Xen sets for one. */
static long version_features(void *arg)
{
	const struct domain *d = current->domain;
	struct xen_feature_info f;

	if (copy_from_guest(&f, arg, sizeof(f)))
		return -EFAULT;
	if (f.submap_idx)
		return -EINVAL;
	f.submap = 1u << XENFEAT_mmu_pt_update_preserve_ad | 1u << XENFEAT_highmem_assist |
		   1u << XENFEAT_gnttab_map_avail_bits | 1u << XENFEAT_memory_op_vnode_supported |
		   1u << XENFEAT_direct_mapped;
	if (d->pv.vm_assist & BIT(VMASST_TYPE_pae_extended_cr3))
		f.submap |= 1u << XENFEAT_pae_pgdir_above_4gb;
	if (d == dom0)
		f.submap |= 1u << XENFEAT_dom0;
	return copy_to_guest(arg, &f, sizeof(f)) ? -EFAULT : 0;
}

static long version_platform(void *arg)
{
	struct xen_platform_parameters p = { .virt_start = HYPERVISOR_VIRT_START };

	return copy_to_guest(arg, &p, sizeof(p)) ? -EFAULT : 0;
}

extern const uint8_t build_id_start[], build_id_end[]; /* lamina.lds */

/* The hash of its own image, by which a running hypervisor is matched to its symbols. */
static long version_build_id(struct xen_build_id *u)
{
	const struct elf_note {
		uint32_t name_size, size, type;
		char name[4];
		uint8_t id[];
	} *note = (const void *)build_id_start;
	struct xen_build_id b;

	if (!current->domain->privileged)
		return -EPERM;
	if (u) {
		if (copy_from_guest(&b, u, sizeof(b)))
			return -EFAULT;
		if (!b.len)
			return -EINVAL;
	}
	if (build_id_end - build_id_start <= (long)sizeof(*note))
		return -ENODATA;
	if (!u)
		return note->size;
	if (note->size > b.len)
		return -ENOBUFS;
	return copy_to_guest(u->buf, note->id, note->size) ? -EFAULT : (long)note->size;
}

static long version_other(int cmd, void *arg)
{
	const struct domain *d = current->domain;

	switch (cmd) {
	case XENVER_extraversion:
		return text_out(arg, ".0-lamina", sizeof(xen_extraversion_t));
	case XENVER_compile_info:
		return version_compile_info(arg);
	case XENVER_capabilities:
		return text_out(arg, "xen-3.0-x86_64 ", sizeof(xen_capabilities_info_t));
	case XENVER_changeset:
		return text_out(arg, "", sizeof(xen_changeset_info_t));
	case XENVER_platform_parameters:
		return version_platform(arg);
	case XENVER_get_features:
		return version_features(arg);
	case XENVER_pagesize:
		return arg ? -EINVAL : (long)PAGE_SIZE;
	case XENVER_guest_handle:
		return copy_to_guest(arg, d->handle, sizeof(d->handle)) ? -EFAULT : 0;
	case XENVER_commandline:
		return text_out(arg, d->privileged ? param_cmdline() : "<denied>",
				sizeof(xen_commandline_t));
	case XENVER_build_id:
		return version_build_id(arg);
	default:
		return -ENOSYS;
	}
}

/* The version alone is asked often, as the cheapest way in and out. */
long do_xen_version(int cmd, void *arg)
{
	if (likely(cmd == XENVER_version))
		return VERSION_MAJOR << 16 | VERSION_MINOR;
	return version_other(cmd, arg);
}

long do_vm_assist(unsigned cmd, unsigned type)
{
	uint64_t *assist = &current->domain->pv.vm_assist;

	if (type >= BITS_PER_LONG || !(VM_ASSISTS & BIT(type)))
		return -EINVAL;
	switch (cmd) {
	case VMASST_CMD_enable:
		__atomic_or_fetch(assist, BIT(type), __ATOMIC_RELAXED);
		return 0;
	case VMASST_CMD_disable:
		__atomic_and_fetch(assist, ~BIT(type), __ATOMIC_RELAXED);
		return 0;
	default:
		return -ENOSYS;
	}
}
