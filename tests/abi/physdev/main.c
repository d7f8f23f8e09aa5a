/* SPDX-License-Identifier: MIT */
/* Rule: physdev_op answers for pirqs that are bound, and refuses bad ranges and the unknown. */
#include "../kit/kit.h"

static long pirq_bind(unsigned int pirq, unsigned int *port)
{
	struct evtchn_bind_pirq op = { .pirq = pirq, .flags = BIND_PIRQ__WILL_SHARE };
	long err = hypercall(event_channel_op, EVTCHNOP_bind_pirq, &op);

	*port = op.port;
	return err;
}

static void peer_tries(void)
{
	struct physdev_eoi eoi = { .irq = 9 };
	struct physdev_map_pirq map = {
		.domid = DOMID_SELF, .type = MAP_PIRQ_TYPE_GSI, .index = 9, .pirq = 9
	};
	struct physdev_manage_pci pci = { .devfn = 8 };
	struct physdev_set_iopl iopl = { .iopl = 3 };
	unsigned int port;

	box.value[0] = hypercall(physdev_op, PHYSDEVOP_eoi, &eoi);
	box.value[1] = hypercall(physdev_op, PHYSDEVOP_map_pirq, &map);
	box.value[2] = hypercall(physdev_op, PHYSDEVOP_manage_pci_add, &pci);
	box.value[3] = hypercall(physdev_op, PHYSDEVOP_set_iopl, &iopl);
	box.value[4] = pirq_bind(9, &port);
}

TEST
{
	struct physdev_eoi eoi = { .irq = 9 };
	struct physdev_irq_status_query query = { .irq = 9 };
	struct physdev_map_pirq map = {
		.domid = DOMID_SELF, .type = MAP_PIRQ_TYPE_GSI, .index = 9, .pirq = 9
	};
	struct physdev_unmap_pirq unmap = { .domid = DOMID_SELF, .pirq = 9 };
	struct physdev_setup_gsi gsi = { .gsi = 9, .triggering = 1, .polarity = 1 };
	static struct peer peer;
	unsigned int port, other;

	check("eoi of an irq that is not bound", hypercall(physdev_op, PHYSDEVOP_eoi, &eoi),
	      -XEN_EINVAL);
	eoi.irq = 100000;
	check("eoi of irq 100000", hypercall(physdev_op, PHYSDEVOP_eoi, &eoi), -XEN_EINVAL);
	query.irq = 100000;
	check("irq_status_query of irq 100000",
	      hypercall(physdev_op, PHYSDEVOP_irq_status_query, &query), -XEN_EINVAL);
	query.irq = 9;
	check("irq_status_query", hypercall(physdev_op, PHYSDEVOP_irq_status_query, &query), 0);
	check("bind of a pirq behind all", pirq_bind(100000, &port), -XEN_EINVAL);
	check("setup_gsi 9, level, low", hypercall(physdev_op, PHYSDEVOP_setup_gsi, &gsi), 0);
	check("map_pirq", hypercall(physdev_op, PHYSDEVOP_map_pirq, &map), 0);
	check("bind", pirq_bind(9, &port), 0);
	check("bind twice", pirq_bind(9, &other), -XEN_EEXIST);
	eoi.irq = 9;
	check("eoi", hypercall(physdev_op, PHYSDEVOP_eoi, &eoi), 0);
	check("irq_status_query", hypercall(physdev_op, PHYSDEVOP_irq_status_query, &query), 0);
	check("needs an eoi", query.flags & XENIRQSTAT_needs_eoi, XENIRQSTAT_needs_eoi);
	check("close", event_close(port), 0);
	check("unmap_pirq", hypercall(physdev_op, PHYSDEVOP_unmap_pirq, &unmap), 0);
	map.type = 77;
	check("map_pirq of an unknown type", hypercall(physdev_op, PHYSDEVOP_map_pirq, &map),
	      -XEN_EINVAL);
	map.domid = 1000;
	check("for a domain that is not there", hypercall(physdev_op, PHYSDEVOP_map_pirq, &map),
	      -XEN_ESRCH);
	check("sub-op 99", hypercall(physdev_op, 99, &eoi), -XEN_ENOSYS);

	peer_start(&peer, 1, peer_tries);
	check("a peer ends", peer_wait(&peer, 5000), SHUTDOWN_poweroff);
	check("its eoi", peer.box->value[0], -XEN_EINVAL);
	check("its map_pirq of a GSI", peer.box->value[1], -XEN_EPERM);
	check("its manage_pci_add", peer.box->value[2], -XEN_EPERM);
	check("its set_iopl", peer.box->value[3], 0);
	check("its bind_pirq", peer.box->value[4], -XEN_EPERM);
}
