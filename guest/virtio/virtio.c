/* SPDX-License-Identifier: MIT */
/*
 * The modern PCI transport of virtio 1.0: registers, features, queues (virtio 1.0, 3.1 and 4.1).
 *
 * Registers lie in BARs, at places that vendor capabilities tell. They are uncached, and read and
 * written in their own width only. Each access leaves to the device's emulation, so nothing here
 * is touched while packets or blocks flow but the doorbell, and that only when the device asks
 * for it.
 */

#include "guest/virtio/virtio.h"

#include <errno.h>

#include "guest/page.h"
#include "guest/vmap.h"

#define VENDOR_VIRTIO       0x1af4
#define DEVICE_MODERN       0x1040 /* plus the type */
#define DEVICE_LEGACY_FIRST 0x1000
#define DEVICE_LEGACY_LAST  0x103f

/* Vendor capability (4.1.4): what a piece of a BAR is. */
#define CAP_TYPE              3
#define CAP_BAR               4
#define CAP_OFFSET            8
#define CAP_LENGTH            12
#define CAP_NOTIFY_MULTIPLIER 16
#define CAP_TYPE_COMMON       1
#define CAP_TYPE_NOTIFY       2
#define CAP_TYPE_DEVICE       4

#define STATUS_ACKNOWLEDGE 1
#define STATUS_DRIVER      2
#define STATUS_DRIVER_OK   4
#define STATUS_FEATURES_OK 8
#define STATUS_NEEDS_RESET 64
#define STATUS_FAILED      128

#define NO_VECTOR 0xffff

struct virtio_common_cfg { /* 4.1.4.3 */
	uint32_t device_feature_select;
	uint32_t device_feature;
	uint32_t driver_feature_select;
	uint32_t driver_feature;
	uint16_t msix_config;
	uint16_t num_queues;
	uint8_t device_status;
	uint8_t config_generation;
	uint16_t queue_select;
	uint16_t queue_size;
	uint16_t queue_msix_vector;
	uint16_t queue_enable;
	uint16_t queue_notify_off;
	uint32_t queue_desc_lo, queue_desc_hi;
	uint32_t queue_driver_lo, queue_driver_hi;
	uint32_t queue_device_lo, queue_device_hi;
};

static bool is_type(const struct pci_dev *pci, unsigned int type)
{
	if (pci->vendor != VENDOR_VIRTIO)
		return false;
	if (pci->device >= DEVICE_LEGACY_FIRST && pci->device <= DEVICE_LEGACY_LAST)
		return pci->subsystem == type; /* a transitional device names its type there */
	return pci->device == DEVICE_MODERN + type;
}

/* pci_map_bar checks that the region lies within the BAR. */
static volatile void *map_region(struct virtio_dev *dev, unsigned int cap, uint32_t *size)
{
	*size = pci_read32(dev->pci, cap + CAP_LENGTH);
	return pci_map_bar(dev->pci, pci_read8(dev->pci, cap + CAP_BAR),
			   pci_read32(dev->pci, cap + CAP_OFFSET), *size);
}

/* The first usable region of each kind is the one to take. */
static int map_regions(struct virtio_dev *dev)
{
	uint32_t size;

	for (unsigned int cap = pci_find_cap(dev->pci, PCI_CAP_ID_VENDOR, 0); cap;
	     cap = pci_find_cap(dev->pci, PCI_CAP_ID_VENDOR, cap)) {
		uint8_t type = pci_read8(dev->pci, cap + CAP_TYPE);

		if (type == CAP_TYPE_COMMON && !dev->common) {
			dev->common = map_region(dev, cap, &size);
			if (dev->common && size < sizeof(*dev->common))
				return -EOPNOTSUPP;
		} else if (type == CAP_TYPE_NOTIFY && !dev->notify) {
			dev->notify = map_region(dev, cap, &dev->notify_size);
			dev->notify_multiplier = pci_read32(dev->pci, cap + CAP_NOTIFY_MULTIPLIER);
		} else if (type == CAP_TYPE_DEVICE && !dev->config) {
			dev->config = map_region(dev, cap, &dev->config_size);
		}
	}
	return dev->common && dev->notify ? 0 : -EOPNOTSUPP;
}

/* Status bits are only ever added (2.1); writing 0 is the reset. */
static void add_status(struct virtio_dev *dev, uint8_t bits)
{
	dev->common->device_status |= bits;
}

int virtio_open(struct virtio_dev *dev, unsigned int type)
{
	struct pci_dev *pci = NULL;
	int err = pci_scan();

	if (err)
		return err;
	while ((pci = pci_next(pci)) && (pci->driver || !is_type(pci, type)))
		;
	if (!pci)
		return -ENODEV;
	pci->driver = dev;
	dev->pci = pci;
	pci_enable(pci);
	err = map_regions(dev);
	if (err)
		return err;
	virtio_reset(dev);
	add_status(dev, STATUS_ACKNOWLEDGE);
	add_status(dev, STATUS_DRIVER);
	return 0;
}

/* 3.1.1: features before queues; the device may refuse the set by clearing FEATURES_OK again. */
int virtio_negotiate(struct virtio_dev *dev, uint64_t wanted)
{
	volatile struct virtio_common_cfg *common = dev->common;
	uint64_t offered;

	common->device_feature_select = 0;
	offered = common->device_feature;
	common->device_feature_select = 1;
	offered |= (uint64_t)common->device_feature << 32;
	if (!(offered >> VIRTIO_F_VERSION_1 & 1))
		return -EOPNOTSUPP;

	dev->features = offered & (wanted | 1ULL << VIRTIO_F_VERSION_1);
	common->driver_feature_select = 0;
	common->driver_feature = (uint32_t)dev->features;
	common->driver_feature_select = 1;
	common->driver_feature = (uint32_t)(dev->features >> 32);
	add_status(dev, STATUS_FEATURES_OK);
	if (!(common->device_status & STATUS_FEATURES_OK))
		return -EIO;
	return 0;
}

static void free_queue_pages(struct virtio_queue *queue)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(queue->pages); i++) {
		page_free(queue->pages[i], 0);
		queue->pages[i] = NULL;
	}
}

/* The device reads each part in one piece, so none may be longer than a page: VQUEUE_SIZE_MAX. */
static int alloc_queue_pages(struct virtio_queue *queue)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(queue->pages); i++) {
		queue->pages[i] = page_alloc_zero(0);
		if (!queue->pages[i]) {
			free_queue_pages(queue);
			return -ENOMEM;
		}
	}
	return 0;
}

/* The queue is selected: tells the device where its parts are. */
static void place_queue(volatile struct virtio_common_cfg *common, const struct virtio_queue *queue)
{
	uint64_t desc = virt_to_maddr(queue->pages[0]);
	uint64_t driver = virt_to_maddr(queue->pages[1]);
	uint64_t device = virt_to_maddr(queue->pages[2]);

	common->queue_size = queue->vq.size;
	common->queue_desc_lo = (uint32_t)desc;
	common->queue_desc_hi = (uint32_t)(desc >> 32);
	common->queue_driver_lo = (uint32_t)driver;
	common->queue_driver_hi = (uint32_t)(driver >> 32);
	common->queue_device_lo = (uint32_t)device;
	common->queue_device_hi = (uint32_t)(device >> 32);
}

/* Table entry n serves the nth queue that wants interrupts; the device confirms the choice. */
static int bind_vector(struct virtio_dev *dev, struct virtio_queue *queue, evtchn_handler_t handler,
		       void *arg)
{
	unsigned int entry = dev->queue_count;
	int err;

	if (!handler) {
		dev->common->queue_msix_vector = NO_VECTOR;
		return 0;
	}
	err = msix_bind(dev->pci, entry, handler, arg, &queue->vector);
	if (err)
		return err;
	msix_enable(dev->pci, true);
	dev->common->queue_msix_vector = (uint16_t)entry;
	if (dev->common->queue_msix_vector == entry)
		return 0;
	msix_unbind(&queue->vector);
	return -EBUSY;
}

int virtio_add_queue(struct virtio_dev *dev, unsigned int index, unsigned int size_max,
		     evtchn_handler_t handler, void *arg, struct virtio_queue **result)
{
	volatile struct virtio_common_cfg *common = dev->common;
	struct virtio_queue *queue = &dev->queues[dev->queue_count];
	uint64_t bell;
	uint16_t size;
	int err;

	if (dev->queue_count == VIRTIO_QUEUES_MAX || index >= common->num_queues)
		return -ENODEV;
	common->queue_select = (uint16_t)index;
	size = (uint16_t)MIN((unsigned int)common->queue_size, size_max);
	bell = (uint64_t)common->queue_notify_off * dev->notify_multiplier;
	if (!size || size & (size - 1) || bell + sizeof(uint16_t) > dev->notify_size)
		return -EINVAL;
	err = alloc_queue_pages(queue);
	if (err)
		return err;
	err = bind_vector(dev, queue, handler, arg);
	if (err) {
		free_queue_pages(queue);
		return err;
	}
	vqueue_init(&queue->vq, size, queue->pages[0], queue->pages[1], queue->pages[2],
		    virtio_has(dev, VIRTIO_F_EVENT_IDX));
	queue->index = (uint16_t)index;
	queue->doorbell = (volatile uint16_t *)(dev->notify + bell);
	place_queue(common, queue);
	common->queue_enable = 1;
	dev->queue_count++;
	*result = queue;
	return 0;
}

void virtio_start(struct virtio_dev *dev)
{
	add_status(dev, STATUS_DRIVER_OK);
}

bool virtio_failed(const struct virtio_dev *dev)
{
	for (unsigned int i = 0; i < dev->queue_count; i++)
		if (dev->queues[i].vq.broken)
			return true;
	return dev->common->device_status & (STATUS_NEEDS_RESET | STATUS_FAILED);
}

void virtio_reset(struct virtio_dev *dev)
{
	dev->common->device_status = 0;
	/* 4.1.4.3.2: the reset is done when the status reads 0. */
	while (dev->common->device_status)
		__asm__ volatile("pause");
}

void virtio_close(struct virtio_dev *dev)
{
	if (dev->common)
		virtio_reset(dev);
	pci_disable(dev->pci);
	for (unsigned int i = 0; i < dev->queue_count; i++) {
		msix_unbind(&dev->queues[i].vector);
		free_queue_pages(&dev->queues[i]);
	}
	msix_enable(dev->pci, false);
	dev->queue_count = 0;
	dev->pci->driver = NULL;
}

void virtio_kick(struct virtio_queue *queue)
{
	if (vqueue_publish(&queue->vq))
		*queue->doorbell = queue->index;
}

static void read_field(volatile uint8_t *at, void *buf, size_t len)
{
	uint8_t *bytes = buf;

	if (len == 2) {
		*(uint16_t *)buf = *(volatile uint16_t *)at;
	} else if (len == 4 || len == 8) {
		for (size_t i = 0; i < len / 4; i++)
			((uint32_t *)buf)[i] = ((volatile uint32_t *)at)[i];
	} else {
		for (size_t i = 0; i < len; i++)
			bytes[i] = at[i];
	}
}

bool virtio_config(const struct virtio_dev *dev, unsigned int offset, void *buf, size_t len)
{
	uint8_t before;

	if (!dev->config || offset > dev->config_size || len > dev->config_size - offset)
		return false;
	do {
		before = dev->common->config_generation;
		read_field(dev->config + offset, buf, len);
	} while (dev->common->config_generation != before);
	return true;
}
