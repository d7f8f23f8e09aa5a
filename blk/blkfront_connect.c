/* SPDX-License-Identifier: MIT */
/*
 * The block frontend's handshake (<xen/io/blkif.h>): wait for the backend's offer, give it ring and
 * port, learn the disk's size. A backend that closes and comes back finds the requests it did not
 * answer sent again: reads and writes of fixed places may be repeated.
 */
#include "blk/blkfront.h"

#include <stdlib.h>
#include <xen/io/protocols.h>

#include "blk/vdev.h"
#include "guest/console.h"
#include "guest/init.h"
#include "guest/irq.h"
#include "guest/page.h"
#include "guest/vmap.h"
#include "lib/format.h"

#define CONNECT_TIMEOUT_MS 10000U

static int front_probe(struct xenbus_device *dev)
{
	struct blkfront *front = calloc(1, sizeof(*front));

	if (!front)
		return -ENOMEM;
	front->dev = dev;
	front->backend = dev->peer_domid;
	list_init(&front->waiting);
	timer_init(&front->retry, blkfront_retry, front);
	vdev_name(dev->id, front->block.name, sizeof(front->block.name));
	front->block.driver = front;
	front->block.submit = blkfront_submit;
	front->block.kick = blkfront_kick;
	dev->priv = front;
	return xenbus_switch_state(dev, XenbusStateInitialising);
}

/* --- Connect ---------------------------------------------------------------------------------- */

static void ring_free(struct blkfront *front)
{
	unsigned int pages = 1U << front->ring_order;

	/* Each page goes back once the backend has unmapped it; its neighbour may be earlier. */
	for (unsigned int i = 0; front->ring_pages && i < pages; i++)
		gnttab_revoke_page(front->ring_refs[i], (char *)front->ring_pages + i * PAGE_SIZE);
	front->ring_pages = NULL;
}

static int ring_alloc(struct blkfront *front)
{
	unsigned int max = xs_read_u32_or(XS_NO_TX, front->dev->peer, "max-ring-page-order", 0);
	unsigned int pages;

	front->ring_order = MIN(max, BLKFRONT_RING_ORDER_MAX);
	pages = 1U << front->ring_order;
	front->ring_pages = page_alloc_zero(front->ring_order);
	if (!front->ring_pages)
		return -ENOMEM;
	for (unsigned int i = 0; i < pages; i++) {
		int ref =
			gnttab_grant(front->backend,
				     virt_to_mfn((char *)front->ring_pages + i * PAGE_SIZE), false);

		if (ref < 0) {
			while (i)
				gnttab_revoke(front->ring_refs[--i]);
			page_free(front->ring_pages, front->ring_order);
			front->ring_pages = NULL;
			return ref;
		}
		front->ring_refs[i] = (grant_ref_t)ref;
	}
	XEN_FRONT_RING_INIT(&front->ring, (blkif_sring_t *)front->ring_pages, pages * PAGE_SIZE);
	return blkfront_slots_init(front);
}

static int publish_ring(xs_tx_t tx, void *arg)
{
	struct blkfront *front = arg;
	const char *path = front->dev->path;
	char node[16];
	int err = xs_printf(tx, path, "protocol", "%s", XEN_IO_PROTO_ABI_X86_64);

	if (!err)
		err = xs_printf(tx, path, "event-channel", "%u", front->port);
	if (!err && !front->ring_order)
		return xs_printf(tx, path, "ring-ref", "%u", front->ring_refs[0]);
	if (!err)
		err = xs_printf(tx, path, "ring-page-order", "%u", front->ring_order);
	for (unsigned int i = 0; !err && i < 1U << front->ring_order; i++) {
		str_format(node, sizeof(node), "ring-ref%u", i);
		err = xs_printf(tx, path, node, "%u", front->ring_refs[i]);
	}
	return err;
}

static void front_disconnect(struct blkfront *front)
{
	unsigned long flags = irq_save();

	front->connected = false;
	timer_stop(&front->retry);
	irq_restore(flags);
	if (front->port)
		evtchn_unbind(front->port);
	front->port = 0;
	blkfront_slots_free(front);
	ring_free(front);
}

static void front_initialise(struct blkfront *front)
{
	struct xenbus_device *dev = front->dev;
	int err;

	if (front->ring_pages)
		return;
	front->backend = dev->peer_domid;
	err = ring_alloc(front);
	if (!err)
		err = evtchn_alloc_unbound(front->backend, blkfront_event, front);
	if (err > 0) {
		front->port = (evtchn_port_t)err;
		err = xs_transact(publish_ring, front);
	}
	if (!err)
		err = xenbus_switch_state(dev, XenbusStateInitialised);
	if (err) {
		front_disconnect(front);
		xenbus_fatal(dev, err, "cannot set up the ring");
	}
}

static int read_disk(struct blkfront *front)
{
	const char *peer = front->dev->peer;
	struct block_device *block = &front->block;
	uint32_t sector_size, info, indirect;
	uint64_t sectors;
	int err = xs_read_u64(XS_NO_TX, peer, "sectors", &sectors);

	if (err)
		return err;
	sector_size = xs_read_u32_or(XS_NO_TX, peer, "sector-size", SECTOR_SIZE);
	info = xs_read_u32_or(XS_NO_TX, peer, "info", 0);
	/*
	 * Larger ones are announced only by backends that ignore what blkif.h says about frontends
	 * without "feature-large-sector-size", such as Linux's: there it is the smallest transfer,
	 * and all positions count 512 bytes nevertheless.
	 */
	if (sector_size < SECTOR_SIZE || sector_size > PAGE_SIZE ||
	    sector_size & (sector_size - 1) || sectors >> 54)
		return -EINVAL;
	indirect = xs_read_u32_or(XS_NO_TX, peer, "feature-max-indirect-segments", 0);
	front->indirect = indirect > BLKIF_MAX_SEGMENTS_PER_REQUEST;
	block->max_segs = front->indirect ? MIN(indirect, BLKFRONT_SEGS_MAX) :
					    BLKIF_MAX_SEGMENTS_PER_REQUEST;
	block->sectors = sectors;
	block->block_size = sector_size;
	block->readonly = info & VDISK_READONLY;
	block->can_flush = xs_read_u32_or(XS_NO_TX, peer, "feature-flush-cache", 0);
	block->can_discard = xs_read_u32_or(XS_NO_TX, peer, "feature-discard", 0);
	return 0;
}

static void front_connected(struct blkfront *front)
{
	struct xenbus_device *dev = front->dev;
	unsigned long flags;
	int err;

	if (front->connected || !front->ring_pages)
		return;
	err = read_disk(front);
	if (err) {
		front_disconnect(front);
		xenbus_fatal(dev, err, "the backend's description of the disk makes no sense");
		return;
	}
	flags = irq_save();
	front->connected = true;
	front->block.dead = false;
	irq_restore(flags);
	if (!front->registered) {
		front->registered = true;
		block_register(&front->block);
	}
	xenbus_switch_state(dev, XenbusStateConnected);
	blkfront_restart(front);
}

/* What the backend did not answer waits for the next connection, ahead of what came later. */
static void requeue_in_flight(struct blkfront *front)
{
	unsigned long flags = irq_save();

	for (unsigned int i = 0; front->slots && i < RING_SIZE(&front->ring); i++) {
		struct blkfront_slot *slot = &front->slots[i];

		if (!slot->req)
			continue;
		while (slot->seg_count)
			gnttab_revoke_page(slot->refs[--slot->seg_count], NULL);
		list_push_front(&front->waiting, &slot->req->link);
		slot->req = NULL;
	}
	irq_restore(flags);
}

static void front_close(struct blkfront *front, bool for_good)
{
	front->connected = false;
	if (for_good) {
		front->block.dead = true;
		blkfront_fail_all(front, -EIO);
	} else {
		requeue_in_flight(front);
	}
	front_disconnect(front);
	xenbus_switch_state(front->dev, XenbusStateClosed);
}

static void front_changed(struct xenbus_device *dev, enum xenbus_state peer)
{
	struct blkfront *front = dev->priv;

	if (!front)
		return;
	switch (peer) {
	case XenbusStateInitWait:
		if (dev->state == XenbusStateClosed)
			xenbus_switch_state(dev, XenbusStateInitialising);
		front_initialise(front);
		break;
	case XenbusStateInitialised:
		front_initialise(front);
		break;
	case XenbusStateConnected:
		front_initialise(front);
		front_connected(front);
		break;
	case XenbusStateClosing:
		front_close(front, false);
		break;
	case XenbusStateClosed:
		if (dev->state != XenbusStateClosed && dev->state != XenbusStateInitialising)
			front_close(front, false);
		break;
	case XenbusStateUnknown:
		front_close(front, true);
		break;
	default:
		break;
	}
}

static void front_remove(struct xenbus_device *dev)
{
	struct blkfront *front = dev->priv;

	if (!front)
		return;
	front_close(front, true);
	dev->priv = NULL;
	if (!front->registered)
		free(front);
	/* Else users may still hold the block device: it stays, and answers -EIO. */
}

/* --- Suspend and resume ----------------------------------------------------------------------- */

/* What is under way may be answered while we do not look, or never; what is submitted waits. */
static void front_suspend(struct xenbus_device *dev)
{
	struct blkfront *front = dev->priv;
	unsigned long flags = irq_save();

	front->suspended = front->connected;
	front->connected = false;
	timer_stop(&front->retry);
	irq_restore(flags);
}

static void front_resume(struct xenbus_device *dev, bool lost)
{
	struct blkfront *front = dev->priv;
	unsigned long flags;

	if (lost) {
		front->port = 0;
		requeue_in_flight(front);
		front_disconnect(front);
	} else if (front->suspended) {
		flags = irq_save();
		front->connected = true;
		blkfront_event(front->port, front);
		irq_restore(flags);
	}
	front->suspended = false;
}

static struct xenbus_driver blkfront_driver = {
	.type = "vbd",
	.side = XENBUS_FRONTEND,
	.probe = front_probe,
	.changed = front_changed,
	.remove = front_remove,
	.suspend = front_suspend,
	.resume = front_resume,
};

static int blkfront_init(void)
{
	int err, n;

	if (!xs_available() || is_initdomain())
		return 0;
	err = xenbus_register(&blkfront_driver);
	if (err)
		return err;
	n = xenbus_wait_frontends("vbd", CONNECT_TIMEOUT_MS);
	if (n < 0)
		console_print("blkfront: a disk's backend did not answer within %u s\n",
			      CONNECT_TIMEOUT_MS / 1000);
	return 0;
}
INITCALL(device, blkfront_init);
