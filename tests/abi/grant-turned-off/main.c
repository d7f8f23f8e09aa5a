/* SPDX-License-Identifier: MIT */
/*
 * Rule: where version 2 and transfers are turned off, as they always are on Lamina, nobody has
 * them: not dom0, not a domain that is made for version 2; what belongs to them is refused.
 */
/* options: gnttab=max-ver:1,no-transfer */
#include "../kit/kit.h"

static long create(unsigned int version)
{
	struct xen_domctl op = { .u.createdomain = {
					 .ssidref = 0,
					 .max_vcpus = 1,
					 .max_evtchn_port = -1,
					 .max_grant_frames = 8,
					 .max_maptrack_frames = 8,
					 .grant_opts = XEN_DOMCTL_GRANT_version(version),
				 } };
	long rc = domctl(&op, XEN_DOMCTL_createdomain, 0);
	domid_t id = op.domain;

	if (!rc) {
		op = (struct xen_domctl){ 0 };
		if (domctl(&op, XEN_DOMCTL_destroydomain, id))
			error("the domain cannot be destroyed");
	}
	return rc;
}

TEST
{
	struct gnttab_set_version set = { .version = 2 };
	struct gnttab_get_version get = { .dom = DOMID_SELF };
	struct gnttab_get_status_frames status = { .nr_frames = 1, .dom = DOMID_SELF };
	struct xen_sysctl sysctl = { .cmd = XEN_SYSCTL_physinfo,
				     .interface_version = XEN_SYSCTL_INTERFACE_VERSION };
	struct gnttab_transfer transfer = { .mfn = mfn_of(page_alloc()), .domid = DOMID_SELF };
	uint64_t frame = 0;

	check("set_version 2", hypercall(grant_table_op, GNTTABOP_set_version, &set, 1),
	      -XEN_ENOSYS);
	check("get_version", hypercall(grant_table_op, GNTTABOP_get_version, &get, 1), 0);
	check("version", get.version, 1);
	set_xen_guest_handle(status.frame_list, &frame);
	check("get_status_frames",
	      hypercall(grant_table_op, GNTTABOP_get_status_frames, &status, 1), 0);
	check_status("its status", status.status, GNTST_general_error);
	check("transfer", hypercall(grant_table_op, GNTTABOP_transfer, &transfer, 1),
	      -XEN_EOPNOTSUPP);
	check("a transfer of none", hypercall(grant_table_op, GNTTABOP_transfer, &transfer, 0),
	      -XEN_EOPNOTSUPP);
	check("a domain for version 1", create(1), 0);
	check("a domain for version 2", create(2), -XEN_EINVAL);
	check("physinfo", hypercall(sysctl, &sysctl), 0);
	check("offers version 1", sysctl.u.physinfo.capabilities & XEN_SYSCTL_PHYSCAP_gnttab_v1,
	      XEN_SYSCTL_PHYSCAP_gnttab_v1);
	check("and not 2", sysctl.u.physinfo.capabilities & XEN_SYSCTL_PHYSCAP_gnttab_v2, 0);
	check("set_version 1",
	      (set.version = 1, hypercall(grant_table_op, GNTTABOP_set_version, &set, 1)), 0);
}
