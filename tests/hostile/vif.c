/* SPDX-License-Identifier: MIT */
/* A network frontend that breaks the rules of <xen/io/netif.h>. 10.0.2.15 answers to ARP. */
#include "hostile.h"

#include <string.h>
#include <xen/io/netif.h>

#define NO_ANSWER	 1000
#define BUFFERS		 64U
#define ROUNDS_OF_MEDDLE 500

static struct device dev = { .path = "device/vif/0" };
static struct netif_tx_sring *tx_page;
static struct netif_rx_sring *rx_page;
static struct netif_tx_front_ring tx;
static struct netif_rx_front_ring rx;
static grant_ref_t tx_ref, rx_ref, frame_ref, buffer_refs[BUFFERS];
static uint8_t *frame, *buffers[BUFFERS];

static void make_pages(void)
{
	tx_page = page_alloc_zero(0);
	rx_page = page_alloc_zero(0);
	frame = page_alloc_zero(0);
	for (unsigned int i = 0; i < BUFFERS; i++)
		buffers[i] = page_alloc_zero(0);
}

static void post(grant_ref_t ref)
{
	*RING_GET_REQUEST(&rx, rx.req_prod_pvt) = (struct netif_rx_request){
		.id = (uint16_t)(rx.req_prod_pvt % BUFFERS),
		.gref = ref ? ref : buffer_refs[rx.req_prod_pvt % BUFFERS],
	};
	rx.req_prod_pvt++;
}

static bool connect(grant_ref_t ref)
{
	if (!dev.peer[0] && !device_find(&dev, dev.path))
		return false;
	if (!tx_page)
		make_pages();
	if (!device_restart(&dev))
		return false;
	page_grant(&dev, &tx_ref, tx_page, false);
	page_grant(&dev, &rx_ref, rx_page, false);
	page_grant(&dev, &frame_ref, frame, true);
	for (unsigned int i = 0; i < BUFFERS; i++)
		page_grant(&dev, &buffer_refs[i], buffers[i], false);
	SHARED_RING_INIT(tx_page);
	FRONT_RING_INIT(&tx, tx_page, PAGE_SIZE);
	SHARED_RING_INIT(rx_page);
	FRONT_RING_INIT(&rx, rx_page, PAGE_SIZE);
	dev.port = (evtchn_port_t)evtchn_alloc_for(DOMID_SELF, dev.backend);
	xs_printf(XS_NO_TX, dev.path, "tx-ring-ref", "%u", ref ? ref : tx_ref);
	xs_printf(XS_NO_TX, dev.path, "rx-ring-ref", "%u", rx_ref);
	xs_printf(XS_NO_TX, dev.path, "event-channel", "%u", dev.port);
	xs_printf(XS_NO_TX, dev.path, "request-rx-copy", "1");
	xs_printf(XS_NO_TX, dev.path, "feature-rx-notify", "1");
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
	memcpy(RING_GET_REQUEST(&tx, tx.req_prod_pvt), slot, sizeof(struct netif_tx_request));
	tx.req_prod_pvt++;
}

static void publish(void)
{
	RING_PUSH_REQUESTS(&tx);
	evtchn_notify(dev.port);
}

/* The status of the first of the answers to `count` slots; all of them are waited for. */
static int answer(unsigned int count)
{
	struct netif_tx_response rsp;

	publish();
	if (!await(READ_ONCE(tx.sring->rsp_prod) - tx.rsp_cons >= count))
		return NO_ANSWER;
	RING_COPY_RESPONSE(&tx, tx.rsp_cons, &rsp);
	tx.rsp_cons += count;
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

/* Whether an answer to the question came; other frames are let go. */
static bool arp_answered(void)
{
	while (RING_HAS_UNCONSUMED_RESPONSES(&rx)) {
		struct netif_rx_response rsp;
		const uint8_t *got;

		RING_COPY_RESPONSE(&rx, rx.rsp_cons, &rsp);
		got = buffers[rx.rsp_cons % BUFFERS] + rsp.offset % 64;
		rx.rsp_cons++;
		if (rsp.status >= 42 && got[12] == 8 && got[13] == 6 && got[21] == 2 &&
		    got[31] == 15)
			return true;
	}
	return false;
}

const char *vif_behave(void)
{
	struct netif_tx_request req;

	if (!dev.port && !connect(0))
		return "the backend does not take us (back)";
	if (!device_await(&dev, XenbusStateConnected))
		return "the backend does not connect";
	while (rx.req_prod_pvt - rx.rsp_cons < BUFFERS)
		post(0);
	RING_PUSH_REQUESTS(&rx);
	write_arp();
	req = good();
	put(&req);
	if (answer(1) != NETIF_RSP_OKAY)
		return "a good packet fails";
	return await(arp_answered()) ? NULL : "no packet comes back";
}

static const char *refused(const struct netif_tx_request *req)
{
	int status;

	put(req);
	status = answer(1);
	return status == NETIF_RSP_ERROR ? NULL : status == NO_ANSWER ? "no answer" :
									 "it is not refused";
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

static const char *bad_buffers(void)
{
	while (rx.req_prod_pvt - rx.rsp_cons < BUFFERS)
		post(0);
	for (unsigned int i = 0; i < BUFFERS; i++)
		post(i & 1 ? nothing() : frame_ref); /* which they may only read */
	RING_PUSH_REQUESTS(&rx);
	evtchn_notify(dev.port);
	for (unsigned int i = 0; i < 2 * BUFFERS; i++) {
		struct netif_tx_request req = good();

		put(&req);
		if (answer(1) != NETIF_RSP_OKAY)
			return "packets are refused because of buffers";
		arp_answered();
	}
	return await((arp_answered(), rx.rsp_cons == rx.req_prod_pvt)) ? NULL :
									 "bad buffers stay";
}

static const char *meddled(void)
{
	struct netif_tx_request req = good();

	meddle_start(tx_page, 64);
	for (unsigned int i = 0; i < ROUNDS_OF_MEDDLE; i++) {
		if (RING_FREE_REQUESTS(&tx) <= 1) {
			thread_sleep(NS_PER_MS / 4);
			tx.rsp_cons = READ_ONCE(tx.sring->rsp_prod);
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
			WRITE_ONCE(tx_page->req_prod, tx_page->req_prod + jumps[i / 2]);
		else
			WRITE_ONCE(rx_page->req_prod, rx_page->req_prod + jumps[i / 2]);
		evtchn_notify(dev.port);
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
			((uint32_t *)tx_page)[at] = random_next();
			((uint32_t *)rx_page)[at] = random_next();
		}
		WRITE_ONCE(tx_page->req_prod, tx_page->rsp_prod + random_next() % 300);
		WRITE_ONCE(rx_page->req_prod, rx_page->rsp_prod + random_next() % 300);
		evtchn_notify(dev.port);
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

void vif_flood(void)
{
	struct netif_tx_request req = good();

	while (RING_FREE_REQUESTS(&tx) > 1)
		put(&req);
	publish();
	tx.rsp_cons = READ_ONCE(tx.sring->rsp_prod);
}

static const char *storm(void)
{
	return device_storm(&dev);
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
	{ "closing and opening with packets in flight", reopen },
	{ NULL, NULL },
};
