/* SPDX-License-Identifier: MIT */
/*
 * Split virtqueue: adding, publishing and reaping chains (virtio 1.0, 2.4 and 3.2).
 *
 * The driver owns the descriptors and the available ring, the device the used ring. Descriptors
 * in shared memory are written and never read back: how they are linked is kept in slots[], so a
 * device that scribbles over them confuses only itself.
 *
 * Notices, in both directions, by event index (2.4.7.2, 2.4.9): each side tells at which index it
 * wants to be told. Without that feature, a flag says whether it wants to be told at all. Either
 * way one side writes its index and then reads the other's wish, the other writes its wish and
 * then reads the index: with a full barrier between write and read on both sides, at least one of
 * them sees the other.
 */

#include "guest/virtio/vqueue.h"

#include <errno.h>

/* The last words of the two rings (2.4.5, 2.4.6): at which index the other side is to be told. */
static uint16_t *used_event(struct vqueue *vq)
{
	return &vq->avail->ring[vq->size];
}

static const uint16_t *avail_event(const struct vqueue *vq)
{
	return (const uint16_t *)&vq->used->ring[vq->size];
}

void vqueue_init(struct vqueue *vq, uint16_t size, void *desc, void *avail, void *used,
		 bool event_idx)
{
	*vq = (struct vqueue){
		.desc = desc,
		.avail = avail,
		.used = used,
		.size = size,
		.free_count = size,
		.event_idx = event_idx,
	};
	for (unsigned int i = 0; i < size; i++)
		vq->slots[i].next = (uint16_t)(i + 1);
	vqueue_disarm(vq);
}

int vqueue_add(struct vqueue *vq, const struct vqueue_seg *segs, unsigned int out, unsigned int in,
	       void *token)
{
	unsigned int count = out + in;
	uint16_t head = vq->free_head, at = head;
	uint32_t writable = 0;

	if (count > vq->free_count || vq->broken)
		return -ENOSPC;
	for (unsigned int i = 0; i < count; i++) {
		uint16_t next = vq->slots[at].next;
		bool last = i + 1 == count;

		vq->desc[at] = (struct vring_desc){
			.addr = segs[i].addr,
			.len = segs[i].len,
			.flags = (uint16_t)((last ? 0 : VRING_DESC_NEXT) |
					    (i < out ? 0 : VRING_DESC_WRITE)),
			.next = last ? 0 : next,
		};
		if (i >= out)
			writable += segs[i].len;
		at = next;
	}
	vq->slots[head].token = token;
	vq->slots[head].writable = writable;
	vq->slots[head].count = (uint16_t)count;
	vq->free_head = at;
	vq->free_count -= (uint16_t)count;
	vq->avail->ring[vq->avail_idx++ & (vq->size - 1)] = head;
	return 0;
}

bool vqueue_publish(struct vqueue *vq)
{
	uint16_t old = vq->published_idx, new = vq->avail_idx;

	if (old == new)
		return false;
	wmb(); /* descriptors and ring entries before the index that announces them */
	WRITE_ONCE(vq->avail->idx, new);
	vq->published_idx = new;
	mb(); /* the index before the device's wish: else both sides could miss each other */
	if (!vq->event_idx)
		return !(READ_ONCE(vq->used->flags) & VRING_USED_NO_NOTIFY);
	return (uint16_t)(new - READ_ONCE(*avail_event(vq)) - 1) < (uint16_t)(new - old);
}

/* Gives the chain's entries back to the free list and returns its token. */
static void *release_chain(struct vqueue *vq, uint16_t head)
{
	struct vqueue_slot *slot = &vq->slots[head];
	void *token = slot->token;
	uint16_t tail = head;

	for (unsigned int i = 1; i < slot->count; i++)
		tail = vq->slots[tail].next;
	vq->slots[tail].next = vq->free_head;
	vq->free_head = head;
	vq->free_count += slot->count;
	slot->token = NULL;
	return token;
}

void *vqueue_reap(struct vqueue *vq, uint32_t *written)
{
	const struct vring_used_elem *elem;
	uint32_t id, len;
	uint16_t idx = READ_ONCE(vq->used->idx);

	if (vq->broken || idx == vq->used_idx)
		return NULL;
	rmb(); /* the index before the entries that it announces */
	elem = &vq->used->ring[vq->used_idx & (vq->size - 1)];
	id = READ_ONCE(elem->id);
	len = READ_ONCE(elem->len);
	/* More finished than there are, or what is not in flight, or more written than there is. */
	if ((uint16_t)(idx - vq->used_idx) > vq->size || id >= vq->size || !vq->slots[id].token ||
	    len > vq->slots[id].writable) {
		vq->broken = true;
		return NULL;
	}
	vq->used_idx++;
	*written = len;
	return release_chain(vq, (uint16_t)id);
}

bool vqueue_arm(struct vqueue *vq, uint16_t after)
{
	if (vq->event_idx)
		WRITE_ONCE(*used_event(vq), (uint16_t)(vq->used_idx + after - 1));
	else
		WRITE_ONCE(vq->avail->flags, 0);
	mb(); /* the wish before the look: what finished between them shows in idx */
	return (uint16_t)(READ_ONCE(vq->used->idx) - vq->used_idx) >= after;
}

void vqueue_disarm(struct vqueue *vq)
{
	/* With event_idx flags are ignored; an index just behind comes round only after 65,535. */
	if (vq->event_idx)
		WRITE_ONCE(*used_event(vq), (uint16_t)(vq->used_idx - 1));
	else
		WRITE_ONCE(vq->avail->flags, VRING_AVAIL_NO_INTERRUPT);
}

void *vqueue_drain(struct vqueue *vq)
{
	vq->broken = true;
	for (unsigned int i = 0; i < vq->size; i++)
		if (vq->slots[i].token)
			return release_chain(vq, (uint16_t)i);
	return NULL;
}
