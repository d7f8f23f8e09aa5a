/* SPDX-License-Identifier: MIT */
/*
 * The block backend: what its handshake (blkback_connect.c), its data path (blkback.c), its grants
 * (blkback_grants.c) and requests for parts of a block (blkback_partial.c) share.
 */
#pragma once

#include "blk/block.h"
#include "blk/blkring.h"
#include "guest/evtchn.h"
#include "guest/gnttab.h"
#include "guest/lock.h"
#include "guest/spinlock.h"
#include "guest/vcpu.h"
#include "guest/wait.h"
#include "xenstore/xenbus.h"

#define BLKBACK_RING_ORDER_MAX 2U
#define BLKBACK_QUEUES_MAX     8U
#define BLKBACK_BATCH	       128U /* grants of one hypercall */

struct blkback;
struct kept_grant;

/*
 * One request of the frontend, from the ring to its response. Owned by the thread but for `block`.
 */
struct blkback_request {
	struct blkring_request ring;
	struct block_request block;
	struct block_seg segs[BLKRING_SEGS_MAX];
	grant_handle_t handles[BLKRING_SEGS_MAX]; /* where `held` says so */
	struct kept_grant *kept[BLKRING_SEGS_MAX]; /* NULL: to be unmapped after the request */
	uint64_t held;	     /* bit n: segment n is mapped */
	uint64_t discard_end; /* of a discard that the disk takes in parts */
	int16_t status;	     /* BLKIF_RSP_* */
	struct list link;    /* free, or finished */
	struct blkback_queue *queue;
};

/* Mappings that are made and undone with one hypercall; each thread has its own. */
struct blkback_batch {
	struct gnttab_map_grant_ref map[BLKBACK_BATCH];
	struct {
		struct blkback_request *req;
		unsigned int seg;
	} owner[BLKBACK_BATCH];
	unsigned int map_count;
	struct gnttab_unmap_grant_ref unmap[BLKBACK_BATCH];
	unsigned int unmap_count;
};

/* Grants that stay mapped between requests (blkif.h: feature-persistent); the thread's. */
struct kept_grants {
	struct list *buckets; /* by reference; NULL: the frontend does not keep its grants */
	struct list unused;   /* the one that was used longest ago comes first */
	unsigned int count;
};

/* One ring of a connection, and its thread. */
struct blkback_queue {
	struct blkback *back;
	unsigned int vcpu; /* where the thread runs, and its events come */

	/* Set up before the thread starts, taken down after it ended. */
	struct gnttab_mapping ring_map;
	blkif_back_ring_t ring;
	evtchn_port_t port;
	struct blkback_request *requests;
	unsigned int request_count;
	struct blkif_request_segment *indirect_page;

	/* The thread's. */
	struct list free;
	struct kept_grants kept;

	struct wait_queue wake; /* where the thread waits for work */
	struct wait_queue over; /* where blkback_stop waits for the thread's end */
	bool kicked;		/* an event came */
	bool stop;		/* it is asked to end */
	struct spinlock lock;
	bool stopped;		/* it has ended; with the lock, as the next */
	struct list finished;
	unsigned int in_flight; /* handed to the disk */
};

struct blkback {
	struct xenbus_device *dev;
	struct block_device *disk;
	struct blkring_disk limits;

	/* Of one connection. */
	bool connected;
	unsigned int queue_count;
	struct blkback_queue queues[BLKBACK_QUEUES_MAX];

	/* Where the disk's blocks are larger than 512 bytes: whole ones, or a part of one. */
	struct mutex partial_lock; /* of whoever changes a part */
	struct spinlock gate_lock;
	struct wait_queue gate;
	unsigned int whole; /* writes of whole blocks under way; with the gate's lock */
	bool closed;	    /* to them; with the gate's lock */
};

/*
 * The data path of a queue whose ring and port are set up; `wake` was initialised before the port
 * was bound, since events may come at once. Start: -ENOMEM. Stop waits until the disk has let go of
 * the frontend's memory, so it may take as long as the slowest request; the ring must stay mapped
 * and the port bound until then.
 */
int blkback_start(struct blkback_queue *q);
void blkback_stop(struct blkback_queue *q);

/* The port's handler; arg is the queue. */
void blkback_event(evtchn_port_t port, void *queue);

/* --- Grants: on the queue's thread, which never sleeps between add and flush ------------------ */

/* Maps the segments of a request; flush makes what add listed. Failures stand in its status. */
void blkback_map_add(struct blkback_batch *batch, struct blkback_request *req);
void blkback_map_flush(struct blkback_batch *batch);

/* Lets go of them, but those that are kept; flush undoes what add listed. */
void blkback_unmap_add(struct blkback_batch *batch, struct blkback_request *req);
void blkback_unmap_flush(struct blkback_batch *batch);

/* Begins to keep grants; ends it, with none in use. */
int blkback_keep_start(struct kept_grants *kept); /* -ENOMEM */
void blkback_keep_stop(struct kept_grants *kept, struct blkback_batch *batch);

/* --- Parts of a block ------------------------------------------------------------------------- */

/* Reads or writes what is not whole blocks, and waits for it. BLKIF_RSP_*. */
int blkback_partial(struct blkback_queue *q, const struct blkring_request *req);

/* A write of whole blocks begins (it may wait for a partial one) and ends (any context). */
void blkback_whole_begin(struct blkback *back);
void blkback_whole_end(struct blkback *back);
