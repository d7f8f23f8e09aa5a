/* SPDX-License-Identifier: MIT */
/*
 * Virtio 1.0 devices on PCI, the modern transport (virtio 1.0, 4.1): a driver finds its device,
 * agrees on features, sets its queues up and goes. One driver per device; the caller serialises.
 *
 *	virtio_open -> virtio_negotiate -> virtio_add_queue... -> virtio_start -> ... virtio_close
 */
#pragma once

#include "guest/virtio/msix.h"
#include "guest/virtio/pci.h"
#include "guest/virtio/vqueue.h"

#define VIRTIO_ID_NET   1
#define VIRTIO_ID_BLOCK 2

#define VIRTIO_F_EVENT_IDX 29
#define VIRTIO_F_VERSION_1 32

#define VIRTIO_QUEUES_MAX 4

struct virtio_common_cfg;

struct virtio_queue {
	struct vqueue vq;
	volatile uint16_t *doorbell;
	uint16_t index;
	struct msix_vector vector;
	void *pages[3]; /* descriptors, available, used */
};

struct virtio_dev {
	struct pci_dev *pci;
	volatile struct virtio_common_cfg *common;
	volatile uint8_t *config; /* the device type's own registers */
	uint32_t config_size;
	volatile uint8_t *notify;
	uint32_t notify_size;
	uint32_t notify_multiplier;
	uint64_t features; /* as negotiated */
	unsigned int queue_count;
	struct virtio_queue queues[VIRTIO_QUEUES_MAX];
};

/*
 * Claims the next free PCI device of a virtio type, in PCI order, resets it and maps its
 * registers. *dev is the caller's, zeroed. -ENODEV when there is none (left), -EPERM without the
 * right to touch hardware, else why the device that was found cannot be used; that one stays
 * claimed, so that the next call tries the next.
 */
int virtio_open(struct virtio_dev *dev, unsigned int type);

/*
 * Takes those of the wanted features that the device offers, into dev->features. VERSION_1 is
 * always asked for. -EIO when the device refuses the choice, -EOPNOTSUPP when it is not modern.
 */
int virtio_negotiate(struct virtio_dev *dev, uint64_t wanted);

static inline bool virtio_has(const struct virtio_dev *dev, unsigned int feature)
{
	return dev->features >> feature & 1;
}

/*
 * Sets queue `index` up with as many entries as the device offers, at most size_max (a power of
 * two, at most VQUEUE_SIZE_MAX), and its interrupt: handler(port, arg). NULL handler: no
 * interrupt, the driver polls. 0 or -errno.
 */
int virtio_add_queue(struct virtio_dev *dev, unsigned int index, unsigned int size_max,
		     evtchn_handler_t handler, void *arg, struct virtio_queue **queue);

/* From here on the device works. */
void virtio_start(struct virtio_dev *dev);

/* Whether the device has given up (DEVICE_NEEDS_RESET) or a queue is broken. */
bool virtio_failed(const struct virtio_dev *dev);

/* Resets the device: it touches no memory any more. Tokens in flight stay with vqueue_drain. */
void virtio_reset(struct virtio_dev *dev);

/* Resets, and gives queues, interrupts and the claim back. All tokens must be drained. */
void virtio_close(struct virtio_dev *dev);

/* Shows the device what was added to the queue, and rings its doorbell if it asks for that. */
void virtio_kick(struct virtio_queue *queue);

/*
 * Reads one field of the device type's registers: 2, 4 or 8 bytes as a number, any other length as
 * bytes (4.1.3.1), again until no change came between (4.1.4.3.1). False when the device has not
 * that many.
 */
bool virtio_config(const struct virtio_dev *dev, unsigned int offset, void *buf, size_t len);
