/* SPDX-License-Identifier: MIT */
/* Rule: the table is of version 1 until somebody asks for another that is allowed. */
#include "../kit/kit.h"

static void peer_sets(void)
{
	struct gnttab_set_version set = { .version = 2 };
	struct gnttab_get_version get = { .dom = DOMID_SELF };

	box.value[0] = hypercall(grant_table_op, GNTTABOP_set_version, &set, 1);
	box.value[1] = set.version;
	set.version = 1;
	box.value[2] = hypercall(grant_table_op, GNTTABOP_set_version, &set, 1);
	box.value[3] = hypercall(grant_table_op, GNTTABOP_get_version, &get, 1);
	box.value[4] = get.version;
	get.dom = 0;
	box.value[5] = hypercall(grant_table_op, GNTTABOP_get_version, &get, 1);
}

TEST
{
	struct gnttab_get_version get = { .dom = DOMID_SELF };
	struct gnttab_set_version set = { .version = 3 };
	static struct peer peer;

	check("get_version", hypercall(grant_table_op, GNTTABOP_get_version, &get, 1), 0);
	check("version", get.version, 1);
	get.dom = 1000;
	check("of a domain that is not there",
	      hypercall(grant_table_op, GNTTABOP_get_version, &get, 1), -XEN_ESRCH);
	check("set_version 3", hypercall(grant_table_op, GNTTABOP_set_version, &set, 1),
	      -XEN_EINVAL);
	set.version = 1;
	check("set_version 1", hypercall(grant_table_op, GNTTABOP_set_version, &set, 1), 0);

	peer_start(&peer, 1, peer_sets);
	check("a peer made for version 1 ends", peer_wait(&peer, 5000), SHUTDOWN_poweroff);
	check("its set_version 2", peer.box->value[0], -XEN_ENOSYS);
	check("its set_version 1", peer.box->value[2], 0);
	check("its get_version", peer.box->value[3], 0);
	check("version", peer.box->value[4], 1);
	check("its get_version of dom0", peer.box->value[5], -XEN_EPERM);
}
