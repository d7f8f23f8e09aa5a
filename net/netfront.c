/* SPDX-License-Identifier: MIT */
/*
 * The frontend at work: what a network thread does for a queue, and how queues start, pause and
 * end. Packets are granted where they lie, one grant per slot, and received pages go up without a
 * copy; neither needs a hypercall. The backend may only read the ones (netfront_tx.c) and has lost
 * access to the others (netfront_rx.c) before we look: after gnttab_end nothing changes under our
 * eyes.
 */

#include "net/netfront.h"

#include <stdlib.h>

#include "guest/console.h"
#include "guest/page.h"

/* The backend did what it may not: nothing on the rings is believed any more. */
static void give_up(struct netfront *front)
{
	if (!__atomic_exchange_n(&front->connected, false, __ATOMIC_ACQ_REL))
		return;
	console_print("%s: the backend broke the rules of the ring; disconnected\n",
		      front->dev.name);
	netdev_set_link(&front->dev, false);
}

static bool poll(struct poller *poller)
{
	struct netfront_queue *q = container_of(poller, struct netfront_queue, poller);
	struct list burst = LIST_INIT(burst);
	int packets, more = 0;

	if (!READ_ONCE(q->front->connected))
		return false;
	packets = netfront_rx_serve(q, &burst);
	if (packets >= 0 && netfront_tx_serve(q))
		netfront_rx_refill(q);
	else
		give_up(q->front);
	netdev_receive(&q->front->dev, &burst);
	if (!READ_ONCE(q->front->connected))
		return false;
	if (packets < NET_BUDGET)
		RING_FINAL_CHECK_FOR_RESPONSES(&q->rx, more);
	return packets == NET_BUDGET || more;
}

void netfront_event(evtchn_port_t port, void *queue)
{
	net_schedule(&((struct netfront_queue *)queue)->poller);
}

static void retry(struct clock_timer *timer)
{
	net_schedule(timer->arg);
}

void netfront_init(struct netfront *front)
{
	front->dev.ops = &netfront_ops;
}

struct netfront_queue *netfront_queue_create(struct netfront *front, unsigned int index)
{
	struct netfront_queue *q = calloc(1, sizeof(*q));

	if (!q)
		return NULL;
	q->front = front;
	poller_init(&q->poller, poll, index);
	timer_init(&q->retry, retry, &q->poller);
	return q;
}

void netfront_continue(struct netfront *front)
{
	WRITE_ONCE(front->connected, true);
	for (unsigned int i = 0; i < front->queue_count; i++)
		net_schedule(&front->queues[i]->poller);
}

void netfront_start(struct netfront *front)
{
	/* A sixteenth of the memory, and enough for the largest packet. */
	size_t share = page_total_count() / 16 / front->queue_count;

	front->rx_target = (uint32_t)MAX(MIN(share, (size_t)NETFRONT_SLOTS), 32UL);
	for (unsigned int i = 0; i < front->queue_count; i++)
		netfront_tx_start(front->queues[i]);
	netfront_continue(front);
}

/* Whoever sends looks at `connected` with the queue's lock: once we had it, nobody is inside. */
void netfront_pause(struct netfront *front)
{
	WRITE_ONCE(front->connected, false);
	for (unsigned int i = 0; i < front->queue_count; i++) {
		struct netfront_queue *q = front->queues[i];

		if (!q)
			continue;
		spin_unlock_restore(&q->lock, spin_lock_save(&q->lock));
		timer_stop(&q->retry);
		net_cancel(&q->poller);
	}
}

void netfront_stop(struct netfront *front)
{
	netfront_pause(front);
	for (unsigned int i = 0; i < front->queue_count; i++) {
		if (!front->queues[i])
			continue;
		netfront_tx_stop(front->queues[i]);
		netfront_rx_stop(front->queues[i]);
	}
}
