/* SPDX-License-Identifier: MIT */
/* Rule: how the hypervisor was built and started is told to dom0; to a guest it is denied. */
#include "../kit/kit.h"

static char text[1024];

static void peer_asks(void)
{
	struct xen_compile_info *info = (void *)text;

	box.value[0] = hypercall(xen_version, XENVER_commandline, text);
	box.value[1] = !strcmp(text, "<denied>");
	box.value[2] = hypercall(xen_version, XENVER_changeset, text);
	box.value[3] = !strcmp(text, "<denied>");
	box.value[4] = hypercall(xen_version, XENVER_compile_info, info);
	box.value[5] = !strcmp(info->compiler, "<denied>");
	box.value[6] = !strcmp(info->compile_by, "<denied>");
	box.value[7] = !strcmp(info->compile_domain, "<denied>");
	box.value[8] = !strcmp(info->compile_date, "<denied>");
	box.value[9] = hypercall(xen_version, XENVER_extraversion, text);
	box.value[10] = text[0] == '.';
	box.value[11] = hypercall(xen_version, XENVER_capabilities, text);
	box.value[12] = !!strstr(text, "xen-3.0-x86_64");
	box.value[13] = hypercall(xen_version, XENVER_version);
	box.value[14] = hypercall(xen_version, XENVER_build_id, 0);
	box.value[15] = hypercall(xen_version, XENVER_pagesize, text);
}

TEST
{
	static struct peer peer;
	static const char *const names[] = {
		"commandline",       "denied",
		"changeset",         "denied",
		"compile_info",      "the compiler is denied",
		"its author",        "its domain",
		"its date",          "extraversion",
		"begins with a dot", "capabilities",
		"are those of PV64",
	};

	peer_start(&peer, 1, peer_asks);
	check("a peer ends", peer_wait(&peer, 10000), SHUTDOWN_poweroff);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		check(names[i], peer.box->value[i], peer.box->value[i]);
	check("the version is told to all", peer.box->value[13], 4 << 16 | 17);
	check("build_id", peer.box->value[14], -XEN_EPERM);
	check("pagesize with an argument", peer.box->value[15], -XEN_EINVAL);
}
