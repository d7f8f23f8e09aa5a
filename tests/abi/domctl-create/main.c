/* SPDX-License-Identifier: MIT */
/* Rule: createdomain refuses limits and flags that make no PV domain. */
#include "../kit/kit.h"

static struct xen_domctl op;

static struct xen_domctl_createdomain *fresh(void)
{
	memset(&op, 0, sizeof(op));
	op.u.createdomain = (struct xen_domctl_createdomain){
		.max_vcpus = 1,
		.max_evtchn_port = 1023,
		.max_grant_frames = 4,
		.max_maptrack_frames = 4,
		.grant_opts = XEN_DOMCTL_GRANT_version(1),
	};
	return &op.u.createdomain;
}

/* createdomain with one field other than usual. */
#define CREATE(what, field, value, want)                                    \
	do {                                                                \
		fresh()->field = value;                                     \
		check(what, domctl(&op, XEN_DOMCTL_createdomain, 0), want); \
	} while (0)

TEST
{
	CREATE("no vcpu", max_vcpus, 0, -XEN_EINVAL);
	CREATE("8193 vcpus", max_vcpus, 8193, -XEN_EINVAL);
	CREATE("unknown flags", flags, 1U << 31, -XEN_EINVAL);
	CREATE("emulated devices", arch.emulation_flags, XEN_X86_EMU_LAPIC, -XEN_EOPNOTSUPP);
	CREATE("no grant version", grant_opts, 0, -XEN_EINVAL);
	CREATE("grant version 3", grant_opts, 3, -XEN_EINVAL);
	CREATE("hap without hvm", flags, XEN_DOMCTL_CDF_hap, -XEN_EINVAL);
	CREATE("unknown iommu options", iommu_opts, 1U << 31, -XEN_EINVAL);
	CREATE("a cpu pool that is not there", cpupool_id, 77, -XEN_ESRCH);
	CREATE("as usual", flags, 0, 0);
	check("destroy", domctl(&op, XEN_DOMCTL_destroydomain, op.domain), 0);
}
