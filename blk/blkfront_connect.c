/* SPDX-License-Identifier: MIT */
/*
 * The block frontend's handshake (<xen/io/blkif.h>): wait for the backend's offer, give it rings
 * and ports, learn the disk's size. A backend that closes and comes back finds the requests it did
 * not answer sent again: reads and writes of fixed places may be repeated.
 */
#include "blk/blkfront.h"

#include <stdlib.h>
#include <xen/io/protocols.h>

#include "blk/vdev.h"
#include "guest/console.h"
#include "guest/init.h"
#include "guest/page.h"
#include "guest/param.h"
#include "guest/vmap.h"
#include "lib/format.h"

#define CONNECT_TIMEOUT_MS 10000U

PARAM(blkfront_queues, "N: how many rings a disk may have; one for each vcpu if left out");

static int front_probe(struct xenbus_device *dev)
{
	struct blkfront *front = calloc(1, sizeof(*front));

	if (!front)
		return -ENOMEM;
	front->dev = dev;
	front->backend = dev->peer_domid;
	blkfront_queues_init(front);
	vdev_name(dev->id, front->block.name, sizeof(front->block.name));
	front->block.driver = front;
	front->block.submit = blkfront_submit;
	front->block.kick = blkfront_kick;
	dev->priv = front;
	return xenbus_switch_state(dev, XenbusStateInitialising);
}

/* --- Connect ---------------------------------------------------------------------------------- */

static void ring_free(struct blkfront_queue *q)
{
	unsigned int pages = 1U << q->front->ring_order;

	/* Each page goes back once the backend has unmapped it; its neighbour may be earlier. */
	for (unsigned int i = 0; q->ring_pages && i < pages; i++)
		gnttab_revoke_page(q->ring_refs[i], (char *)q->ring_pages + i * PAGE_SIZE);
	q->ring_pages = NULL;
}

static int ring_alloc(struct blkfront_queue *q)
{
	unsigned int order = q->front->ring_order, pages = 1U << order;

	q->ring_pages = page_alloc_zero(order);
	if (!q->ring_pages)
		return -ENOMEM;
	for (unsigned int i = 0; i < pages; i++) {
		int ref = gnttab_grant(q->front->backend,
				       virt_to_mfn((char *)q->ring_pages + i * PAGE_SIZE), false);

		if (ref < 0) {
			while (i)
				gnttab_revoke(q->ring_refs[--i]);
			page_free(q->ring_pages, order);
			q->ring_pages = NULL;
			return ref;
		}
		q->ring_refs[i] = (grant_ref_t)ref;
	}
	XEN_FRONT_RING_INIT(&q->ring, (blkif_sring_t *)q->ring_pages, pages * PAGE_SIZE);
	return blkfront_slots_init(q);
}

static int make_queue(struct blkfront *front, unsigned int index)
{
	struct blkfront_queue *q = &front->queues[index];
	int result = ring_alloc(q);

	if (result)
		return result;
	result = evtchn_alloc_unbound(front->backend, blkfront_event, q);
	if (result < 0)
		return result;
	q->port = (evtchn_port_t)result;
	return evtchn_set_vcpu(q->port, index % vcpu_count());
}

/* --- What the backend is told ----------------------------------------------------------------- */

static int write_queue(xs_tx_t tx, const struct blkfront_queue *q, const char *path)
{
	unsigned int order = q->front->ring_order;
	char node[16];
	int err = xs_printf(tx, path, "event-channel", "%u", q->port);

	if (!err && !order)
		return xs_printf(tx, path, "ring-ref", "%u", q->ring_refs[0]);
	for (unsigned int i = 0; !err && i < 1U << order; i++) {
		str_format(node, sizeof(node), "ring-ref%u", i);
		err = xs_printf(tx, path, node, "%u", q->ring_refs[i]);
	}
	return err;
}

/* Nodes of an earlier connection with another number of rings would be read with ours. */
static int remove_queues(xs_tx_t tx, const char *path)
{
	static const char *const nodes[] = {
		"ring-ref", "ring-ref0", "ring-ref1", "event-channel", "ring-page-order",
		"multi-queue-num-queues",
	};
	char queue[16];
	int err = 0;

	for (size_t i = 0; i < ARRAY_SIZE(nodes) && (!err || err == -ENOENT); i++)
		err = xs_rm(tx, path, nodes[i]);
	for (unsigned int i = 0; i < BLKFRONT_QUEUES_MAX && (!err || err == -ENOENT); i++) {
		str_format(queue, sizeof(queue), "queue-%u", i);
		err = xs_rm(tx, path, queue);
	}
	return err == -ENOENT ? 0 : err;
}

static int write_queues(xs_tx_t tx, const struct blkfront *front)
{
	const char *path = front->dev->path;
	char queue[XENBUS_PATH_MAX + 16];
	int err;

	if (front->queue_count == 1)
		return write_queue(tx, &front->queues[0], path);
	err = xs_printf(tx, path, "multi-queue-num-queues", "%u", front->queue_count);
	for (unsigned int i = 0; i < front->queue_count && !err; i++) {
		str_format(queue, sizeof(queue), "%s/queue-%u", path, i);
		err = write_queue(tx, &front->queues[i], queue);
	}
	return err;
}

static int write_connection(xs_tx_t tx, void *arg)
{
	const struct blkfront *front = arg;
	const char *path = front->dev->path;
	int err = remove_queues(tx, path);

	if (!err)
		err = xs_printf(tx, path, "protocol", "%s", XEN_IO_PROTO_ABI_X86_64);
	if (!err && front->ring_order)
		err = xs_printf(tx, path, "ring-page-order", "%u", front->ring_order);
	return err ? err : write_queues(tx, front);
}

static bool has_rings(const struct blkfront *front)
{
	return front->queues[0].ring_pages;
}

static void front_disconnect(struct blkfront *front)
{
	blkfront_pause(front);
	for (unsigned int i = 0; i < front->queue_count; i++) {
		struct blkfront_queue *q = &front->queues[i];

		if (q->port)
			evtchn_unbind(q->port);
		q->port = 0;
		blkfront_slots_free(q);
		ring_free(q);
	}
}

static unsigned int queue_limit(void)
{
	return param_number("blkfront_queues", MIN(vcpu_count(), BLKFRONT_QUEUES_MAX),
			    BLKFRONT_QUEUES_MAX);
}

static void front_initialise(struct blkfront *front)
{
	struct xenbus_device *dev = front->dev;
	unsigned int order = xs_read_u32_or(XS_NO_TX, dev->peer, "max-ring-page-order", 0);
	unsigned int queues = xs_read_u32_or(XS_NO_TX, dev->peer, "multi-queue-max-queues", 1);
	int err = 0;

	if (has_rings(front))
		return;
	front->backend = dev->peer_domid;
	front->ring_order = MIN(order, BLKFRONT_RING_ORDER_MAX);
	front->queue_count = MAX(MIN(queues, queue_limit()), 1U);
	for (unsigned int i = 0; i < front->queue_count && !err; i++)
		err = make_queue(front, i);
	if (!err)
		err = xs_transact(write_connection, front);
	if (!err)
		err = xenbus_switch_state(dev, XenbusStateInitialised);
	if (err) {
		front_disconnect(front);
		xenbus_fatal(dev, err, "cannot set up the rings");
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
	front->piece_max = MAX(MIN(indirect, BLKFRONT_SEGS_MAX),
			       (unsigned int)BLKIF_MAX_SEGMENTS_PER_REQUEST);
	/* Users keep to what the first backend took. */
	if (!front->registered)
		block->max_segs = front->piece_max;
	block->sectors = sectors;
	block->block_size = sector_size;
	block->readonly = info & VDISK_READONLY;
	block->can_flush = xs_read_u32_or(XS_NO_TX, peer, "feature-flush-cache", 0);
	block->can_discard = xs_read_u32_or(XS_NO_TX, peer, "feature-discard", 0);
	block->discard_granularity = xs_read_u32_or(XS_NO_TX, peer, "discard-granularity", 0);
	block->discard_max = sectors & ~7ULL; /* the protocol has no limit; whole blocks */
	return 0;
}

static void front_connected(struct blkfront *front)
{
	struct xenbus_device *dev = front->dev;
	int err;

	if (front->connected || !has_rings(front))
		return;
	err = read_disk(front);
	if (err) {
		front_disconnect(front);
		xenbus_fatal(dev, err, "the backend's description of the disk makes no sense");
		return;
	}
	front->block.dead = false;
	if (!front->registered) {
		front->registered = true;
		block_register(&front->block);
	}
	if (front->queue_count > 1)
		console_print("%s: %u rings\n", front->block.name, front->queue_count);
	xenbus_switch_state(dev, XenbusStateConnected);
	blkfront_continue(front);
}

static void front_close(struct blkfront *front, bool for_good)
{
	blkfront_pause(front);
	if (for_good) {
		front->block.dead = true;
		blkfront_fail_all(front, -EIO);
	} else {
		blkfront_requeue(front);
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

	front->suspended = READ_ONCE(front->connected);
	blkfront_pause(front);
}

static void front_resume(struct xenbus_device *dev, bool lost)
{
	struct blkfront *front = dev->priv;

	if (lost) {
		for (unsigned int i = 0; i < front->queue_count; i++)
			front->queues[i].port = 0;
		blkfront_requeue(front);
		front_disconnect(front);
	} else if (front->suspended) {
		blkfront_continue(front);
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
