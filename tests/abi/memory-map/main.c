/* SPDX-License-Identifier: MIT */
/* Rule: dom0 gets the machine's map, a domain its own, sorted, all of it or -EINVAL. */
#include "../kit/kit.h"

struct e820 {
	uint64_t addr, size;
	uint32_t type;
} __attribute__((packed));

static struct e820 map[128];

static long ask(unsigned int op, unsigned int room, unsigned int *n)
{
	struct xen_memory_map m = { .nr_entries = room };
	long err;

	set_xen_guest_handle(m.buffer, map);
	err = hypercall(memory_op, op, &m);
	*n = m.nr_entries;
	return err;
}

static void peer_asks(void)
{
	unsigned int n;

	box.value[0] = ask(XENMEM_memory_map, 8, &n);
	box.value[1] = ask(XENMEM_machine_memory_map, 8, &n);
}

TEST
{
	unsigned int n, all, disorder = 0;
	uint64_t ram = 0;
	static struct peer peer;

	check("machine_memory_map", ask(XENMEM_machine_memory_map, 128, &all), 0);
	check_that("it has some entries", all >= 4 && all < 64);
	for (unsigned int i = 1; i < all; i++)
		disorder += map[i].addr < map[i - 1].addr + map[i - 1].size;
	for (unsigned int i = 0; i < all; i++)
		ram += map[i].type == 1 ? map[i].size : 0;
	check("entries out of order", disorder, 0);
	check_that("RAM of 512 MiB, less what is reserved",
		   ram > 508UL << 20 && ram <= 512UL << 20);
	check("with room for one", ask(XENMEM_machine_memory_map, 1, &n), -XEN_EINVAL);
	check("with room for none", ask(XENMEM_machine_memory_map, 0, &n), -XEN_EINVAL);
	check("memory_map of dom0, which was given none", ask(XENMEM_memory_map, 128, &n),
	      -XEN_ENOSYS);

	peer_start(&peer, 1, peer_asks);
	check("a peer ends", peer_wait(&peer, 5000), SHUTDOWN_poweroff);
	check("its memory_map, given none", peer.box->value[0], -XEN_ENOSYS);
	check("its machine_memory_map", peer.box->value[1], -XEN_EPERM);
}
