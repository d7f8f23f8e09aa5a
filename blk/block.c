/* SPDX-License-Identifier: MIT */
/* The list of block devices, the checks before a driver sees a request, and waiting I/O. */
#include "blk/block.h"

#include <stdlib.h>
#include <string.h>

#include "blk/blockfile.h"
#include "guest/page.h"
#include "guest/spinlock.h"
#include "guest/suspend.h"
#include "guest/vmap.h"
#include "guest/wait.h"

#define BOUNCE_ORDER 4U /* 64 KiB at a time where the buffer is not aligned */
#define IN_FLIGHT_MAX 8 /* requests of one block_rw */

static struct block_device *devices;

void block_register(struct block_device *dev)
{
	struct block_device **at = &devices;

	while (*at)
		at = &(*at)->next;
	dev->next = NULL;
	*at = dev;
	blockfile_register(dev);
}

struct block_device *block_find(const char *name)
{
	struct block_device *dev;

	if (!strncmp(name, "/dev/", 5))
		name += 5;
	for (dev = devices; dev && strcmp(dev->name, name); dev = dev->next)
		;
	return dev;
}

struct block_device *block_next(const struct block_device *dev)
{
	return dev ? dev->next : devices;
}

/* Bytes of the request's segments, or 0 where one of them is malformed. */
static uint64_t request_bytes(const struct block_request *req, uint32_t block_size)
{
	uint64_t bytes = 0;

	for (unsigned int i = 0; i < req->seg_count; i++) {
		const struct block_seg *seg = &req->segs[i];
		uint64_t offset = seg->maddr & (PAGE_SIZE - 1);

		if (!seg->len || (seg->len | offset) % SECTOR_SIZE || offset + seg->len > PAGE_SIZE)
			return 0;
		bytes += seg->len;
	}
	return bytes % block_size ? 0 : bytes;
}

static int request_check(const struct block_device *dev, const struct block_request *req)
{
	uint64_t sectors = req->sectors;

	if (dev->dead)
		return -EIO;
	if (req->op != BLOCK_READ && dev->readonly)
		return -EROFS;
	if (req->op == BLOCK_FLUSH)
		return dev->can_flush ? 0 : -EOPNOTSUPP;
	if (req->op == BLOCK_DISCARD) {
		if (!dev->can_discard || sectors > dev->discard_max)
			return -EOPNOTSUPP;
	} else {
		if (!req->seg_count || req->seg_count > dev->max_segs)
			return -EINVAL;
		sectors = request_bytes(req, dev->block_size) >> SECTOR_SHIFT;
	}
	if (!sectors || req->sector % (dev->block_size / SECTOR_SIZE) ||
	    req->sector > dev->sectors || sectors > dev->sectors - req->sector)
		return -EINVAL;
	return 0;
}

void block_submit(struct block_device *dev, struct block_request *req)
{
	int err = request_check(dev, req);

	if (err)
		req->done(req, err);
	else
		dev->submit(dev, req);
}

void block_kick(struct block_device *dev)
{
	dev->kick(dev);
}

/* --- Waiting I/O ------------------------------------------------------------------------------ */

/* One caller of block_rw: counts what is in flight. Its fields with the lock. */
struct waiter {
	struct spinlock lock;
	struct wait_queue queue;
	unsigned int pending;
	int err;
};

struct waiting_request {
	struct block_request req;
	bool busy;
	struct block_seg segs[]; /* max_segs of them */
};

static void waiting_done(struct block_request *req, int err)
{
	struct waiter *w = req->arg;
	unsigned long flags = spin_lock_save(&w->lock);

	if (err && !w->err)
		w->err = err;
	w->pending--;
	container_of(req, struct waiting_request, req)->busy = false;
	wake_all(&w->queue);
	spin_unlock_restore(&w->lock, flags);
}

static void waiting_submit(struct block_device *dev, struct waiter *w, struct waiting_request *wr)
{
	unsigned long flags = spin_lock_save(&w->lock);

	wr->busy = true;
	wr->req.done = waiting_done;
	wr->req.arg = w;
	w->pending++;
	spin_unlock_restore(&w->lock, flags);
	block_submit(dev, &wr->req);
}

/*
 * Everything has been answered, and nobody is inside waiting_done any more: the waiter lies on our
 * stack.
 */
static bool waiting_over(struct waiter *w)
{
	unsigned long flags = spin_lock_save(&w->lock);
	bool over = !w->pending;

	spin_unlock_restore(&w->lock, flags);
	return over;
}

static int waiting_single(struct block_device *dev, struct block_request req)
{
	struct waiting_request wr = { .req = req };
	struct waiter w = { .queue = WAIT_QUEUE_INIT(w.queue) };

	waiting_submit(dev, &w, &wr);
	block_kick(dev);
	wait_event(&w.queue, waiting_over(&w));
	return w.err;
}

/* Cut the next request off the buffer: as many pages as the device takes. Returns its bytes. */
static size_t waiting_fill(struct block_device *dev, struct waiting_request *wr, char *buf,
			   size_t len)
{
	uint32_t part = dev->block_size;
	size_t done = 0;

	wr->req.seg_count = 0;
	while (done < len && wr->req.seg_count < dev->max_segs) {
		size_t n = MIN(len - done, PAGE_SIZE - ((uintptr_t)(buf + done) & (PAGE_SIZE - 1)));

		wr->segs[wr->req.seg_count++] =
			(struct block_seg){ virt_to_maddr(buf + done), (uint32_t)n };
		done += n;
	}
	/* A buffer that is aligned to 512 only may end in the middle of a larger block. */
	while (done % part) {
		struct block_seg *last = &wr->segs[wr->req.seg_count - 1];
		size_t over = MIN(done % part, last->len);

		last->len -= over;
		done -= over;
		wr->req.seg_count -= !last->len;
	}
	return done;
}

static struct waiting_request *waiting_free(struct waiting_request *const *all, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		if (!READ_ONCE(all[i]->busy))
			return all[i];
	return NULL;
}

static int rw_aligned(struct block_device *dev, enum block_op op, uint64_t pos, char *buf,
		      size_t len)
{
	struct waiter w = { .queue = WAIT_QUEUE_INIT(w.queue) };
	size_t each = sizeof(struct waiting_request) + dev->max_segs * sizeof(struct block_seg);
	size_t span = (size_t)dev->max_segs * PAGE_SIZE;
	unsigned int count = MIN((size_t)IN_FLIGHT_MAX, len / span + 2);
	struct waiting_request *all[IN_FLIGHT_MAX], *wr;
	char *memory = calloc(count, each);

	if (!memory)
		return -ENOMEM;
	for (unsigned int i = 0; i < count; i++)
		all[i] = (struct waiting_request *)(memory + i * each);
	while (len && !READ_ONCE(w.err)) {
		wait_event(&w.queue, (wr = waiting_free(all, count)));
		wr->req = (struct block_request){ .op = op,
						  .sector = pos >> SECTOR_SHIFT,
						  .segs = wr->segs };
		size_t n = waiting_fill(dev, wr, buf, len);

		waiting_submit(dev, &w, wr);
		pos += n;
		buf += n;
		len -= n;
		if (!len || !waiting_free(all, count))
			block_kick(dev);
	}
	block_kick(dev);
	wait_event(&w.queue, waiting_over(&w));
	free(memory);
	return w.err;
}

static int rw_bounced(struct block_device *dev, enum block_op op, uint64_t pos, char *buf,
		      size_t len)
{
	char *bounce = page_alloc(BOUNCE_ORDER);
	int err = 0;

	if (!bounce)
		return -ENOMEM;
	while (len && !err) {
		size_t n = MIN(len, PAGE_SIZE << BOUNCE_ORDER);

		if (op == BLOCK_WRITE)
			memcpy(bounce, buf, n);
		err = rw_aligned(dev, op, pos, bounce, n);
		if (op == BLOCK_READ && !err)
			memcpy(buf, bounce, n);
		pos += n;
		buf += n;
		len -= n;
	}
	page_free(bounce, BOUNCE_ORDER);
	return err;
}

int block_rw(struct block_device *dev, enum block_op op, uint64_t pos, void *buf, size_t len)
{
	int err;

	if ((pos | len) % dev->block_size)
		return -EINVAL;
	if (!len)
		return 0;
	suspend_hold(); /* segments are machine addresses */
	if ((uintptr_t)buf % SECTOR_SIZE)
		err = rw_bounced(dev, op, pos, buf, len);
	else
		err = rw_aligned(dev, op, pos, buf, len);
	suspend_release();
	return err;
}

int block_flush(struct block_device *dev)
{
	if (!dev->can_flush || dev->readonly)
		return dev->dead ? -EIO : 0;
	return waiting_single(dev, (struct block_request){ .op = BLOCK_FLUSH });
}

int block_discard(struct block_device *dev, uint64_t pos, uint64_t len)
{
	uint64_t most = dev->discard_max << SECTOR_SHIFT;
	int err = 0;

	if ((pos | len) % dev->block_size)
		return -EINVAL;
	if (!dev->can_discard)
		return -EOPNOTSUPP;
	while (len && !err) {
		uint64_t part = MIN(len, most);

		err = waiting_single(dev, (struct block_request){
						  .op = BLOCK_DISCARD,
						  .sector = pos >> SECTOR_SHIFT,
						  .sectors = part >> SECTOR_SHIFT,
					  });
		pos += part;
		len -= part;
	}
	return err;
}
