/* SPDX-License-Identifier: MIT */
/* A bounded queue of packets by reference, so that one packet may wait in several. Not locked. */
#pragma once

#include "net/packet.h"

#define PACKET_QUEUE_MAX 256 /* a power of two */

struct packet_queue {
	uint32_t head, tail; /* free-running; tail - head packets wait */
	struct packet *slots[PACKET_QUEUE_MAX];
};

static inline uint32_t packet_queue_count(const struct packet_queue *queue)
{
	return queue->tail - queue->head;
}

/* False when it is full: the packet stays the caller's. */
static inline bool packet_queue_push(struct packet_queue *queue, struct packet *packet)
{
	if (packet_queue_count(queue) == PACKET_QUEUE_MAX)
		return false;
	queue->slots[queue->tail++ % PACKET_QUEUE_MAX] = packet;
	return true;
}

/* The first packet, which stays there; NULL when there is none. */
static inline struct packet *packet_queue_peek(const struct packet_queue *queue)
{
	return packet_queue_count(queue) ? queue->slots[queue->head % PACKET_QUEUE_MAX] : NULL;
}

static inline struct packet *packet_queue_pop(struct packet_queue *queue)
{
	struct packet *packet = packet_queue_peek(queue);

	if (packet)
		queue->head++;
	return packet;
}

/* Drops everything. */
static inline void packet_queue_clear(struct packet_queue *queue)
{
	struct packet *packet;

	while ((packet = packet_queue_pop(queue)))
		packet_put(packet);
}
