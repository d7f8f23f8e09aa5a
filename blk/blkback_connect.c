/* SPDX-License-Identifier: MIT */
/*
 * The block backend's handshake (<xen/io/blkif.h>, state diagram): the toolstack wrote which disk
 * ("params", "mode"), we offer what it can, the frontend sends ring and port, we connect.
 */
#include "blk/blkback.h"

#include <stdlib.h>
#include <string.h>
#include <xen/io/protocols.h>

#include "guest/init.h"
#include "guest/page.h"
#include "guest/param.h"
#include "lib/format.h"

PARAM(blkback_queues, "N: how many rings a disk may have; one for each vcpu if left out");

static unsigned int queue_limit(void)
{
	return param_number("blkback_queues", MIN(vcpu_count(), BLKBACK_QUEUES_MAX),
			    BLKBACK_QUEUES_MAX);
}

/* The disk by the toolstack's "params": a block device of this domain. */
static int find_disk(struct xenbus_device *dev, struct blkback *back)
{
	char params[64], mode[8];

	if (xs_read(XS_NO_TX, dev->path, "params", params, sizeof(params)) < 0) {
		xenbus_fatal(dev, -EINVAL, "no disk named: \"params\" is missing");
		return -EINVAL;
	}
	back->disk = block_find(params);
	if (!back->disk) {
		xenbus_fatal(dev, -ENODEV, "there is no disk %s", params);
		return -ENODEV;
	}
	if (xs_read(XS_NO_TX, dev->path, "mode", mode, sizeof(mode)) < 0)
		mode[0] = 'r';
	back->limits = (struct blkring_disk){
		.sectors = back->disk->sectors,
		.block_sectors = back->disk->block_size / SECTOR_SIZE,
		.readonly = mode[0] != 'w' || back->disk->readonly,
		.can_flush = back->disk->can_flush,
		.can_discard = back->disk->can_discard &&
			       xs_read_u32_or(XS_NO_TX, dev->path, "discard-enable", 1),
	};
	if (mode[0] == 'w' && back->disk->readonly) {
		xenbus_fatal(dev, -EROFS, "%s is read-only: ask for it with access r", params);
		return -EROFS;
	}
	return 0;
}

static int offer(struct xenbus_device *dev, const struct blkback *back)
{
	const struct {
		const char *node;
		unsigned int value;
	} offers[] = {
		{ "feature-flush-cache", back->limits.can_flush },
		{ "feature-discard", back->limits.can_discard },
		{ "feature-persistent", 1 },
		{ "feature-max-indirect-segments", MIN(BLKRING_SEGS_MAX, back->disk->max_segs) },
		{ "max-ring-page-order", BLKBACK_RING_ORDER_MAX },
		{ "max-ring-pages", 1U << BLKBACK_RING_ORDER_MAX },
		{ "multi-queue-max-queues", queue_limit() },
	};
	int err = 0;

	for (size_t i = 0; i < ARRAY_SIZE(offers) && !err; i++)
		err = xs_printf(XS_NO_TX, dev->path, offers[i].node, "%u", offers[i].value);
	return err;
}

/* Netback's first queues are on the first vcpus: we begin with the last one. */
static void init_queues(struct blkback *back)
{
	for (unsigned int i = 0; i < BLKBACK_QUEUES_MAX; i++) {
		struct blkback_queue *q = &back->queues[i];

		q->back = back;
		q->vcpu = vcpu_count() - 1 - i % vcpu_count();
		wait_queue_init(&q->wake);
		wait_queue_init(&q->over);
	}
}

static int back_probe(struct xenbus_device *dev)
{
	struct blkback *back = calloc(1, sizeof(*back));
	int err;

	if (!back)
		return -ENOMEM;
	back->dev = dev;
	init_queues(back);
	mutex_init(&back->partial_lock);
	wait_queue_init(&back->gate);
	dev->priv = back;
	err = find_disk(dev, back);
	if (!err)
		err = offer(dev, back);
	if (!err)
		err = xs_printf(XS_NO_TX, dev->path, "hotplug-status", "connected");
	if (!err)
		err = xenbus_switch_state(dev, XenbusStateInitWait);
	if (err) {
		dev->priv = NULL;
		free(back);
	}
	return err;
}

/* --- What the frontend tells ------------------------------------------------------------------ */

/* Pages of each ring, in either of two schemes (blkif.h, note 3). 0: one, at the node ring-ref. */
static int read_ring_pages(struct xenbus_device *dev, unsigned int *pages)
{
	uint32_t order = xs_read_u32_or(XS_NO_TX, dev->peer, "ring-page-order", ~0U);
	uint32_t count = xs_read_u32_or(XS_NO_TX, dev->peer, "num-ring-pages", 0);

	if (order != ~0U)
		count = order > BLKBACK_RING_ORDER_MAX ? ~0U : 1U << order;
	if (count > 1U << BLKBACK_RING_ORDER_MAX || count & (count - 1))
		return -EINVAL;
	*pages = count;
	return 0;
}

static int read_ring_refs(const char *path, unsigned int pages, grant_ref_t *refs)
{
	char node[16];

	if (!pages)
		return xs_read_u32(XS_NO_TX, path, "ring-ref", &refs[0]);
	for (unsigned int i = 0; i < pages; i++) {
		int err;

		str_format(node, sizeof(node), "ring-ref%u", i);
		err = xs_read_u32(XS_NO_TX, path, node, &refs[i]);
		if (err && pages == 1)
			err = xs_read_u32(XS_NO_TX, path, "ring-ref", &refs[i]);
		if (err)
			return err;
	}
	return 0;
}

static int check_protocol(struct xenbus_device *dev)
{
	char protocol[32];

	if (xs_read(XS_NO_TX, dev->peer, "protocol", protocol, sizeof(protocol)) < 0)
		return 0;
	return strcmp(protocol, XEN_IO_PROTO_ABI_X86_64) ? -EPROTO : 0;
}

/* --- Rings ------------------------------------------------------------------------------------ */

/* Also of one that was made in part only. */
static void unmake_queue(struct blkback_queue *q)
{
	blkback_stop(q);
	if (q->port)
		evtchn_unbind(q->port);
	q->port = 0;
	if (q->ring_map.va)
		gnttab_unmap(&q->ring_map);
	q->ring_map = (struct gnttab_mapping){ 0 };
	page_free(q->indirect_page, 0);
	q->indirect_page = NULL;
	free(q->kept.buckets); /* of a thread that never ran */
	q->kept.buckets = NULL;
}

static int bind_port(struct blkback_queue *q, const char *path)
{
	uint32_t remote;
	int result = xs_read_u32(XS_NO_TX, path, "event-channel", &remote);

	if (result)
		return result;
	result = evtchn_bind_interdomain(q->back->dev->peer_domid, remote, blkback_event, q);
	if (result < 0)
		return result;
	q->port = (evtchn_port_t)result;
	return evtchn_set_vcpu(q->port, q->vcpu);
}

/* The port first: the thread looks at the ring at once, and notifies of what it answers. */
static int make_queue(struct blkback_queue *q, const char *path, unsigned int pages)
{
	struct xenbus_device *dev = q->back->dev;
	grant_ref_t refs[1U << BLKBACK_RING_ORDER_MAX];
	unsigned int count = MAX(pages, 1U);
	int err = read_ring_refs(path, pages, refs);

	if (err)
		return err;
	q->indirect_page = page_alloc(0);
	if (!q->indirect_page)
		return -ENOMEM;
	err = gnttab_map(&q->ring_map, dev->peer_domid, refs, count, false);
	if (err)
		return err;
	BACK_RING_INIT(&q->ring, (blkif_sring_t *)q->ring_map.va, count * PAGE_SIZE);
	err = bind_port(q, path);
	if (!err && xs_read_u32_or(XS_NO_TX, dev->peer, "feature-persistent", 0))
		err = blkback_keep_start(&q->kept);
	return err ? err : blkback_start(q);
}

static int make_queues(struct blkback *back)
{
	struct xenbus_device *dev = back->dev;
	uint32_t count = xs_read_u32_or(XS_NO_TX, dev->peer, "multi-queue-num-queues", 1);
	char path[XENBUS_PATH_MAX + 16];
	unsigned int pages;
	int err = read_ring_pages(dev, &pages);

	if (!count || count > queue_limit())
		return -EINVAL;
	back->queue_count = count;
	for (unsigned int i = 0; i < count && !err; i++) {
		if (count == 1)
			str_format(path, sizeof(path), "%s", dev->peer);
		else
			str_format(path, sizeof(path), "%s/queue-%u", dev->peer, i);
		err = make_queue(&back->queues[i], path, pages);
	}
	return err;
}

static int publish(struct blkback *back)
{
	struct xenbus_device *dev = back->dev;
	const struct block_device *disk = back->disk;
	int err = xs_printf(XS_NO_TX, dev->path, "sectors", "%lu", (unsigned long)disk->sectors);

	/*
	 * Both count 512 bytes, whatever the disk's own blocks are: blkif.h wants that of every
	 * frontend without "feature-large-sector-size", and Linux's means it of every frontend.
	 * What the disk works in is told as the physical size; a request that parts a block costs
	 * more (blkback_partial.c).
	 */
	if (!err)
		err = xs_printf(XS_NO_TX, dev->path, "sector-size", "%u", SECTOR_SIZE);
	if (!err)
		err = xs_printf(XS_NO_TX, dev->path, "physical-sector-size", "%u",
				disk->block_size);
	if (!err)
		err = xs_printf(XS_NO_TX, dev->path, "info", "%u",
				back->limits.readonly ? VDISK_READONLY : 0);
	if (!err && back->limits.can_discard) {
		err = xs_printf(XS_NO_TX, dev->path, "discard-granularity", "%u",
				MAX(disk->discard_granularity, disk->block_size));
		if (!err)
			err = xs_printf(XS_NO_TX, dev->path, "discard-alignment", "0");
		if (!err)
			err = xs_printf(XS_NO_TX, dev->path, "discard-secure", "0");
	}
	return err;
}

static void back_disconnect(struct blkback *back)
{
	back->connected = false;
	for (unsigned int i = 0; i < back->queue_count; i++)
		unmake_queue(&back->queues[i]);
	back->queue_count = 0;
}

static void back_connect(struct xenbus_device *dev)
{
	struct blkback *back = dev->priv;
	int err;

	if (back->connected)
		return;
	err = check_protocol(dev);
	if (!err)
		err = make_queues(back);
	if (err) {
		back_disconnect(back);
		xenbus_fatal(dev, err, "cannot connect to the frontend's rings");
		return;
	}
	back->connected = true;
	err = publish(back);
	if (err)
		xenbus_fatal(dev, err, "cannot publish the disk");
	else
		xenbus_switch_state(dev, XenbusStateConnected);
}

static void back_changed(struct xenbus_device *dev, enum xenbus_state peer)
{
	struct blkback *back = dev->priv;

	if (!back)
		return;
	switch (peer) {
	case XenbusStateInitialising:
		/* A frontend that starts again, perhaps without having said goodbye. */
		if (dev->state == XenbusStateConnected || dev->state == XenbusStateClosing)
			back_disconnect(back);
		if (dev->state != XenbusStateInitWait)
			xenbus_switch_state(dev, XenbusStateInitWait);
		break;
	case XenbusStateInitialised:
	case XenbusStateConnected:
		if (dev->state == XenbusStateInitWait || dev->state == XenbusStateInitialised)
			back_connect(dev);
		break;
	case XenbusStateClosing:
		back_disconnect(back);
		xenbus_switch_state(dev, XenbusStateClosing);
		break;
	case XenbusStateClosed:
	case XenbusStateUnknown:
		back_disconnect(back);
		xenbus_switch_state(dev, XenbusStateClosed);
		break;
	default:
		break;
	}
}

static void back_remove(struct xenbus_device *dev)
{
	struct blkback *back = dev->priv;

	if (!back)
		return;
	back_disconnect(back);
	dev->priv = NULL;
	free(back);
}

static struct xenbus_driver blkback_driver = {
	.type = "vbd",
	.side = XENBUS_BACKEND,
	.probe = back_probe,
	.changed = back_changed,
	.remove = back_remove,
};

static int blkback_init(void)
{
	return xenbus_register(&blkback_driver);
}
INITCALL(device, blkback_init);
