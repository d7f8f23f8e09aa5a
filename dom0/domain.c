/* SPDX-License-Identifier: MIT */
/*
 * The life of a domain. Creation goes step by step, each undone by destroy; an end that the domain
 * itself chose (or was driven to) arrives as "@releaseDomain", and its configuration says what
 * follows: destroy, restart, or preserve.
 */
#include "dom0/domain.h"

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
#include "guest/clock.h"
#include "guest/console.h"
#include "guest/evtchn.h"
#include "guest/init.h"
#include "guest/lock.h"
#include "guest/thread.h"
#include "xenstore/client.h"

#include <xen/sched.h>

#define PAGES_PER_MIB	256U
#define RESTART_TOO_FAST \
	(1 * NS_PER_S) /* a domain that ended sooner waits so long before it starts again */

static MUTEX(lock); /* the list, and creation and destruction as a whole */
static struct domain *domains;

/*
 * --- The list ------------------------------------------------------------------------------------
 */

static struct domain *by_id(domid_t domid)
{
	struct domain *d = domains;

	while (d && d->domid != domid)
		d = d->next;
	return d;
}

static struct domain *by_name(const char *name)
{
	struct domain *d = domains;

	while (d && strcmp(d->config.name, name))
		d = d->next;
	return d;
}

int domain_find(const char *name, domid_t *domid, struct error *error)
{
	xen_domctl_getdomaininfo_t info;
	struct domain *d;
	char *end;
	unsigned long id = strtoul(name, &end, 10);

	mutex_lock(&lock);
	d = by_name(name);
	if (d)
		*domid = d->domid;
	mutex_unlock(&lock);
	if (d)
		return 0;
	if (!strcmp(name, "Domain-0")) {
		*domid = 0;
		return 0;
	}
	if (*name && !*end && id < DOMID_FIRST_RESERVED && !hyper_info((domid_t)id, &info)) {
		*domid = (domid_t)id;
		return 0;
	}
	return error_set(error, -ESRCH, "%s: there is no such domain; `list` shows those there are",
			 name);
}

void domain_name(domid_t domid, char *name, size_t size)
{
	struct domain *d;

	mutex_lock(&lock);
	d = by_id(domid);
	strlcpy(name, d ? d->config.name : domid ? "?" : "Domain-0", size);
	mutex_unlock(&lock);
}

unsigned int domain_count(void)
{
	unsigned int count = 0;

	mutex_lock(&lock);
	for (struct domain *d = domains; d; d = d->next)
		count++;
	mutex_unlock(&lock);
	return count;
}

/*
 * --- Creation ------------------------------------------------------------------------------------
 */

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

/* What can be refused before there is a domain. Under lock. */
static int check_config(const struct domain_config *config, const struct build *build,
			struct error *error)
{
	struct xen_sysctl_physinfo physinfo;

	if (by_name(config->name))
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

static int publish(struct domain *d, const struct build *build, struct error *error)
{
	struct domain_nodes nodes = {
		.domid = d->domid,
		.config = &d->config,
		.memory_kib = build->memory_pages << 2,
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

/* Undo everything, in reverse, whatever of it there is. Under lock. */
static void tear_down(struct domain *d)
{
	struct domain **at = &domains;

	hyper_pause(d->domid);
	consoled_close(d->console);
	nodes_remove(d->domid);
	xs_release(d->domid);
	hyper_destroy(d->domid);
	while (*at && *at != d)
		at = &(*at)->next;
	if (*at)
		*at = d->next;
	free(d);
}

static int make(struct domain *d, struct build *build, struct error *error)
{
	const struct domain_config *config = &d->config;
	int err = hyper_create(config->uuid, config->maxvcpus, &d->domid);

	if (err) {
		free(d);
		return error_set(error, err, "%s: the hypervisor refuses a new domain: %s",
				 config->name, strerror(-err));
	}
	err = hyper_max_memory(d->domid, MAX(config->maxmem_mib, config->memory_mib) * 1024UL);
	if (err)
		error_set(error, err, "%s: maxmem=%u is refused: %s", config->name,
			  config->maxmem_mib, strerror(-err));
	if (!err)
		err = open_ports(d->domid, build, error);
	if (!err)
		err = build_domain(d->domid, build, error);
	if (!err)
		err = publish(d, build, error);
	if (err) {
		tear_down(d);
		return err;
	}
	d->started = clock_ns();
	d->next = domains;
	domains = d;
	return 0;
}

/* Under lock. */
static int create(const struct domain_config *config, bool paused, domid_t *domid,
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
		mutex_lock(&lock);
		err = create(config, paused, domid, error);
		mutex_unlock(&lock);
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

/*
 * --- Orders
 * ---------------------------------------------------------------------------------------
 */

int domain_destroy(domid_t domid, struct error *error)
{
	struct domain *d;
	int err = 0;

	if (!domid)
		return error_set(error, -EPERM,
				 "Domain-0 cannot destroy itself; `poweroff` ends the machine");
	mutex_lock(&lock);
	d = by_id(domid);
	if (d)
		tear_down(d);
	else
		err = error_set(error, -ESRCH, "%u: there is no such domain", domid);
	mutex_unlock(&lock);
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

int domain_pause(domid_t domid, bool pause, struct error *error)
{
	int err = !domid ? -EPERM : pause ? hyper_pause(domid) : hyper_unpause(domid);

	if (err)
		error_set(error, err, "%u: cannot be %s: %s", domid, pause ? "paused" : "unpaused",
			  err == -EINVAL ? "it is not paused" : strerror(-err));
	return err;
}

/*
 * --- What follows an end
 * ---------------------------------------------------------------------------
 */

static enum config_action action_of(const struct domain_config *config, unsigned int code)
{
	switch (code) {
	case SHUTDOWN_reboot:
		return config->on_reboot;
	case SHUTDOWN_crash:
		return config->on_crash;
	case SHUTDOWN_watchdog:
		return config->on_watchdog;
	default:
		return config->on_poweroff;
	}
}

static const char *end_text(unsigned int code)
{
	static const char *const text[] = {
		[SHUTDOWN_poweroff] = "has powered off", [SHUTDOWN_reboot] = "wants to reboot",
		[SHUTDOWN_suspend] = "has suspended",	 [SHUTDOWN_crash] = "has crashed",
		[SHUTDOWN_watchdog] = "was ended by its watchdog",
	};

	return code < ARRAY_SIZE(text) ? text[code] : "has ended";
}

/* Under lock. */
static void ended(struct domain *d, unsigned int code)
{
	enum config_action action = action_of(&d->config, code);
	bool too_fast = clock_ns() - d->started < RESTART_TOO_FAST;
	struct domain_config *config;
	struct error error = { 0 };
	domid_t domid = d->domid;

	console_print("%s (domain %u) %s: %s\n", d->config.name, domid, end_text(code),
		      action == CONFIG_RESTART ? "restarting" :
		      action == CONFIG_PRESERVE ? "preserved" : "destroyed");
	if (action == CONFIG_PRESERVE) {
		d->preserved = true;
		return;
	}
	config = action == CONFIG_RESTART ? malloc(sizeof(*config)) : NULL;
	if (config)
		*config = d->config;
	tear_down(d);
	if (!config)
		return;
	if (too_fast)
		thread_sleep(RESTART_TOO_FAST);
	if (create(config, false, &domid, &error))
		console_print("dom0: %s\n", error.text);
	free(config);
}

static WAIT_QUEUE(ends);
static bool look;

static void reaper(void *arg)
{
	(void)arg;
	for (;;) {
		struct domain *d, *next;

		wait_event(&ends, READ_ONCE(look));
		WRITE_ONCE(look, false);
		mutex_lock(&lock);
		for (d = domains; d; d = next) {
			xen_domctl_getdomaininfo_t info;

			next = d->next;
			if (d->preserved || hyper_info(d->domid, &info) ||
			    !(info.flags & XEN_DOMINF_shutdown))
				continue;
			ended(d, info.flags >> XEN_DOMINF_shutdownshift & XEN_DOMINF_shutdownmask);
		}
		mutex_unlock(&lock);
	}
}

static void released(struct xs_watch *watch, const char *changed)
{
	(void)watch, (void)changed;
	WRITE_ONCE(look, true);
	wake_one(&ends);
}

static struct xs_watch release_watch = { .path = "@releaseDomain", .fired = released };

static int domain_init(void)
{
	if (!thread_create("reaper", reaper, NULL, 0))
		return -ENOMEM;
	return xs_watch(&release_watch);
}
INITCALL(net, domain_init);
