/* SPDX-License-Identifier: MIT */
/*
 * One split virtqueue as its driver sees it (virtio 1.0, 2.4). Pure: it knows the three parts of
 * the ring in memory and nothing about buses, so it runs on the host against a device of a test.
 *
 * The caller serialises all calls for one queue. The device is not trusted: what it writes is read
 * once and checked, and the chains are kept in memory that it cannot reach. A device that returns
 * what it was not given breaks the queue for good (vqueue.broken), which its driver answers by
 * resetting the device.
 */
#pragma once

#include "lib/types.h"

/* With at most this many entries each part of the ring fits one page: none needs a second frame. */
#define VQUEUE_SIZE_MAX 256

struct vring_desc {
	uint64_t addr;
	uint32_t len;
	uint16_t flags;
	uint16_t next;
};

#define VRING_DESC_NEXT  1
#define VRING_DESC_WRITE 2

struct vring_avail {
	uint16_t flags;
	uint16_t idx;
	uint16_t ring[]; /* and after the last: used_event */
};

#define VRING_AVAIL_NO_INTERRUPT 1

struct vring_used_elem {
	uint32_t id;
	uint32_t len;
};

struct vring_used {
	uint16_t flags;
	uint16_t idx;
	struct vring_used_elem ring[]; /* and after the last: avail_event */
};

#define VRING_USED_NO_NOTIFY 1

/* A piece of memory that is contiguous for the device. */
struct vqueue_seg {
	uint64_t addr; /* machine address */
	uint32_t len;
};

struct vqueue_slot {
	void *token;       /* not NULL while this entry heads a chain in flight */
	uint32_t writable; /* bytes that the device may write to that chain */
	uint16_t count;    /* entries of that chain */
	uint16_t next;     /* next of the chain, or of the free list */
};

struct vqueue {
	struct vring_desc *desc;
	struct vring_avail *avail;
	struct vring_used *used;
	uint16_t size;
	uint16_t free_head;
	uint16_t free_count;
	uint16_t avail_idx;     /* next to fill */
	uint16_t published_idx; /* avail->idx as the device sees it */
	uint16_t used_idx;      /* next to reap */
	bool event_idx;         /* VIRTIO_F_EVENT_IDX was negotiated */
	bool broken;
	struct vqueue_slot slots[VQUEUE_SIZE_MAX];
};

/*
 * Takes over the three zeroed pages. size: a power of two, at most VQUEUE_SIZE_MAX. Interrupts are
 * off until vqueue_arm.
 */
void vqueue_init(struct vqueue *vq, uint16_t size, void *desc, void *avail, void *used,
		 bool event_idx);

/*
 * Queues a chain of out segments that the device reads, then in segments that it writes (at least
 * one in all). token, not NULL, comes back from vqueue_reap. -ENOSPC when the ring is full; the
 * device sees nothing before vqueue_publish.
 */
int vqueue_add(struct vqueue *vq, const struct vqueue_seg *segs, unsigned int out, unsigned int in,
	       void *token);

/* Shows the device what was added. True when it asks to be notified. */
bool vqueue_publish(struct vqueue *vq);

/*
 * One chain that the device has finished, in its order, or NULL. *written: bytes that it says it
 * wrote, never more than the chain has.
 */
void *vqueue_reap(struct vqueue *vq, uint32_t *written);

/*
 * Asks for an interrupt after the device has finished `after` more chains than were reaped
 * (at least 1). True when that many are there already, and no interrupt will come for them.
 */
bool vqueue_arm(struct vqueue *vq, uint16_t after);

/* No interrupts wanted. A hint: one may still come. */
void vqueue_disarm(struct vqueue *vq);

/* After a device reset: the tokens still in flight, one a call; NULL when there are no more. */
void *vqueue_drain(struct vqueue *vq);
