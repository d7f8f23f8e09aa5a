/* SPDX-License-Identifier: MIT */
/* The block backend, between its handshake (blkback_connect.c) and its data path (blkback.c). */
#pragma once

#include "blk/block.h"
#include "blk/blkring.h"
#include "guest/evtchn.h"
#include "guest/gnttab.h"
#include "guest/wait.h"
#include "xenstore/xenbus.h"

#define BLKBACK_RING_ORDER_MAX 2U

/*
 * One request of the frontend, from the ring to its response. Owned by the thread but for `block`.
 */
struct blkback_request {
	struct blkring_request ring;
	struct block_request block;
	struct block_seg segs[BLKRING_SEGS_MAX];
	grant_handle_t handles[BLKRING_SEGS_MAX];
	unsigned int mapped; /* the first so many segments are */
	int16_t status;	     /* BLKIF_RSP_* */
	struct list link;    /* free, or finished */
};

struct blkback {
	struct xenbus_device *dev;
	struct block_device *disk;
	struct blkring_disk limits;

	/* Of one connection; set up before its thread starts, taken down after it ended. */
	bool connected;
	struct gnttab_mapping ring_map;
	blkif_back_ring_t ring;
	evtchn_port_t port;
	struct blkback_request *requests;
	unsigned int request_count;
	struct list free; /* the thread's */
	struct blkif_request_segment *indirect_page;

	struct wait_queue wake; /* the thread waits for work here, and blkback_stop for its end */
	struct list finished;	/* with upcalls masked */
	unsigned int in_flight; /* handed to the disk; with upcalls masked */
	bool kicked;		/* an event came */
	bool stop, stopped;	/* asked to end, has ended */

	uint64_t requests_done, sectors_done, errors; /* statistics, the thread's */
};

/*
 * The data path of a connection whose ring and port are set up; `wake` was initialised before the
 * port was bound, since events may come at once. Start: -ENOMEM. Stop waits until the disk has let
 * go of the frontend's memory, so it may take as long as the slowest request; the ring must stay
 * mapped and the port bound until then.
 */
int blkback_start(struct blkback *back);
void blkback_stop(struct blkback *back);

/* The port's handler; arg is the struct blkback. */
void blkback_event(evtchn_port_t port, void *arg);
