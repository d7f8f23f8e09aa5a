/* SPDX-License-Identifier: MIT */
/*
 * A domain's nodes in xenstore, as xl lays them out: frontends and backends find each other there.
 */
#pragma once

#include "dom0/config.h"
#include "guest/types.h"

#include <xen/event_channel.h>

struct domain_nodes {
	domid_t domid;
	const struct domain_config *config;
	char uuid[37];
	uint64_t memory_kib, max_kib;
	evtchn_port_t store_port, console_port;
	uint64_t store_mfn, console_mfn;
};

/*
 * Everything below /local/domain/ID and /vm/UUID, devices included, in one transaction. 0 or
 * -errno.
 */
int nodes_write(struct domain_nodes *nodes);

/*
 * Ask the backends of a dead domain to close, wait for them a moment, and remove every node of it.
 */
void nodes_remove(domid_t domid);

/*
 * "memory/target", which the domain shall have from now on, and "memory/static-max", the most that
 * it may be given. 0 or -errno.
 */
int nodes_set_target(domid_t domid, uint64_t kib);
/* The first `count` of so many vcpus shall be online. */
int nodes_set_vcpus(domid_t domid, unsigned int count, unsigned int max);
int nodes_static_max(domid_t domid, uint64_t *kib);

/* "control/shutdown" = "poweroff" and so on. 0 or -errno. */
int nodes_request_shutdown(domid_t domid, const char *reason);
