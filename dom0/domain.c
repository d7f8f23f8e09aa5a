/* SPDX-License-Identifier: MIT */
/*
 * From a configuration to a running domain, and its end by order. Creation goes step by step; what
 * can be refused is refused before there is a domain, and what fails later is undone by the same
 * function that destroys.
 */
#include "dom0/domain_core.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "blk/block.h"
#include "dom0/builder.h"
#include "dom0/bzimage.h"
#include "dom0/devices.h"
#include "dom0/gunzip.h"
#include "dom0/hyper.h"
#include "dom0/ramdisk.h"
#include "dom0/sched.h"
#include "guest/clock.h"
#include "guest/console.h"
#include "guest/evtchn.h"
#include "xenstore/client.h"

#define PAGES_PER_MIB	 256U
#define MEMORY_LEAST_KIB 1024U
#define MEMORY_SLACK_KIB 1024U /* beyond the target, as libxl leaves it */

/* --- Creation -------------------------------------------------------------------------------- */

/* A file of the ramdisk, unpacked if it is gzip or a bzImage. *owned: to be freed by the caller. */
static int load(const char *path, struct build *build, bool kernel, void **owned,
		struct error *error)
{
	struct ramdisk_file file;
	size_t size;

	*owned = NULL;
	if (!ramdisk_find(path, &file))
		return error_set(error, -ENOENT, "%s: dom0's ramdisk has no such file", path);
	if (gunzip_is(file.data, file.size)) {
		if (gunzip(file.data, file.size, owned, &size, path, error))
			return error->code;
		file.data = *owned;
		file.size = size;
	} else if (kernel && bzimage_is(file.data, file.size)) {
		if (bzimage_unpack(file.data, file.size, owned, &size, path, error))
			return error->code;
		file.data = *owned;
		file.size = size;
	}
	if (kernel) {
		build->kernel = file.data;
		build->kernel_size = file.size;
	} else {
		build->ramdisk = file.data;
		build->ramdisk_size = file.size;
	}
	return 0;
}

/* What can be refused before there is a domain. Under domains_lock. */
static int check_config(const struct domain_config *config, struct build *build,
			struct error *error)
{
	struct xen_sysctl_physinfo physinfo;

	if (domains_by_name(config->name))
		return error_set(error, -EEXIST,
				 "%s: a domain of this name runs already; choose another name=",
				 config->name);
	for (unsigned int i = 0; i < config->disk_count; i++) {
		const struct config_disk *disk = &config->disk[i];
		const struct block_device *dev = block_find(disk->target);

		if (!dev)
			return error_set(error, -ENODEV,
					 "%s: there is no disk %s in this machine; see disk=",
					 config->name, disk->target);
		if (dev->readonly && !disk->readonly)
			return error_set(error, -EROFS,
					 "%s: disk %s is read-only; give it access r in disk=",
					 config->name, disk->target);
	}
	if (build_check(build, error))
		return error->code;
	if (!hyper_physinfo(&physinfo) && physinfo.free_pages < build->memory_pages)
		return error_set(error, -ENOMEM, "%s: memory=%u MiB, but only %lu MiB are free",
				 config->name, config->memory_mib,
				 (unsigned long)(physinfo.free_pages / PAGES_PER_MIB));
	return 0;
}

static void choose_identity(struct domain_config *config)
{
	if (!config->has_uuid) {
		getrandom(config->uuid, sizeof(config->uuid), 0);
		config->uuid[6] = (config->uuid[6] & 0x0f) | 0x40; /* random, RFC 4122, 4.4 */
		config->uuid[8] = (config->uuid[8] & 0x3f) | 0x80;
		config->has_uuid = true;
	}
	for (unsigned int i = 0; i < config->vif_count; i++) {
		struct config_vif *vif = &config->vif[i];

		if (vif->has_mac)
			continue;
		/* Xen's own range. Made of the uuid, so a restart keeps it. */
		memcpy(vif->mac, (uint8_t[]){ 0x00, 0x16, 0x3e }, 3);
		vif->mac[3] = config->uuid[13] & 0x7f;
		vif->mac[4] = config->uuid[14];
		vif->mac[5] = (uint8_t)(config->uuid[15] + i);
		vif->has_mac = true;
	}
}

static void format_uuid(const uint8_t *u, char out[37])
{
	for (unsigned int i = 0, at = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			out[at++] = '-';
		at += (unsigned int)snprintf(out + at, 3, "%02x", u[i]);
	}
}

/* Ports of the new domain that are for dom0 to bind. */
static int open_ports(domid_t domid, struct build *build, struct error *error)
{
	int store = evtchn_alloc_for(domid, 0);
	int console = store < 0 ? store : evtchn_alloc_for(domid, 0);

	if (console < 0)
		return error_set(error, console,
				 "the new domain's event channels are refused: error %d", -console);
	build->store_port = (evtchn_port_t)store;
	build->console_port = (evtchn_port_t)console;
	return 0;
}

static uint64_t max_kib(const struct domain_config *config)
{
	return MAX(config->maxmem_mib, config->memory_mib) * 1024UL;
}

/* What it may have now is less than what it may get later, as with xl: domain_set_memory. */
static int limit_memory(domid_t domid, const struct domain_config *config, struct error *error)
{
	int err = hyper_max_memory(domid, config->memory_mib * 1024UL + MEMORY_SLACK_KIB);

	if (!err)
		err = hyper_memory_map(domid, max_kib(config));
	return err ? error_set(error, err, "%s: memory=%u, maxmem=%u is refused: %s", config->name,
			       config->memory_mib, config->maxmem_mib, strerror(-err))
		   : 0;
}

static int publish(struct domain *d, const struct build *build, struct error *error)
{
	struct domain_nodes nodes = {
		.domid = d->domid,
		.config = &d->config,
		.memory_kib = build->memory_pages << 2,
		.max_kib = max_kib(&d->config),
		.store_port = build->store_port,
		.console_port = build->console_port,
		.store_mfn = build->store_mfn.n,
		.console_mfn = build->console_mfn.n,
	};
	int err;

	format_uuid(d->config.uuid, nodes.uuid);
	err = nodes_write(&nodes);
	if (!err)
		err = xs_introduce(d->domid, build->store_mfn.n, build->store_port);
	if (err)
		return error_set(error, err, "%s: xenstore refuses the domain: %s", d->config.name,
				 strerror(-err));
	d->console = consoled_open(d->domid, build->console_port, d->config.name);
	return d->console
		       ? 0
		       : error_set(error, -EIO, "%s: its console cannot be served", d->config.name);
}

void domain_tear_down(struct domain *d)
{
	hyper_pause(d->domid);
	consoled_close(d->console);
	nodes_remove(d->domid);
	xs_release(d->domid);
	hyper_destroy(d->domid);
	domains_remove(d);
	free(d);
}

/* From here on there is a domain. `d` is on the list afterwards, or freed. Under domains_lock. */
static int make(struct domain *d, struct build *build, struct error *error)
{
	const struct domain_config *config = &d->config;
	uint32_t pool;
	int err = sched_choose_pool(config, &pool, error);

	if (!err)
		err = hyper_create(config->uuid, config->maxvcpus, pool, &d->domid);
	if (err) {
		error_set(error, err, "%s: the hypervisor refuses a new domain: %s", config->name,
			  strerror(-err));
		free(d);
		return err;
	}
	err = sched_apply(d->domid, config, error);
	if (!err)
		err = limit_memory(d->domid, config, error);
	if (!err)
		err = open_ports(d->domid, build, error);
	if (!err)
		err = build_domain(d->domid, build, error);
	if (!err)
		err = publish(d, build, error);
	if (err) {
		domain_tear_down(d);
		return err;
	}
	d->started = clock_ns();
	domains_add(d);
	return 0;
}

int domain_build(const struct domain_config *config, bool paused, domid_t *domid,
		 struct error *error)
{
	struct domain *d = calloc(1, sizeof(*d));
	struct build build = { .memory_pages = (uint64_t)config->memory_mib * PAGES_PER_MIB };
	void *kernel = NULL, *ramdisk = NULL;
	int err = d ? 0 : error_set(error, -ENOMEM, "dom0 has no memory left; raise dom0_mem=");

	if (!err) {
		d->config = *config;
		choose_identity(&d->config);
		build.name = d->config.kernel;
		build.cmdline = d->config.cmdline;
		err = load(config->kernel, &build, true, &kernel, error);
	}
	if (!err && *config->ramdisk)
		err = load(config->ramdisk, &build, false, &ramdisk, error);
	if (!err)
		err = check_config(config, &build, error);
	if (err)
		free(d);
	else
		err = make(d, &build, error);
	free(kernel);
	free(ramdisk);
	if (err)
		return err;
	*domid = d->domid;
	if (!paused)
		hyper_unpause(d->domid);
	return 0;
}

static void show_notice(const char *line)
{
	console_print("%s\n", line);
}

int domain_create(const char *text, size_t len, const char *file, bool paused, domid_t *domid,
		  struct error *error)
{
	struct domain_config *config = malloc(sizeof(*config));
	int err;

	if (!config)
		return error_set(error, -ENOMEM, "dom0 has no memory left; raise dom0_mem=");
	err = config_parse(config, text, len, file, show_notice, error);
	if (!err) {
		mutex_lock(&domains_lock);
		err = domain_build(config, paused, domid, error);
		mutex_unlock(&domains_lock);
	}
	free(config);
	return err;
}

int domain_create_file(const char *path, bool paused, domid_t *domid, struct error *error)
{
	struct ramdisk_file file;
	char full[CONFIG_PATH_MAX];

	/* `create httpd` means its file among the configurations. */
	snprintf(full, sizeof(full), "etc/lamina/%s.cfg", path);
	if (!ramdisk_find(path, &file) && !ramdisk_find(full, &file))
		return error_set(error, -ENOENT,
				 "%s: dom0's ramdisk has no such configuration; `info` lists them",
				 path);
	return domain_create(file.data, file.size, file.path, paused, domid, error);
}

/* --- Orders ---------------------------------------------------------------------------------- */

int domain_destroy(domid_t domid, struct error *error)
{
	struct domain *d;
	int err = 0;

	if (!domid)
		return error_set(error, -EPERM,
				 "Domain-0 cannot destroy itself; `poweroff` ends the machine");
	mutex_lock(&domains_lock);
	d = domains_by_id(domid);
	if (d)
		domain_tear_down(d);
	else
		err = error_set(error, -ESRCH, "%u: there is no such domain", domid);
	mutex_unlock(&domains_lock);
	return err;
}

int domain_shutdown(domid_t domid, const char *reason, struct error *error)
{
	int err = domid ? nodes_request_shutdown(domid, reason) :
			  error_set(error, -EPERM, "Domain-0 is ended by `poweroff`");

	if (err)
		error_set(error, err, "%u: cannot be asked to end: %s", domid, strerror(-err));
	return err;
}

int domain_set_memory(domid_t domid, uint64_t kib, struct error *error)
{
	uint64_t max;
	int err = domid ? nodes_static_max(domid, &max) :
			  error_set(error, -EPERM, "Domain-0 keeps the memory that it began with");

	if (err)
		return error->code ? err :
				     error_set(error, err, "%u: its memory cannot be changed: %s",
					       domid, strerror(-err));
	if (kib < MEMORY_LEAST_KIB || kib > max)
		return error_set(error, -EINVAL, "%u: from %u to %lu KiB are possible; see maxmem=",
				 domid, MEMORY_LEAST_KIB, (unsigned long)max);
	err = hyper_max_memory(domid, kib + MEMORY_SLACK_KIB);
	if (!err)
		err = nodes_set_target(domid, kib);
	return err ? error_set(error, err, "%u: its memory cannot be changed: %s", domid,
			       strerror(-err))
		   : 0;
}

int domain_pause(domid_t domid, bool pause, struct error *error)
{
	int err = !domid ? -EPERM : pause ? hyper_pause(domid) : hyper_unpause(domid);

	if (err)
		error_set(error, err, "%u: cannot be %s: %s", domid, pause ? "paused" : "unpaused",
			  err == -EINVAL ? "it is not paused" : strerror(-err));
	return err;
}
