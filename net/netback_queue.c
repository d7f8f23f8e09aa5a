/* SPDX-License-Identifier: MIT */
/*
 * The backend's queues at work: what the network threads do for each, how they start and end, and
 * the multicast filter that all queues of a vif share.
 */

#include "net/netback.h"

#include <stdlib.h>
#include <string.h>

#include "guest/console.h"

#define LOOK_AGAIN_NS (10 * NS_PER_MS)
#define BROKEN_TOLD   10U

/*
 * The handshake stays Connected: the frontend, which is to blame, sees rings that stand still, and
 * may start again from Initialising.
 */
static void give_up(struct vif *vif)
{
	if (vif->broken < BROKEN_TOLD)
		console_print("%s: the frontend broke the rules of the ring; disconnected\n",
			      vif->dev.name);
	if (++vif->broken == BROKEN_TOLD)
		console_print("%s: it will not be told again\n", vif->dev.name);
	WRITE_ONCE(vif->connected, false);
	netdev_set_link(&vif->dev, false);
}

/* Old frontends do not tell when they have posted buffers (netif.h: feature-rx-notify). */
static void watch_buffers(struct vif_queue *q)
{
	if (!q->vif->rx_notify && packet_queue_count(&q->queue))
		timer_start(&q->look_again, clock_deadline(LOOK_AGAIN_NS));
}

/* From here on events are welcome again; one that came meanwhile is served at once. */
static void listen(struct vif_queue *q)
{
	evtchn_unmask(q->tx_port);
	if (q->rx_port != q->tx_port)
		evtchn_unmask(q->rx_port);
}

static bool poll(struct poller *poller)
{
	struct vif_queue *q = container_of(poller, struct vif_queue, poller);
	int packets, more = true;

	if (!READ_ONCE(q->vif->connected))
		return false;
	packets = vif_receive(q);
	if (packets < 0 || vif_deliver(q)) {
		give_up(q->vif);
		return false;
	}
	watch_buffers(q);
	if (packets < NET_BUDGET)
		RING_FINAL_CHECK_FOR_REQUESTS(&q->tx, more);
	if (!more)
		listen(q);
	return more;
}

/*
 * One event a turn: the port is masked until poll has come to its end. A frontend that sends them
 * without a pause would else keep this vcpu in its upcall.
 */
void vif_event(evtchn_port_t port, void *queue)
{
	evtchn_mask(port);
	net_schedule(&((struct vif_queue *)queue)->poller);
}

static void look_again(struct clock_timer *timer)
{
	net_schedule(timer->arg);
}

struct vif_queue *vif_queue_create(struct vif *vif, unsigned int index)
{
	struct vif_queue *q = calloc(1, sizeof(*q));

	if (!q)
		return NULL;
	q->vif = vif;
	poller_init(&q->poller, poll, index);
	timer_init(&q->look_again, look_again, &q->poller);
	return q;
}

void vif_start(struct vif *vif)
{
	WRITE_ONCE(vif->connected, true);
	netdev_set_link(&vif->dev, true);
	for (unsigned int i = 0; i < vif->queue_count; i++)
		net_schedule(&vif->queues[i]->poller);
}

void vif_stop(struct vif *vif)
{
	if (vif->connected)
		netdev_set_link(&vif->dev, false);
	WRITE_ONCE(vif->connected, false);
	/* Also of queues that only an earlier connection had. */
	for (unsigned int i = 0; i < VIF_QUEUES_MAX && vif->queues[i]; i++) {
		struct vif_queue *q = vif->queues[i];
		unsigned long flags;

		timer_stop(&q->look_again);
		net_cancel(&q->poller);
		flags = spin_lock_save(&q->lock);
		packet_queue_clear(&q->queue);
		q->queue_bytes = 0;
		spin_unlock_restore(&q->lock, flags);
	}
}

/* --- The multicast filter (xen/io/netif.h: feature-multicast-control) ------------------------- */

int vif_mcast_order(struct vif *vif, enum netring_mcast order, const uint8_t addr[6])
{
	unsigned long flags = spin_lock_save(&vif->filter_lock);
	int err = order == NETRING_MCAST_ADD ? mcast_add(&vif->filter, addr) :
					       mcast_remove(&vif->filter, addr);

	spin_unlock_restore(&vif->filter_lock, flags);
	return err;
}

bool vif_mcast_wanted(struct vif *vif, const struct packet *packet)
{
	const uint8_t *to;
	unsigned long flags;
	bool wanted;

	if (!READ_ONCE(vif->filter.on))
		return true;
	to = packet_head(packet, ETH_HEADER_LEN);
	flags = spin_lock_save(&vif->filter_lock);
	wanted = !to || mcast_wants(&vif->filter, to);
	spin_unlock_restore(&vif->filter_lock, flags);
	return wanted;
}
