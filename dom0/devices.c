/* SPDX-License-Identifier: MIT */
/*
 * Nodes of a domain (docs/misc/xenstore-paths of Xen). Who may write what is the point of it: a
 * domain reads all of its own directory, and writes only what is its to tell.
 */
#include "dom0/devices.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guest/thread.h"
#include "xenstore/client.h"
#include "xenstore/xenbus.h"

#define PATH	   96
#define CLOSE_WAIT (3 * NS_PER_S)
#define CLOSE_STEP (5 * NS_PER_MS)

/* --- Helpers --------------------------------------------------------------------------------- */

/* A node owned by `owner`, which `reader` (if another) may read. */
static int node(xs_tx_t tx, const char *dir, const char *name, domid_t owner, domid_t reader,
		const char *value)
{
	struct xs_perm perms[2] = { { owner, XS_PERM_NONE }, { reader, XS_PERM_READ } };
	int err = value ? xs_write(tx, dir, name, value, strlen(value)) : xs_mkdir(tx, dir, name);

	return err ? err : xs_set_perms(tx, dir, name, perms, owner == reader ? 1 : 2);
}

/* A new node with the permissions of the directory above it, which it has by itself. */
static int leaf(xs_tx_t tx, const char *dir, const char *name, const char *value)
{
	return xs_write(tx, dir, name, value, strlen(value));
}

/* --- The domain's own directory -------------------------------------------------------------- */

static int write_own(xs_tx_t tx, const struct domain_nodes *n, const char *dir)
{
	static const char *const writable[] = { "device",
						"control/shutdown",
						"control/feature-poweroff",
						"control/feature-reboot",
						"control/feature-halt",
						"control/feature-suspend",
						"data",
						"drivers",
						"feature",
						"attr",
						"error" };
	char text[64];
	int err = node(tx, dir, NULL, 0, n->domid, NULL);

	if (!err)
		err = leaf(tx, dir, "name", n->config->name);
	snprintf(text, sizeof(text), "%u", n->domid);
	if (!err)
		err = leaf(tx, dir, "domid", text);
	snprintf(text, sizeof(text), "/vm/%s", n->uuid);
	if (!err)
		err = leaf(tx, dir, "vm", text);
	snprintf(text, sizeof(text), "%lu", (unsigned long)n->memory_kib);
	if (!err)
		err = leaf(tx, dir, "memory/target", text);
	snprintf(text, sizeof(text), "%lu", (unsigned long)n->max_kib);
	if (!err)
		err = leaf(tx, dir, "memory/static-max", text);
	for (size_t i = 0; !err && i < ARRAY_SIZE(writable); i++)
		err = node(tx, dir, writable[i], n->domid, n->domid,
			   strncmp(writable[i], "control/", 8) ? NULL : "");
	return err;
}

static int write_cpus(xs_tx_t tx, const struct domain_nodes *n, const char *dir)
{
	int err = 0;
	char name[32];

	for (unsigned int i = 0; !err && i < n->config->maxvcpus; i++) {
		snprintf(name, sizeof(name), "cpu/%u/availability", i);
		err = leaf(tx, dir, name, i < n->config->vcpus ? "online" : "offline");
	}
	return err;
}

static int write_rings(xs_tx_t tx, const struct domain_nodes *n, const char *dir)
{
	char text[24];
	int err = 0;

	snprintf(text, sizeof(text), "%lu", (unsigned long)n->store_mfn);
	if (!err)
		err = leaf(tx, dir, "store/ring-ref", text);
	snprintf(text, sizeof(text), "%u", n->store_port);
	if (!err)
		err = leaf(tx, dir, "store/port", text);
	snprintf(text, sizeof(text), "%lu", (unsigned long)n->console_mfn);
	if (!err)
		err = leaf(tx, dir, "console/ring-ref", text);
	snprintf(text, sizeof(text), "%u", n->console_port);
	if (!err)
		err = leaf(tx, dir, "console/port", text);
	if (!err)
		err = leaf(tx, dir, "console/type", "xenconsoled");
	if (!err)
		err = leaf(tx, dir, "console/limit", "1048576");
	return err;
}

static int write_vm(xs_tx_t tx, const struct domain_nodes *n)
{
	char dir[PATH];
	int err;

	snprintf(dir, sizeof(dir), "/vm/%s", n->uuid);
	xs_rm(tx, dir, NULL); /* of the same one before it was restarted, if any */
	err = node(tx, dir, NULL, 0, n->domid, NULL);
	if (!err)
		err = leaf(tx, dir, "name", n->config->name);
	if (!err)
		err = leaf(tx, dir, "uuid", n->uuid);
	return err;
}

/* --- Devices --------------------------------------------------------------------------------- */

struct device {
	const char *type;
	uint32_t id;
	char front[PATH], back[PATH];
};

/* The two directories of a device, pointing at each other. */
static int write_pair(xs_tx_t tx, const struct domain_nodes *n, struct device *d)
{
	char text[16];
	int err;

	snprintf(d->front, PATH, "/local/domain/%u/device/%s/%u", n->domid, d->type, d->id);
	snprintf(d->back, PATH, "/local/domain/0/backend/%s/%u/%u", d->type, n->domid, d->id);
	xs_rm(tx, d->back, NULL); /* of an earlier domain of this number, if any */
	err = node(tx, d->front, NULL, n->domid, 0, NULL);
	if (!err)
		err = node(tx, d->back, NULL, 0, n->domid, NULL);
	if (!err)
		err = leaf(tx, d->front, "backend", d->back);
	if (!err)
		err = leaf(tx, d->front, "backend-id", "0");
	snprintf(text, sizeof(text), "%u", n->domid);
	if (!err)
		err = leaf(tx, d->back, "frontend", d->front);
	if (!err)
		err = leaf(tx, d->back, "frontend-id", text);
	if (!err)
		err = leaf(tx, d->back, "online", "1");
	return err;
}

/* The states come last: they are what the drivers watch. */
static int write_states(xs_tx_t tx, const struct domain_nodes *n, const struct device *d)
{
	int err = leaf(tx, d->front, "state", "1");

	return err ? err : leaf(tx, d->back, "state", "1");
}

static int write_vif(xs_tx_t tx, const struct domain_nodes *n, unsigned int i)
{
	const struct config_vif *vif = &n->config->vif[i];
	struct device d = { .type = "vif", .id = i };
	char text[32];
	int err = write_pair(tx, n, &d);

	snprintf(text, sizeof(text), "%u", i);
	if (!err)
		err = leaf(tx, d.front, "handle", text);
	if (!err)
		err = leaf(tx, d.back, "handle", text);
	snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", vif->mac[0], vif->mac[1],
		 vif->mac[2], vif->mac[3], vif->mac[4], vif->mac[5]);
	if (!err)
		err = leaf(tx, d.front, "mac", text);
	if (!err)
		err = leaf(tx, d.back, "mac", text);
	if (!err)
		err = leaf(tx, d.back, "bridge", vif->bridge);
	if (!err)
		err = leaf(tx, d.back, "type", "vif");
	return err ? err : write_states(tx, n, &d);
}

static int write_disk(xs_tx_t tx, const struct domain_nodes *n, unsigned int i)
{
	const struct config_disk *disk = &n->config->disk[i];
	struct device d = { .type = "vbd", .id = disk->number };
	char text[16];
	int err = write_pair(tx, n, &d);

	snprintf(text, sizeof(text), "%u", disk->number);
	if (!err)
		err = leaf(tx, d.front, "virtual-device", text);
	if (!err)
		err = leaf(tx, d.front, "device-type", "disk");
	if (!err)
		err = leaf(tx, d.back, "params", disk->target);
	if (!err)
		err = leaf(tx, d.back, "type", "phy");
	if (!err)
		err = leaf(tx, d.back, "mode", disk->readonly ? "r" : "w");
	if (!err)
		err = leaf(tx, d.back, "dev", disk->vdev);
	if (!err)
		err = leaf(tx, d.back, "device-type", "disk");
	return err ? err : write_states(tx, n, &d);
}

static int write_all(xs_tx_t tx, void *arg)
{
	const struct domain_nodes *n = arg;
	char dir[PATH];
	int err;

	snprintf(dir, sizeof(dir), "/local/domain/%u", n->domid);
	xs_rm(tx, dir, NULL); /* of an earlier domain of this number, if any */
	err = write_own(tx, n, dir);
	if (!err)
		err = write_cpus(tx, n, dir);
	if (!err)
		err = write_rings(tx, n, dir);
	if (!err)
		err = write_vm(tx, n);
	for (unsigned int i = 0; !err && i < n->config->vif_count; i++)
		err = write_vif(tx, n, i);
	for (unsigned int i = 0; !err && i < n->config->disk_count; i++)
		err = write_disk(tx, n, i);
	return err;
}

int nodes_write(struct domain_nodes *nodes)
{
	return xs_transact(write_all, nodes);
}

/* --- The end --------------------------------------------------------------------------------- */

/* Run over the backend directories of a domain. */
static void for_each_backend(domid_t domid, void (*visit)(const char *back, void *arg), void *arg)
{
	static const char *const types[] = { "vif", "vbd" };
	char dir[PATH], back[PATH + 16];
	char **ids;

	for (size_t t = 0; t < ARRAY_SIZE(types); t++) {
		int count;

		snprintf(dir, sizeof(dir), "/local/domain/0/backend/%s/%u", types[t], domid);
		count = xs_directory(XS_NO_TX, dir, NULL, &ids);
		if (count < 0)
			continue;
		for (int i = 0; i < count; i++) {
			snprintf(back, sizeof(back), "%s/%s", dir, ids[i]);
			visit(back, arg);
		}
		free(ids);
	}
}

static void ask_to_close(const char *back, void *arg)
{
	(void)arg;
	xs_printf(XS_NO_TX, back, "online", "0");
}

static void count_open(const char *back, void *arg)
{
	enum xenbus_state state = xenbus_read_state(back);

	if (state != XenbusStateClosed && state != XenbusStateUnknown)
		++*(unsigned int *)arg;
}

static void remove_dir(const char *fmt, const char *name, domid_t domid)
{
	char dir[PATH];

	snprintf(dir, sizeof(dir), fmt, name, domid);
	xs_rm(XS_NO_TX, dir, NULL);
}

void nodes_remove(domid_t domid)
{
	ns_t deadline = clock_deadline(CLOSE_WAIT);
	char dir[PATH], vm[PATH];
	unsigned int open;

	snprintf(dir, sizeof(dir), "/local/domain/%u", domid);
	if (xs_read(XS_NO_TX, dir, "vm", vm, sizeof(vm)) > 0)
		xs_rm(XS_NO_TX, vm, NULL);
	for_each_backend(domid, ask_to_close, NULL);
	/* A backend closes when its frontend's directory is gone. */
	xs_rm(XS_NO_TX, dir, NULL);
	do {
		open = 0;
		for_each_backend(domid, count_open, &open);
		if (open)
			thread_sleep(CLOSE_STEP);
	} while (open && clock_ns() < deadline);
	remove_dir("/local/domain/0/backend/%s/%u", "vif", domid);
	remove_dir("/local/domain/0/backend/%s/%u", "vbd", domid);
}

int nodes_set_target(domid_t domid, uint64_t kib)
{
	char path[64];

	snprintf(path, sizeof(path), "/local/domain/%u/memory", domid);
	return xs_printf(XS_NO_TX, path, "target", "%lu", (unsigned long)kib);
}

int nodes_set_vcpus(domid_t domid, unsigned int count, unsigned int max)
{
	char path[64];
	int err = 0;

	for (unsigned int i = 0; !err && i < max; i++) {
		snprintf(path, sizeof(path), "/local/domain/%u/cpu/%u", domid, i);
		err = leaf(XS_NO_TX, path, "availability", i < count ? "online" : "offline");
	}
	return err;
}

int nodes_static_max(domid_t domid, uint64_t *kib)
{
	char path[64];

	snprintf(path, sizeof(path), "/local/domain/%u/memory", domid);
	return xs_read_u64(XS_NO_TX, path, "static-max", kib);
}

int nodes_request_shutdown(domid_t domid, const char *reason)
{
	char dir[PATH];

	snprintf(dir, sizeof(dir), "/local/domain/%u", domid);
	return xs_write(XS_NO_TX, dir, "control/shutdown", reason, strlen(reason));
}
