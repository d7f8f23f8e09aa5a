/* SPDX-License-Identifier: MIT */
/* Any text as a domain's configuration: refused with one line, or within what the types promise. */
// uses: dom0/config.c dom0/config_keys.c dom0/config_text.c dom0/config_vif.c dom0/config_disk.c
// uses: dom0/config_sched.c dom0/cpus.c dom0/syntax.c lib/format.c

#include <assert.h>
#include <string.h>

#include "dom0/config.h"

static void notice(const char *line)
{
	assert(!strchr(line, '\n'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct domain_config config;
	struct error error = { 0 };
	int rc = config_parse(&config, (const char *)data, size, "f", notice, &error);

	assert(rc == error.code);
	if (rc) {
		assert(*error.text);
		return 0;
	}
	assert(*config.name && *config.kernel && config.vcpus && config.vcpus <= config.maxvcpus);
	assert(config.memory_mib && config.memory_mib <= config.maxmem_mib);
	assert(config.vif_count <= CONFIG_VIFS_MAX && config.disk_count <= CONFIG_DISKS_MAX);
	for (unsigned int i = 0; i < config.disk_count; i++)
		assert(*config.disk[i].target && *config.disk[i].vdev && config.disk[i].number);
	return 0;
}
