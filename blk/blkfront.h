/* SPDX-License-Identifier: MIT */
/* The block frontend, between its handshake (blkfront_connect.c) and its data path (blkfront.c). */
#pragma once

#include "blk/block.h"
#include "lib/ring.h"

#include <xen/io/blkif.h>

#include "guest/clock.h"
#include "guest/evtchn.h"
#include "guest/gnttab.h"
#include "guest/spinlock.h"
#include "guest/vcpu.h"
#include "xenstore/xenbus.h"

#define BLKFRONT_RING_ORDER_MAX 1U
#define BLKFRONT_SEGS_MAX	64U /* of one request; beyond 11 it goes as an indirect one */
#define BLKFRONT_QUEUES_MAX	8U

struct blkfront;

/* One request on the ring, or a part of one. `refs` are grants that it holds. */
struct blkfront_slot {
	struct block_request *req; /* NULL: free */
	uint16_t next_free;
	uint8_t seg_count;
	grant_ref_t refs[BLKFRONT_SEGS_MAX];
	struct blkif_request_segment *indirect; /* a page, once this slot needed it */
	grant_ref_t indirect_ref;
};

/* A ring. The vcpus take turns on them: vcpu n on ring n, where there are so many. */
struct blkfront_queue {
	struct blkfront *front;
	struct spinlock lock; /* of all but what is for the handshake */
	blkif_front_ring_t ring;
	struct blkfront_slot *slots; /* NULL: no ring */
	unsigned int free_slot;	     /* head; == RING_SIZE: none */
	struct list waiting;	     /* block_request: no room, or no connection yet */
	struct clock_timer retry;    /* runs while something waits and nothing is under way */

	/* The connection, for the handshake. */
	void *ring_pages;
	grant_ref_t ring_refs[1U << BLKFRONT_RING_ORDER_MAX];
	evtchn_port_t port;
};

struct blkfront {
	struct xenbus_device *dev;
	struct block_device block;
	bool registered;
	bool suspended; /* it was connected when the domain was suspended */

	/* Changed by the handshake only, `connected` with every queue's lock had in between. */
	bool connected;
	domid_t backend;
	unsigned int ring_order;
	unsigned int piece_max; /* segments that one request on the ring may have */
	unsigned int queue_count;
	struct blkfront_queue queues[BLKFRONT_QUEUES_MAX]; /* without connection the first serves */
};

void blkfront_queues_init(struct blkfront *front);
int blkfront_slots_init(struct blkfront_queue *q);  /* -ENOMEM */
void blkfront_slots_free(struct blkfront_queue *q); /* of a ring that the backend has let go of */

void blkfront_submit(struct block_device *dev, struct block_request *req);
void blkfront_kick(struct block_device *dev);
void blkfront_event(evtchn_port_t port, void *queue);

/* Requests are taken and answers looked for, or not any more; rings and grants stay. */
void blkfront_continue(struct blkfront *front);
void blkfront_pause(struct blkfront *front);

/* Of a paused one: what is under way waits for the next connection, ahead of what came later. */
void blkfront_requeue(struct blkfront *front);
void blkfront_fail_all(struct blkfront *front, int err);
