/* SPDX-License-Identifier: MIT */
/* A split virtqueue against a device that answers in any order, and against one that lies. */
// uses: guest/virtio/vqueue.c
#include "guest/virtio/vqueue.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIZE 16

static struct vring_desc desc[SIZE];
static _Alignas(8) char avail_page[4096], used_page[4096];
static struct vring_avail *avail = (struct vring_avail *)avail_page;
static struct vring_used *used = (struct vring_used *)used_page;
static struct vqueue vq;

/* The device: what it took from the ring and has not answered. */
static uint16_t taken, held[SIZE], held_count;

static void start(bool event_idx)
{
	memset(desc, 0, sizeof(desc));
	memset(avail_page, 0, sizeof(avail_page));
	memset(used_page, 0, sizeof(used_page));
	taken = held_count = 0;
	vqueue_init(&vq, SIZE, desc, avail, used, event_idx);
}

static void device_take(void)
{
	while (taken != avail->idx)
		held[held_count++] = avail->ring[taken++ % SIZE];
}

static void device_answer(uint32_t id, uint32_t len)
{
	used->ring[used->idx % SIZE] = (struct vring_used_elem){ .id = id, .len = len };
	used->idx++;
}

static uint16_t device_pick(void)
{
	uint16_t i = (uint16_t)(rand() % held_count), id = held[i];

	held[i] = held[--held_count];
	return id;
}

static int add(unsigned int out, unsigned int in, uintptr_t token)
{
	struct vqueue_seg segs[SIZE + 1];

	for (unsigned int i = 0; i < out + in; i++)
		segs[i] = (struct vqueue_seg){ .addr = token << 16 | i, .len = 100 };
	return vqueue_add(&vq, segs, out, in, (void *)token);
}

static void test_chain(void)
{
	uint32_t written;
	uint16_t at;

	start(false);
	assert(add(2, 1, 7) == 0);
	assert(avail->idx == 0);
	assert(vqueue_publish(&vq) && avail->idx == 1);
	at = avail->ring[0];
	assert(desc[at].flags == VRING_DESC_NEXT && desc[at].addr == 7 << 16);
	at = desc[at].next;
	assert(desc[at].flags == VRING_DESC_NEXT);
	at = desc[at].next;
	assert(desc[at].flags == VRING_DESC_WRITE && desc[at].addr == (7 << 16 | 2));
	assert(!vqueue_reap(&vq, &written));
	device_answer(avail->ring[0], 100);
	assert(vqueue_reap(&vq, &written) == (void *)7 && written == 100);
	assert(vq.free_count == SIZE && !vq.broken);
}

static void test_full(void)
{
	start(false);
	for (uintptr_t i = 1; i <= SIZE / 2; i++)
		assert(add(1, 1, i) == 0);
	assert(add(1, 0, 99) == -ENOSPC);
	assert(vqueue_drain(&vq) && vqueue_drain(&vq));
	for (int i = 2; i < SIZE / 2; i++)
		assert(vqueue_drain(&vq));
	assert(!vqueue_drain(&vq));
}

static void test_flags(void)
{
	start(false);
	assert(avail->flags == VRING_AVAIL_NO_INTERRUPT);
	assert(!vqueue_arm(&vq, 1) && avail->flags == 0);
	used->flags = VRING_USED_NO_NOTIFY;
	add(1, 0, 1);
	assert(!vqueue_publish(&vq));
	assert(!vqueue_publish(&vq)); /* nothing new */
	device_answer(avail->ring[0], 0);
	assert(vqueue_arm(&vq, 1));
}

static void test_event_idx(void)
{
	uint16_t *avail_event = (uint16_t *)&used->ring[SIZE], *used_event = &avail->ring[SIZE];

	start(true);
	*avail_event = 1; /* notify when the entry with index 1 is there */
	add(1, 0, 1);
	assert(!vqueue_publish(&vq));
	add(1, 0, 2);
	assert(vqueue_publish(&vq));
	add(1, 0, 3);
	assert(!vqueue_publish(&vq));
	assert(!vqueue_arm(&vq, 2) && *used_event == 1);
	device_answer(avail->ring[0], 0);
	assert(!vqueue_arm(&vq, 2));
	device_answer(avail->ring[1], 0);
	assert(vqueue_arm(&vq, 2) && vqueue_arm(&vq, 1));
}

/* Each of these breaks the queue, and hands nothing out. */
static void test_liar(void)
{
	static const struct {
		uint32_t id, len;
		uint16_t ahead;
	} lies[] = {
		{ SIZE, 0, 1 }, { 0xffffffff, 0, 1 }, { 5, 0, 1 },
		{ 0, 101, 1 },  { 0, 0, SIZE + 1 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(lies); i++) {
		uint32_t written;

		start(false);
		add(1, 1, 1); /* entries 0 and 1 */
		vqueue_publish(&vq);
		used->ring[0] = (struct vring_used_elem){ .id = lies[i].id, .len = lies[i].len };
		used->idx = lies[i].ahead;
		assert(!vqueue_reap(&vq, &written) && vq.broken);
		assert(add(1, 0, 2) == -ENOSPC);
		assert(vqueue_drain(&vq) == (void *)1 && !vqueue_drain(&vq));
	}
}

/* Twice the same chain. */
static void test_replay(void)
{
	uint32_t written;

	start(false);
	add(1, 0, 1);
	vqueue_publish(&vq);
	device_answer(0, 0);
	device_answer(0, 0);
	assert(vqueue_reap(&vq, &written) && !vqueue_reap(&vq, &written) && vq.broken);
}

static void test_random(void)
{
	uintptr_t next = 1, out[SIZE + 1];
	unsigned int flying = 0;

	start(true);
	srand(2);
	for (int i = 0; i < 300000; i++) {
		uint32_t written;
		void *token;

		if (rand() % 2 &&
		    add(1 + (unsigned int)rand() % 3, (unsigned int)rand() % 3, next) == 0)
			out[flying++] = next++;
		if (rand() % 3 == 0)
			vqueue_publish(&vq);
		device_take();
		if (held_count && rand() % 2)
			device_answer(device_pick(), 0);
		while (rand() % 2 && (token = vqueue_reap(&vq, &written))) {
			unsigned int j = 0;

			while (out[j] != (uintptr_t)token)
				assert(++j < flying);
			out[j] = out[--flying];
		}
		assert(!vq.broken);
	}
	assert(next > 50000);
}

int main(void)
{
	test_chain();
	test_full();
	test_flags();
	test_event_idx();
	test_liar();
	test_replay();
	test_random();
	puts("vqueue: ok");
	return 0;
}
