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
#include "lib/format.h"

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
	int err =
		xs_printf(XS_NO_TX, dev->path, "feature-flush-cache", "%d", back->limits.can_flush);

	if (!err)
		err = xs_printf(XS_NO_TX, dev->path, "feature-discard", "%d",
				back->limits.can_discard);
	if (!err)
		err = xs_printf(XS_NO_TX, dev->path, "feature-max-indirect-segments", "%u",
				MIN(BLKRING_SEGS_MAX, back->disk->max_segs));
	if (!err)
		err = xs_printf(XS_NO_TX, dev->path, "max-ring-page-order", "%u",
				BLKBACK_RING_ORDER_MAX);
	return err;
}

static int back_probe(struct xenbus_device *dev)
{
	struct blkback *back = calloc(1, sizeof(*back));
	int err;

	if (!back)
		return -ENOMEM;
	back->dev = dev;
	wait_queue_init(&back->wake);
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

static int read_ring_refs(struct xenbus_device *dev, grant_ref_t *refs, unsigned int *count)
{
	uint32_t order = xs_read_u32_or(XS_NO_TX, dev->peer, "ring-page-order", ~0U);
	char node[16];

	if (order == ~0U) {
		*count = 1;
		return xs_read_u32(XS_NO_TX, dev->peer, "ring-ref", &refs[0]);
	}
	if (order > BLKBACK_RING_ORDER_MAX)
		return -EINVAL;
	*count = 1U << order;
	for (unsigned int i = 0; i < *count; i++) {
		int err;

		str_format(node, sizeof(node), "ring-ref%u", i);
		err = xs_read_u32(XS_NO_TX, dev->peer, node, &refs[i]);
		if (err && *count == 1)
			err = xs_read_u32(XS_NO_TX, dev->peer, "ring-ref", &refs[i]);
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

static void unmap_ring(struct blkback *back)
{
	gnttab_unmap(&back->ring_map);
	page_free(back->indirect_page, 0);
	back->indirect_page = NULL;
}

static int map_ring(struct blkback *back, uint32_t port)
{
	struct xenbus_device *dev = back->dev;
	grant_ref_t refs[1U << BLKBACK_RING_ORDER_MAX];
	unsigned int count;
	int err = read_ring_refs(dev, refs, &count);

	if (err)
		return err;
	back->indirect_page = page_alloc(0);
	if (!back->indirect_page)
		return -ENOMEM;
	err = gnttab_map(&back->ring_map, dev->peer_domid, refs, count, false);
	if (err) {
		page_free(back->indirect_page, 0);
		back->indirect_page = NULL;
		return err;
	}
	BACK_RING_INIT(&back->ring, (blkif_sring_t *)back->ring_map.va, count * PAGE_SIZE);
	err = evtchn_bind_interdomain(dev->peer_domid, port, blkback_event, back);
	if (err < 0) {
		unmap_ring(back);
		return err;
	}
	/* The port first: the thread looks at the ring at once, and notifies of what it answers. */
	back->port = (evtchn_port_t)err;
	err = blkback_start(back);
	if (err) {
		evtchn_unbind(back->port);
		unmap_ring(back);
	}
	return err;
}

static int publish(struct blkback *back)
{
	struct xenbus_device *dev = back->dev;
	const struct block_device *disk = back->disk;
	int err = xs_printf(XS_NO_TX, dev->path, "sectors", "%lu", (unsigned long)disk->sectors);

	/*
	 * Both count 512 bytes, whatever the disk's own sectors are: blkif.h wants that of every
	 * frontend without "feature-large-sector-size", and Linux's means it of every frontend. The
	 * disk's size of sector is told as the physical one; it refuses requests that part one.
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
		err = xs_printf(XS_NO_TX, dev->path, "discard-granularity", "%u", disk->block_size);
		if (!err)
			err = xs_printf(XS_NO_TX, dev->path, "discard-alignment", "0");
	}
	return err;
}

static void back_connect(struct xenbus_device *dev)
{
	struct blkback *back = dev->priv;
	uint32_t port;
	int err;

	if (back->connected)
		return;
	err = check_protocol(dev);
	if (!err)
		err = xs_read_u32(XS_NO_TX, dev->peer, "event-channel", &port);
	if (!err)
		err = map_ring(back, port);
	if (err) {
		xenbus_fatal(dev, err, "cannot connect to the frontend's ring");
		return;
	}
	back->connected = true;
	err = publish(back);
	if (err)
		xenbus_fatal(dev, err, "cannot publish the disk");
	else
		xenbus_switch_state(dev, XenbusStateConnected);
}

static void back_disconnect(struct blkback *back)
{
	if (!back->connected)
		return;
	back->connected = false;
	blkback_stop(back);
	evtchn_unbind(back->port);
	unmap_ring(back);
}

static void back_changed(struct xenbus_device *dev, enum xenbus_state peer)
{
	struct blkback *back = dev->priv;

	if (!back)
		return;
	switch (peer) {
	case XenbusStateInitialising: /* again, after a close: a new frontend */
		if (dev->state == XenbusStateClosed)
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
