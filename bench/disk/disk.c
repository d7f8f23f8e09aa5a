/* SPDX-License-Identifier: MIT */
/*
 * Random blocks go by requests of their own, the next ones submitted together by a thread that
 * sleeps while all are in flight; pieces one after the other by block_rw, which waits for each.
 */
#include "bench/disk/disk.h"

#include <stdlib.h>

#include "blk/block.h"
#include "guest/clock.h"
#include "guest/irq.h"
#include "guest/page.h"
#include "guest/vmap.h"
#include "guest/wait.h"

#define BLOCK_SECTORS (DISK_BLOCK / SECTOR_SIZE)

struct slot {
	struct block_request req;
	struct block_seg seg;
	uint64_t *data, block;
	struct slot *next; /* of the free ones */
};

static struct block_device *disk;
static uint64_t blocks;
static char *buffer; /* DISK_SIZE */

static struct slot slots[DISK_DEPTH];
static WAIT_QUEUE(finished);
/* Upcalls masked. */
static struct slot *free_slots;
static unsigned int in_flight;
static bool failed;
static long long count;

bool disk_open(const char *name)
{
	disk = block_find(name);
	buffer = page_alloc(page_order(DISK_SIZE));
	if (!disk || !buffer)
		return false;
	blocks = disk->sectors / BLOCK_SECTORS;
	for (unsigned int i = 0; i < DISK_DEPTH; i++) {
		slots[i].data = page_alloc(0);
		if (!slots[i].data)
			return false;
		slots[i].seg = (struct block_seg){ virt_to_maddr(slots[i].data), DISK_BLOCK };
	}
	return true;
}

/* xorshift64 */
static uint64_t chance(void)
{
	static uint64_t state = 88172645463325252ULL;

	state ^= state << 13;
	state ^= state >> 7;
	return state ^= state << 17;
}

/* --- random blocks ---------------------------------------------------------------------------- */

static void slot_free(struct slot *slot)
{
	slot->next = free_slots;
	free_slots = slot;
}

static void slot_done(struct block_request *req, int err)
{
	struct slot *slot = container_of(req, struct slot, req);
	unsigned long flags = irq_save();

	if (err || (req->op == BLOCK_READ && *slot->data != slot->block))
		failed = true;
	count++;
	in_flight--;
	slot_free(slot);
	wake_one(&finished);
	irq_restore(flags);
}

static void slot_submit(struct slot *slot, bool write)
{
	slot->block = chance() % blocks;
	*slot->data = write ? slot->block : ~slot->block;
	slot->req = (struct block_request){ .op = write ? BLOCK_WRITE : BLOCK_READ,
					    .sector = slot->block * BLOCK_SECTORS,
					    .segs = &slot->seg,
					    .seg_count = 1,
					    .done = slot_done };
	block_submit(disk, &slot->req);
}

static struct slot *slot_take(void)
{
	unsigned long flags = irq_save();
	struct slot *slot = free_slots;

	if (slot) {
		free_slots = slot->next;
		in_flight++;
	}
	irq_restore(flags);
	return slot;
}

static void run_random(const struct disk_job *job, ns_t until)
{
	struct slot *slot;

	free_slots = NULL;
	for (unsigned int i = 0; i < job->depth; i++)
		slot_free(&slots[i]);
	while (!READ_ONCE(failed) && clock_ns() < until) {
		wait_event(&finished, READ_ONCE(free_slots));
		while ((slot = slot_take()))
			slot_submit(slot, job->write);
		block_kick(disk);
	}
	wait_event(&finished, !READ_ONCE(in_flight));
}

/* --- one after the other ---------------------------------------------------------------------- */

static bool piece(const struct disk_job *job, uint64_t pos)
{
	for (size_t at = 0; at < job->size; at += DISK_BLOCK)
		*(uint64_t *)(buffer + at) = job->write ? (pos + at) / DISK_BLOCK : ~0UL;
	if (block_rw(disk, job->write ? BLOCK_WRITE : BLOCK_READ, pos, buffer, job->size))
		return false;
	for (size_t at = 0; at < job->size; at += DISK_BLOCK)
		if (*(uint64_t *)(buffer + at) != (pos + at) / DISK_BLOCK)
			return false;
	return true;
}

static void run_sequence(const struct disk_job *job, ns_t until)
{
	uint64_t end = blocks * DISK_BLOCK, pos = 0;

	for (; !failed && clock_ns() < until; count++) {
		if (pos + job->size > end)
			pos = 0;
		failed = !piece(job, pos);
		pos += job->size;
	}
}

bool disk_run(const struct disk_job *job, long long *operations, long long *us)
{
	ns_t start = clock_ns(), until = start + job->seconds * NS_PER_S;

	if (job->random ? job->size != DISK_BLOCK || !job->depth || job->depth > DISK_DEPTH :
			  !job->size || job->size % DISK_BLOCK || job->size > DISK_SIZE ||
			  job->depth != 1)
		return false;
	failed = false;
	count = 0;
	(job->random ? run_random : run_sequence)(job, until);
	*operations = count;
	*us = (long long)((clock_ns() - start) / 1000);
	return !failed;
}
