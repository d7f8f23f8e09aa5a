/* SPDX-License-Identifier: MIT */
/*
 * virtio-blk (virtio 1.0, 5.2): every disk of the machine becomes vda, vdb, ... in PCI order.
 *
 * A request takes a header that the device reads, the data, and a status byte that it writes.
 * Neighbouring frames share a descriptor, so a large request of a domain with contiguous memory
 * is a few of them. What does not fit waits in `waiting`, in order, until something completes.
 */
#include "blk/block.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guest/console.h"
#include "guest/init.h"
#include "guest/page.h"
#include "guest/spinlock.h"
#include "guest/vcpu.h"
#include "guest/virtio/virtio.h"
#include "guest/vmap.h"

#define FEATURE_SEG_MAX	 2
#define FEATURE_RO	 5
#define FEATURE_BLK_SIZE 6
#define FEATURE_FLUSH	 9
#define FEATURE_DISCARD	 13

/* Offsets in the device's configuration (5.2.4). */
#define CONFIG_CAPACITY		   0
#define CONFIG_SEG_MAX		   12
#define CONFIG_BLK_SIZE		   20
#define CONFIG_MAX_DISCARD_SECTORS 36
#define CONFIG_DISCARD_ALIGNMENT   44 /* granularity, in sectors */

enum { TYPE_IN = 0, TYPE_OUT = 1, TYPE_FLUSH = 4, TYPE_DISCARD = 11 };
enum { STATUS_OK = 0, STATUS_IOERR = 1, STATUS_UNSUPP = 2 };

#define SEGS_MAX  126U /* of one request; header and status come on top */
#define SLOTS	  (PAGE_SIZE / sizeof(struct slot))
#define DISKS_MAX 26

/* What the device reads and writes about one request; a page holds all of a disk's. */
struct slot {
	uint32_t type, reserved;
	uint64_t sector;
	struct {
		uint64_t sector;
		uint32_t sectors, flags;
	} discard;
	uint8_t status;
	uint8_t unused[31];
};
_Static_assert(sizeof(struct slot) == 64, "slots do not cross frames");

struct disk {
	struct block_device block;
	struct virtio_dev virtio;
	struct virtio_queue *queue;

	/* With the lock, but for slots_maddr, which never changes: */
	struct spinlock lock;
	struct slot *slots; /* memory that the device writes: only `status` is ever read back */
	uint64_t slots_maddr;
	struct block_request *in_slot[SLOTS]; /* NULL: free */
	uint8_t free_slots[SLOTS];	      /* a stack of the numbers of free ones */
	unsigned int free_count;
	struct list waiting; /* block_request: no slot or no descriptors; started in order */
};

/* Descriptors for the data; neighbours in memory are joined. Returns how many. */
static unsigned int fill_data(const struct block_request *req, struct vqueue_seg *out)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < req->seg_count; i++) {
		const struct block_seg *seg = &req->segs[i];

		if (n && out[n - 1].addr + out[n - 1].len == seg->maddr)
			out[n - 1].len += seg->len;
		else
			out[n++] = (struct vqueue_seg){ seg->maddr, seg->len };
	}
	return n;
}

static const uint32_t request_type[] = {
	[BLOCK_READ] = TYPE_IN,
	[BLOCK_WRITE] = TYPE_OUT,
	[BLOCK_FLUSH] = TYPE_FLUSH,
	[BLOCK_DISCARD] = TYPE_DISCARD,
};

/* Hand one request to the device; false when it has no room. With the lock. */
static bool disk_start(struct disk *disk, struct block_request *req)
{
	struct vqueue_seg segs[SEGS_MAX + 2];
	unsigned int data, index;
	struct slot *slot;
	uint64_t at;

	if (!disk->free_count)
		return false;
	index = disk->free_slots[disk->free_count - 1];
	slot = &disk->slots[index];
	at = disk->slots_maddr + index * sizeof(*slot);
	*slot = (struct slot){ .type = request_type[req->op], .status = STATUS_IOERR };
	if (req->op == BLOCK_READ || req->op == BLOCK_WRITE)
		slot->sector = req->sector;

	segs[0] = (struct vqueue_seg){ at, 16 };
	data = fill_data(req, &segs[1]);
	if (req->op == BLOCK_DISCARD) {
		slot->discard.sector = req->sector;
		slot->discard.sectors = (uint32_t)req->sectors;
		segs[1] = (struct vqueue_seg){ at + offsetof(struct slot, discard), 16 };
		data = 1;
	}
	segs[1 + data] = (struct vqueue_seg){ at + offsetof(struct slot, status), 1 };

	unsigned int in = req->op == BLOCK_READ ? data + 1 : 1;

	if (vqueue_add(&disk->queue->vq, segs, data + 2 - in, in, slot))
		return false;
	disk->free_count--;
	disk->in_slot[index] = req;
	return true;
}

static void disk_submit(struct block_device *dev, struct block_request *req)
{
	struct disk *disk = dev->driver;
	unsigned long flags = spin_lock_save(&disk->lock);
	bool dead = dev->dead;

	if (!dead && (!list_empty(&disk->waiting) || !disk_start(disk, req)))
		list_push_back(&disk->waiting, &req->link);
	spin_unlock_restore(&disk->lock, flags);
	if (dead)
		req->done(req, -EIO);
}

static void disk_kick(struct block_device *dev)
{
	struct disk *disk = dev->driver;
	unsigned long flags = spin_lock_save(&disk->lock);

	virtio_kick(disk->queue);
	spin_unlock_restore(&disk->lock, flags);
}

static void disk_complete(struct disk *disk, struct slot *slot, int err, struct list *ended)
{
	unsigned int index = (unsigned int)(slot - disk->slots);
	struct block_request *req = disk->in_slot[index];

	disk->in_slot[index] = NULL;
	disk->free_slots[disk->free_count++] = (uint8_t)index;
	req->err = err;
	list_push_back(ended, &req->link);
}

static int slot_error(const struct slot *slot)
{
	switch (READ_ONCE(slot->status)) {
	case STATUS_OK:
		return 0;
	case STATUS_UNSUPP:
		return -EOPNOTSUPP;
	default:
		return -EIO;
	}
}

/* The device broke its side of the protocol: stop it, and fail everything it had. */
static void disk_die(struct disk *disk, struct list *ended)
{
	struct slot *slot;

	console_print("%s: the device has failed; its requests end with errors\n",
		      disk->block.name);
	disk->block.dead = true;
	virtio_reset(&disk->virtio);
	while ((slot = vqueue_drain(&disk->queue->vq)))
		disk_complete(disk, slot, -EIO, ended);
	while (!list_empty(&disk->waiting)) {
		struct list *l = list_pop_front(&disk->waiting);

		container_of(l, struct block_request, link)->err = -EIO;
		list_push_back(ended, l);
	}
}

/* What waits for a slot or for descriptors goes as far as there are any. */
static void disk_restart(struct disk *disk)
{
	while (!list_empty(&disk->waiting)) {
		struct block_request *req =
			container_of(disk->waiting.next, struct block_request, link);

		list_remove(&req->link);
		if (disk_start(disk, req))
			continue;
		list_push_front(&disk->waiting, &req->link);
		break;
	}
	virtio_kick(disk->queue);
}

static void disk_interrupt(evtchn_port_t port, void *arg)
{
	struct disk *disk = arg;
	struct list ended = LIST_INIT(ended), *l;
	unsigned long flags = spin_lock_save(&disk->lock);
	struct slot *slot;
	uint32_t written;

	(void)port;
	msix_eoi(&disk->queue->vector);
	do {
		while ((slot = vqueue_reap(&disk->queue->vq, &written)))
			disk_complete(disk, slot, slot_error(slot), &ended);
	} while (vqueue_arm(&disk->queue->vq, 1));
	if (virtio_failed(&disk->virtio) && !disk->block.dead)
		disk_die(disk, &ended);
	else if (!disk->block.dead)
		disk_restart(disk);
	spin_unlock_restore(&disk->lock, flags);
	/* Without the lock: whoever is told may submit the next. */
	while ((l = list_pop_front(&ended))) {
		struct block_request *req = container_of(l, struct block_request, link);

		req->done(req, req->err);
	}
}

static int disk_configure(struct disk *disk, unsigned int queue_size)
{
	struct virtio_dev *virtio = &disk->virtio;
	struct block_device *block = &disk->block;
	uint32_t segs = SEGS_MAX, size = SECTOR_SIZE, discard = 0, granularity = 0;

	if (!virtio_config(virtio, CONFIG_CAPACITY, &block->sectors, 8))
		return -EIO;
	if (virtio_has(virtio, FEATURE_SEG_MAX))
		virtio_config(virtio, CONFIG_SEG_MAX, &segs, 4);
	if (virtio_has(virtio, FEATURE_BLK_SIZE))
		virtio_config(virtio, CONFIG_BLK_SIZE, &size, 4);
	if (virtio_has(virtio, FEATURE_DISCARD)) {
		virtio_config(virtio, CONFIG_MAX_DISCARD_SECTORS, &discard, 4);
		virtio_config(virtio, CONFIG_DISCARD_ALIGNMENT, &granularity, 4);
	}
	if (size < SECTOR_SIZE || size > PAGE_SIZE || size & (size - 1))
		return -EINVAL;
	block->block_size = size;
	block->max_segs = MAX(1U, MIN(MIN(segs, SEGS_MAX), queue_size - 2));
	block->readonly = virtio_has(virtio, FEATURE_RO);
	block->can_flush = virtio_has(virtio, FEATURE_FLUSH);
	block->discard_max = ROUND_DOWN(discard, size / SECTOR_SIZE);
	block->can_discard = block->discard_max;
	if (granularity <= UINT32_MAX / SECTOR_SIZE && !(granularity & (granularity - 1)))
		block->discard_granularity = granularity * SECTOR_SIZE;
	return 0;
}

static int disk_setup(struct disk *disk)
{
	uint64_t wanted = 1ULL << FEATURE_SEG_MAX | 1ULL << FEATURE_RO | 1ULL << FEATURE_BLK_SIZE |
			  1ULL << FEATURE_FLUSH | 1ULL << FEATURE_DISCARD |
			  1ULL << VIRTIO_F_EVENT_IDX;
	int err = virtio_negotiate(&disk->virtio, wanted);

	if (!err)
		err = virtio_add_queue(&disk->virtio, 0, VQUEUE_SIZE_MAX, disk_interrupt, disk,
				       &disk->queue);
	if (!err) /* where blkback's first thread is */
		err = evtchn_set_vcpu(disk->queue->vector.port, vcpu_count() - 1);
	if (!err)
		err = disk_configure(disk, disk->queue->vq.size);
	if (err)
		return err;
	disk->slots = page_alloc_zero(0);
	if (!disk->slots)
		return -ENOMEM;
	disk->slots_maddr = virt_to_maddr(disk->slots);
	for (unsigned int i = 0; i < SLOTS; i++)
		disk->free_slots[disk->free_count++] = (uint8_t)i;
	list_init(&disk->waiting);
	disk->block.submit = disk_submit;
	disk->block.kick = disk_kick;
	disk->block.driver = disk;
	virtio_start(&disk->virtio);
	vqueue_arm(&disk->queue->vq, 1);
	return 0;
}

static int virtio_blk_start(void)
{
	for (unsigned int n = 0; n < DISKS_MAX; n++) {
		struct disk *disk = calloc(1, sizeof(*disk));
		int err;

		if (!disk)
			return -ENOMEM;
		err = virtio_open(&disk->virtio, VIRTIO_ID_BLOCK);
		if (err) {
			free(disk);
			return err == -ENODEV || err == -EPERM ? 0 : err;
		}
		snprintf(disk->block.name, sizeof(disk->block.name), "vd%c", 'a' + n);
		err = disk_setup(disk);
		if (err) {
			console_print("%s: cannot be used: error %d\n", disk->block.name, -err);
			virtio_close(&disk->virtio);
			free(disk);
			continue;
		}
		block_register(&disk->block);
		console_print("%s: %lu MiB%s\n", disk->block.name,
			      (unsigned long)(disk->block.sectors >> 11),
			      disk->block.readonly ? ", read-only" : "");
	}
	return 0;
}
INITCALL(device, virtio_blk_start);
