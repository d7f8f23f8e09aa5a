/* SPDX-License-Identifier: MIT */
/* The block frontend, between its handshake (blkfront_connect.c) and its data path (blkfront.c). */
#pragma once

#include "blk/block.h"
#include "lib/ring.h"

#include <xen/io/blkif.h>

#include "guest/clock.h"
#include "guest/evtchn.h"
#include "guest/gnttab.h"
#include "xenstore/xenbus.h"

#define BLKFRONT_RING_ORDER_MAX 1U
#define BLKFRONT_SEGS_MAX	64U /* of one request; beyond 11 it goes as an indirect one */

/* One request on its way. `refs` are grants that it holds. */
struct blkfront_slot {
	struct block_request *req; /* NULL: free */
	uint16_t next_free;
	uint8_t seg_count;
	grant_ref_t refs[BLKFRONT_SEGS_MAX];
	struct blkif_request_segment *indirect; /* a page, once this slot needed it */
	grant_ref_t indirect_ref;
};

struct blkfront {
	struct xenbus_device *dev;
	struct block_device block;
	bool registered;

	bool suspended; /* it was connected when the domain was suspended */

	/* Of one connection. All below with upcalls masked. */
	bool connected;
	unsigned int ring_order;
	blkif_front_ring_t ring;
	void *ring_pages;
	grant_ref_t ring_refs[1U << BLKFRONT_RING_ORDER_MAX];
	evtchn_port_t port;
	domid_t backend;
	bool indirect; /* the backend takes indirect requests */
	struct blkfront_slot *slots;
	unsigned int free_slot; /* head; == RING_SIZE: none */
	struct list waiting;	  /* block_request: no room, or no connection yet */
	struct clock_timer retry; /* runs while something waits and nothing is under way */
};

int blkfront_slots_init(struct blkfront *front);  /* -ENOMEM */
void blkfront_slots_free(struct blkfront *front); /* of a ring that the backend has let go of */
void blkfront_submit(struct block_device *dev, struct block_request *req);
void blkfront_kick(struct block_device *dev);
void blkfront_event(evtchn_port_t port, void *arg);
void blkfront_restart(struct blkfront *front); /* what waits goes out, as far as it can */
void blkfront_retry(struct clock_timer *timer);
void blkfront_fail_all(struct blkfront *front, int err);
