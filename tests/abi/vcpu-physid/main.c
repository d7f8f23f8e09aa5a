/* SPDX-License-Identifier: MIT */
/* Rule: get_physid tells dom0 the processor of a vcpu that is bound to one, and nobody else. */
#include "../kit/kit.h"

static struct vcpu_get_physid id;

static long physid(unsigned int n, void *to)
{
	return hypercall(vcpu_op, VCPUOP_get_physid, n, to);
}

static void peer_tries(void)
{
	box.value[0] = physid(0, &id);
}

TEST
{
	static struct peer peer;
	unsigned int apic, a = 1, b, c = 0, d;

	bind_to(0, 0);
	check("of a vcpu bound to one processor", physid(0, &id), 0);
	__asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	apic = b >> 24;
	check("its APIC, by CPUID", xen_vcpu_physid_to_x86_apicid(id.phys_id), apic);
	check("into a bad pointer", physid(0, (void *)VA_UNMAPPED), -XEN_EFAULT);
	check("of a vcpu that is not there", physid(77, &id), -XEN_ENOENT);
	peer_create(&peer, 1);
	bind_to(peer.id, 0);
	peer_build(&peer, peer_tries);
	peer_unpause(&peer);
	check("a peer ends", peer_wait(&peer, 5000), SHUTDOWN_poweroff);
	check("its own", peer.box->value[0], -XEN_EINVAL);
}
