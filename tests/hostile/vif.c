/* SPDX-License-Identifier: MIT */
/* A network frontend that breaks the rules of <xen/io/netif.h>. 10.0.2.15 answers to ARP. */
#include "hostile.h"

#include <string.h>
#include <xen/io/netif.h>

#include "lib/format.h"

#define NO_ANSWER        1000
#define BUFFERS          64U
#define ROUNDS_OF_MEDDLE 500

/*
 * Plain: one queue. Wide: two, each with a port for either way. The last one misbehaves; the
 * backend has the choice by which of them it gives us a packet.
 */
struct queue {
	struct netif_tx_sring *tx_page;
	struct netif_rx_sring *rx_page;
	struct netif_tx_front_ring tx;
	struct netif_rx_front_ring rx;
	grant_ref_t tx_ref, rx_ref, buffer_refs[BUFFERS];
	uint8_t *buffers[BUFFERS];
	evtchn_port_t port;
};

static struct device dev = { .path = "device/vif/0" };
static struct queue queues[DEVICE_QUEUES], *q = queues;
static unsigned int queue_count = 1;
static bool silent; /* buffers are posted without a word, as old frontends do */
static grant_ref_t frame_ref;
static uint8_t *frame;

void vif_wide(void)
{
	queue_count = DEVICE_QUEUES;
	q = &queues[queue_count - 1];
}

static void make_pages(void)
{
	frame = page_alloc_zero(0);
	for (struct queue *queue = queues; queue < queues + DEVICE_QUEUES; queue++) {
		queue->tx_page = page_alloc_zero(0);
		queue->rx_page = page_alloc_zero(0);
		for (unsigned int i = 0; i < BUFFERS; i++)
			queue->buffers[i] = page_alloc_zero(0);
	}
}

static void post(grant_ref_t ref)
{
	*RING_GET_REQUEST(&q->rx, q->rx.req_prod_pvt) = (struct netif_rx_request){
		.id = (uint16_t)(q->rx.req_prod_pvt % BUFFERS),
		.gref = ref ? ref : q->buffer_refs[q->rx.req_prod_pvt % BUFFERS],
	};
	q->rx.req_prod_pvt++;
}

/* The tx ring's reference may be another: for the backend to refuse. */
static void tell_queue(struct queue *queue, unsigned int index, grant_ref_t tx_ref)
{
	char path[XENBUS_PATH_MAX + 16];

	if (queue_count == 1)
		str_format(path, sizeof(path), "%s", dev.path);
	else
		str_format(path, sizeof(path), "%s/queue-%u", dev.path, index);
	page_grant(&dev, &queue->tx_ref, queue->tx_page, false);
	page_grant(&dev, &queue->rx_ref, queue->rx_page, false);
	for (unsigned int i = 0; i < BUFFERS; i++)
		page_grant(&dev, &queue->buffer_refs[i], queue->buffers[i], false);
	SHARED_RING_INIT(queue->tx_page);
	FRONT_RING_INIT(&queue->tx, queue->tx_page, PAGE_SIZE);
	SHARED_RING_INIT(queue->rx_page);
	FRONT_RING_INIT(&queue->rx, queue->rx_page, PAGE_SIZE);
	queue->port = device_port(&dev, index);
	xs_printf(XS_NO_TX, path, "tx-ring-ref", "%u", tx_ref ? tx_ref : queue->tx_ref);
	xs_printf(XS_NO_TX, path, "rx-ring-ref", "%u", queue->rx_ref);
	xs_printf(XS_NO_TX, path, "event-channel", "%u", queue->port);
}

static bool connect(grant_ref_t ref)
{
	if (!dev.peer[0] && !device_find(&dev, dev.path))
		return false;
	if (!frame)
		make_pages();
	if (!device_restart(&dev))
		return false;
	page_grant(&dev, &frame_ref, frame, true);
	for (unsigned int i = 0; i < queue_count; i++)
		tell_queue(&queues[i], i, &queues[i] == q ? ref : 0);
	xs_printf(XS_NO_TX, dev.path, "multi-queue-num-queues", "%u", queue_count);
	xs_printf(XS_NO_TX, dev.path, "request-rx-copy", "1");
	xs_printf(XS_NO_TX, dev.path, "feature-rx-notify", "%u", !silent);
	xs_printf(XS_NO_TX, dev.path, "feature-sg", "1");
	device_state(&dev, XenbusStateConnected);
	return true;
}

static struct netif_tx_request good(void)
{
	return (struct netif_tx_request){ .gref = frame_ref, .size = 60, .id = 77 };
}

static void put(const void *slot)
{
	memcpy(RING_GET_REQUEST(&q->tx, q->tx.req_prod_pvt), slot, sizeof(struct netif_tx_request));
	q->tx.req_prod_pvt++;
}

static void publish(void)
{
	RING_PUSH_REQUESTS(&q->tx);
	evtchn_notify(q->port);
}

/* The status of the first of the answers to `count` slots; all of them are waited for. */
static int answer(unsigned int count)
{
	struct netif_tx_response rsp;

	publish();
	if (!await(READ_ONCE(q->tx.sring->rsp_prod) - q->tx.rsp_cons >= count))
		return NO_ANSWER;
	RING_COPY_RESPONSE(&q->tx, q->tx.rsp_cons, &rsp);
	q->tx.rsp_cons += count;
	return rsp.id == 77 ? rsp.status : NO_ANSWER;
}

/* Who has 10.0.2.15? Tell 10.0.2.99 */
static void write_arp(void)
{
	static const uint8_t arp[] = {
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02, 0, 0, 0, 0, 0x99, 8, 6, 0, 1, 8, 0, 6, 4,
		0, 1, 0x02, 0, 0, 0, 0, 0x99, 10, 0, 2, 99, 0, 0, 0, 0, 0, 0, 10, 0, 2, 15,
	};

	memset(frame, 0, 60);
	memcpy(frame, arp, sizeof(arp));
}

/* Whether an answer to the question came by this queue; other frames are let go. */
static bool answered_by(struct queue *queue)
{
	struct netif_rx_front_ring *rx = &queue->rx;

	while (RING_HAS_UNCONSUMED_RESPONSES(rx)) {
		struct netif_rx_response rsp;
		const uint8_t *got;

		RING_COPY_RESPONSE(rx, rx->rsp_cons, &rsp);
		got = queue->buffers[rx->rsp_cons % BUFFERS] + rsp.offset % 64;
		rx->rsp_cons++;
		if (rsp.status >= 42 && got[12] == 8 && got[13] == 6 && got[21] == 2 &&
		    got[31] == 15)
			return true;
	}
	return false;
}

static bool arp_answered(void)
{
	bool answered = false;

	for (unsigned int i = 0; i < queue_count; i++)
		answered |= answered_by(&queues[i]);
	return answered;
}

static void post_all(void)
{
	while (q->rx.req_prod_pvt - q->rx.rsp_cons < BUFFERS)
		post(0);
	RING_PUSH_REQUESTS(&q->rx);
}

static void post_to_all(void)
{
	struct queue *last = q;

	for (q = queues; q < queues + queue_count; q++)
		post_all();
	q = last;
}

/* One good packet by each queue, and an answer. */
const char *vif_behave(void)
{
	struct netif_tx_request req;
	const char *wrong = NULL;
	struct queue *last = q;

	if (!dev.ports[0] && !connect(0))
		return "the backend does not take us (back)";
	if (!device_await(&dev, XenbusStateConnected))
		return "the backend does not connect";
	post_to_all();
	write_arp();
	req = good();
	for (q = queues; q < queues + queue_count && !wrong; q++) {
		put(&req);
		if (answer(1) != NETIF_RSP_OKAY)
			wrong = "a good packet fails";
		else if (!await(arp_answered()))
			wrong = "no packet comes back";
	}
	q = last;
	return wrong;
}

static const char *refused(const struct netif_tx_request *req)
{
	int status;

	put(req);
	status = answer(1);
	return status == NETIF_RSP_ERROR ? NULL
	       : status == NO_ANSWER     ? "no answer"
					 : "it is not refused";
}

/*
 * --- Packets -----------------------------------------------------------------------------------
 */

static const char *bad_grants(void)
{
	struct netif_tx_request req = good();
	const char *wrong;

	req.gref = nothing();
	wrong = refused(&req);
	req.gref = ~0U;
	return wrong ? wrong : refused(&req);
}

static const char *bad_sizes(void)
{
	struct netif_tx_request req = good();
	const char *wrong;

	req.offset = 4090;
	wrong = refused(&req);
	req.offset = 0xffff;
	if (!wrong)
		wrong = refused(&req);
	req = good();
	req.size = 5;
	if (!wrong)
		wrong = refused(&req);
	req.size = 0xffff;
	if (!wrong)
		wrong = refused(&req);
	/* A checksum to be filled into what is no TCP. */
	req = good();
	req.flags = NETTXF_csum_blank;
	return wrong ? wrong : refused(&req);
}

static const char *bad_chains(void)
{
	struct netif_tx_request req = good();
	struct netif_extra_info extra = { .type = 200 };

	/* More pieces than a packet may have. */
	for (unsigned int i = 0; i < 30; i++) {
		req.flags = i < 29 ? NETTXF_more_data : 0;
		put(&req);
	}
	if (answer(30) != NETIF_RSP_ERROR)
		return "30 pieces are taken";
	req = good();
	req.flags = NETTXF_extra_info;
	put(&req);
	put(&extra);
	return answer(2) == NETIF_RSP_ERROR ? NULL : "an unknown extra is taken";
}

static const char *multicast(void)
{
	struct netif_tx_request req = good();
	struct netif_extra_info extra = { .type = XEN_NETIF_EXTRA_TYPE_MCAST_ADD };
	unsigned int taken = 0;

	req.flags = NETTXF_extra_info;
	for (unsigned int i = 0; i < 100; i++) {
		uint8_t addr[6] = { 1, 0, 0x5e, 0, 0, (uint8_t)i };

		memcpy(extra.u.mcast.addr, addr, sizeof(addr));
		put(&req);
		put(&extra);
		taken += answer(2) == NETIF_RSP_OKAY;
	}
	return taken == 64 ? NULL : "the list of groups is not bounded as it should be";
}

/* Of the queue by which packets come, whichever that is. */
static bool buffers_taken(void)
{
	arp_answered();
	for (unsigned int i = 0; i < queue_count; i++)
		if (queues[i].rx.rsp_cons == queues[i].rx.req_prod_pvt)
			return true;
	return false;
}

static const char *bad_buffers(void)
{
	struct netif_tx_request req = good();
	struct queue *last = q;

	for (q = queues; q < queues + queue_count; q++) {
		post_all();
		for (unsigned int i = 0; i < BUFFERS; i++)
			post(i & 1 ? nothing() : frame_ref); /* which they may only read */
		RING_PUSH_REQUESTS(&q->rx);
		evtchn_notify(q->port);
	}
	q = last;
	for (unsigned int i = 0; i < 2 * BUFFERS; i++) {
		put(&req);
		if (answer(1) != NETIF_RSP_OKAY)
			return "packets are refused because of buffers";
		arp_answered();
	}
	return await(buffers_taken()) ? NULL : "bad buffers stay";
}

static const char *meddled(void)
{
	struct netif_tx_request req = good();

	meddle_start(q->tx_page, 64);
	for (unsigned int i = 0; i < ROUNDS_OF_MEDDLE; i++) {
		if (RING_FREE_REQUESTS(&q->tx) <= 1) {
			thread_sleep(NS_PER_MS / 4);
			q->tx.rsp_cons = READ_ONCE(q->tx.sring->rsp_prod);
			continue;
		}
		put(&req);
		publish();
	}
	meddle_stop();
	/* A slot may have said that more follows: then the ring has ended, rightly. */
	return connect(0) ? NULL : "the backend does not take us back";
}

/* --- Rings and connections -------------------------------------------------------------------- */

static const char *bad_indexes(void)
{
	static const RING_IDX jumps[] = { 300, 70000, 0x80000000, ~0U };

	for (unsigned int i = 0; i < 2 * ARRAY_SIZE(jumps); i++) {
		const char *wrong = vif_behave();

		if (wrong)
			return wrong;
		if (i & 1)
			WRITE_ONCE(q->tx_page->req_prod, q->tx_page->req_prod + jumps[i / 2]);
		else
			WRITE_ONCE(q->rx_page->req_prod, q->rx_page->req_prod + jumps[i / 2]);
		evtchn_notify(q->port);
		thread_sleep(NS_PER_MS);
		if (!connect(0))
			return "the backend does not take us back";
	}
	return NULL;
}

static const char *garbage(void)
{
	for (unsigned int i = 0; i < 50; i++) {
		for (size_t at = 16; at < PAGE_SIZE / 4; at++) {
			((uint32_t *)q->tx_page)[at] = random_next();
			((uint32_t *)q->rx_page)[at] = random_next();
		}
		WRITE_ONCE(q->tx_page->req_prod, q->tx_page->rsp_prod + random_next() % 300);
		WRITE_ONCE(q->rx_page->req_prod, q->rx_page->rsp_prod + random_next() % 300);
		evtchn_notify(q->port);
		thread_sleep(NS_PER_MS);
		if (i % 10 == 9 && !connect(0))
			return "the backend does not take us back";
	}
	return NULL;
}

static const char *no_ring(void)
{
	for (unsigned int i = 0; i < 3; i++) {
		if (!connect(nothing()) || !device_await(&dev, XenbusStateClosing))
			return "a ring that is none is taken";
	}
	return connect(0) ? NULL : "the backend does not take us back";
}

/* No breach: packets that wait for buffers come as soon as there are any. */
static const char *late_buffers(void)
{
	struct netif_tx_request req;
	const char *wrong = NULL;

	silent = true;
	if (!connect(0) || !device_await(&dev, XenbusStateConnected))
		return "the backend does not take us back";
	write_arp();
	req = good();
	put(&req);
	if (answer(1) != NETIF_RSP_OKAY)
		wrong = "a good packet fails";
	thread_sleep(20 * NS_PER_MS); /* for the answer to come and wait */
	post_to_all();
	if (!wrong && !await(arp_answered()))
		wrong = "no packet comes back";
	silent = false;
	return connect(0) ? wrong : "the backend does not take us back";
}

static const char *bad_wishes(void)
{
	static const struct wish wishes[] = {
		{ "ctrl-ring-ref", 8, "control ring" },
		{ "request-rx-copy", 0, "request-rx-copy" },
		{ "multi-queue-num-queues", DEVICE_QUEUES + 1, "more queues" },
		{ "multi-queue-num-queues", 0, "more queues" },
	};

	return device_wishes(&dev, wishes, ARRAY_SIZE(wishes), connect);
}

void vif_flood(void)
{
	struct netif_tx_request req = good();

	while (RING_FREE_REQUESTS(&q->tx) > 1)
		put(&req);
	publish();
	q->tx.rsp_cons = READ_ONCE(q->tx.sring->rsp_prod);
}

static const char *storm(void)
{
	return device_storm(q->port);
}

static const char *reopen(void)
{
	for (unsigned int i = 0; i < 10; i++) {
		const char *wrong = vif_behave();

		if (wrong)
			return wrong;
		vif_flood();
		if (!connect(0))
			return "the backend does not take us back";
	}
	return NULL;
}

const struct breach vif_breaches[] = {
	{ "grants of nothing", bad_grants },
	{ "sizes that do not fit", bad_sizes },
	{ "chains that do not end", bad_chains },
	{ "too many multicast addresses", multicast },
	{ "receive buffers that are none", bad_buffers },
	{ "packets that change while they are read", meddled },
	{ "a storm of events", storm },
	{ "impossible indexes", bad_indexes },
	{ "garbage in the rings", garbage },
	{ "a ring that is none", no_ring },
	{ "buffers without a word", late_buffers },
	{ "wishes for what was not offered", bad_wishes },
	{ "closing and opening with packets in flight", reopen },
	{ NULL, NULL },
};
