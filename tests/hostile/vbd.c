/* SPDX-License-Identifier: MIT */
/* A disk's frontend that breaks the rules of <xen/io/blkif.h>. The disk holds an ext4. */
#include "hostile.h"

#include <string.h>
#include <xen/io/blkif.h>

#define SUPER_BLOCK	 2 /* its sector */
#define EXT4_MAGIC_AT	 56
#define EXT4_MAGIC	 0xef53
#define NO_ANSWER	 1000
#define ROUNDS_OF_MEDDLE 300

static struct device dev = { .path = "device/vbd/51712" };
static blkif_sring_t *page;
static blkif_front_ring_t ring;
static grant_ref_t ring_ref, data_ref, list_ref;
static char *data;
static struct blkif_request_segment *list;

static bool connect(grant_ref_t ref)
{
	if (!dev.peer[0] && !device_find(&dev, dev.path))
		return false;
	if (!page) {
		page = page_alloc_zero(0);
		data = page_alloc_zero(0);
		list = page_alloc_zero(0);
	}
	if (!device_restart(&dev))
		return false;
	page_grant(&dev, &ring_ref, page, false);
	page_grant(&dev, &data_ref, data, false);
	page_grant(&dev, &list_ref, list, true);
	XEN_FRONT_RING_INIT(&ring, page, PAGE_SIZE);
	dev.port = (evtchn_port_t)evtchn_alloc_for(DOMID_SELF, dev.backend);
	xs_printf(XS_NO_TX, dev.path, "ring-ref", "%u", ref ? ref : ring_ref);
	xs_printf(XS_NO_TX, dev.path, "event-channel", "%u", dev.port);
	device_state(&dev, XenbusStateInitialised);
	return true;
}

static struct blkif_request good(void)
{
	struct blkif_request req = { .operation = BLKIF_OP_READ, .nr_segments = 1, .id = 77 };

	req.sector_number = SUPER_BLOCK;
	req.seg[0] = (struct blkif_request_segment){ .gref = data_ref, .last_sect = 1 };
	return req;
}

static void put(const void *req)
{
	memcpy(RING_GET_REQUEST(&ring, ring.req_prod_pvt), req, sizeof(struct blkif_request));
	ring.req_prod_pvt++;
}

static void publish(void)
{
	RING_PUSH_REQUESTS(&ring);
	evtchn_notify(dev.port);
}

/* The status of one request's answer. */
static int ask(const void *req)
{
	struct blkif_response rsp;

	put(req);
	publish();
	if (!await(RING_HAS_UNCONSUMED_RESPONSES(&ring)))
		return NO_ANSWER;
	RING_COPY_RESPONSE(&ring, ring.rsp_cons, &rsp);
	ring.rsp_cons++;
	return rsp.id == 77 ? rsp.status : NO_ANSWER;
}

const char *vbd_behave(void)
{
	struct blkif_request req;
	uint16_t magic;

	if (!dev.port && !connect(0))
		return "the backend does not take us (back)";
	if (!device_await(&dev, XenbusStateConnected))
		return "the backend does not connect";
	device_state(&dev, XenbusStateConnected);
	req = good();
	memset(data, 0, PAGE_SIZE);
	if (ask(&req) != BLKIF_RSP_OKAY)
		return "a good request fails";
	memcpy(&magic, data + EXT4_MAGIC_AT, sizeof(magic));
	return magic == EXT4_MAGIC ? NULL : "a good request reads something else";
}

static const char *refused(const void *req)
{
	int status = ask(req);

	return status == BLKIF_RSP_ERROR || status == BLKIF_RSP_EOPNOTSUPP ? NULL :
	       status == NO_ANSWER ? "no answer" : "it is not refused";
}

/*
 * --- Requests ----------------------------------------------------------------------------------
 */

static const char *bad_grants(void)
{
	struct blkif_request req = good();
	const char *wrong;

	req.seg[0].gref = nothing();
	wrong = refused(&req);
	req.seg[0].gref = ~0U;
	if (!wrong)
		wrong = refused(&req);
	req.seg[0].gref = list_ref; /* which they may only read */
	if (!wrong)
		wrong = refused(&req);
	req.nr_segments = 2; /* a good one first */
	req.seg[0].gref = data_ref;
	req.seg[1] = (struct blkif_request_segment){ .gref = nothing(), .last_sect = 7 };
	return wrong ? wrong : refused(&req);
}

static const char *bad_places(void)
{
	struct blkif_request req = good();
	const char *wrong;

	req.sector_number = ~0ULL;
	wrong = refused(&req);
	req.sector_number = 1ULL << 62;
	if (!wrong)
		wrong = refused(&req);
	req = good();
	req.seg[0].last_sect = 8;
	if (!wrong)
		wrong = refused(&req);
	req.seg[0] = (struct blkif_request_segment){ data_ref, 7, 0 };
	return wrong ? wrong : refused(&req);
}

static const char *bad_kinds(void)
{
	struct blkif_request req = good();
	struct blkif_request_discard discard = { .operation = BLKIF_OP_DISCARD, .id = 77 };
	const char *wrong;

	req.operation = 99;
	wrong = refused(&req);
	req.operation = BLKIF_OP_WRITE; /* the disk is ours to read only */
	if (!wrong)
		wrong = refused(&req);
	req = good();
	req.nr_segments = 255;
	if (!wrong)
		wrong = refused(&req);
	req.nr_segments = 0;
	if (!wrong)
		wrong = refused(&req);
	discard.nr_sectors = ~0ULL;
	memcpy(&req, &discard, sizeof(discard));
	return wrong ? wrong : refused(&req);
}

static const char *bad_lists(void)
{
	struct blkif_request raw = { 0 };
	struct blkif_request_indirect req = {
		.operation = BLKIF_OP_INDIRECT,
		.indirect_op = BLKIF_OP_READ,
		.nr_segments = 16,
		.id = 77,
		.indirect_grefs = { nothing() },
	};
	const char *wrong;

	memcpy(&raw, &req, sizeof(req));
	wrong = refused(&raw);
	req.indirect_grefs[0] = list_ref;
	req.nr_segments = 60000;
	memcpy(&raw, &req, sizeof(req));
	if (!wrong)
		wrong = refused(&raw);
	req.nr_segments = 16;
	for (unsigned int i = 0; i < 16; i++)
		list[i] = (struct blkif_request_segment){ .gref = random_next(), .last_sect = 7 };
	memcpy(&raw, &req, sizeof(req));
	if (!wrong)
		wrong = refused(&raw);
	req.indirect_op = BLKIF_OP_INDIRECT;
	memcpy(&raw, &req, sizeof(req));
	return wrong ? wrong : refused(&raw);
}

/* However often it is rewritten, each request has one answer. */
static const char *meddled(void)
{
	struct blkif_request req = good();

	meddle_start(page, 64);
	for (unsigned int i = 0; i < ROUNDS_OF_MEDDLE; i++) {
		put(&req);
		publish();
		if (RING_FREE_REQUESTS(&ring) <= 1 &&
		    !await(READ_ONCE(ring.sring->rsp_prod) == ring.req_prod_pvt))
			break;
		ring.rsp_cons = READ_ONCE(ring.sring->rsp_prod);
	}
	meddle_stop();
	if (!await(READ_ONCE(ring.sring->rsp_prod) == ring.req_prod_pvt))
		return "requests without an answer";
	ring.rsp_cons = ring.req_prod_pvt;
	return NULL;
}

/* --- Rings and connections -------------------------------------------------------------------- */

static const char *bad_indexes(void)
{
	static const RING_IDX jumps[] = { 33, 1000, 0x80000000, ~0U };

	for (unsigned int i = 0; i < ARRAY_SIZE(jumps); i++) {
		const char *wrong = vbd_behave();

		if (wrong)
			return wrong;
		WRITE_ONCE(page->req_prod, page->req_prod + jumps[i]);
		evtchn_notify(dev.port);
		if (!device_await(&dev, XenbusStateClosing))
			return "an impossible index does not end the connection";
		if (!connect(0))
			return "the backend does not take us back";
	}
	return NULL;
}

static const char *garbage(void)
{
	for (unsigned int i = 0; i < 50; i++) {
		for (size_t at = 0; at < PAGE_SIZE / 4; at++)
			((uint32_t *)page)[at] = random_next();
		WRITE_ONCE(page->req_prod, page->rsp_prod + random_next() % 40);
		evtchn_notify(dev.port);
		thread_sleep(NS_PER_MS);
	}
	return connect(0) ? NULL : "the backend does not take us back";
}

static const char *no_ring(void)
{
	for (unsigned int i = 0; i < 3; i++) {
		if (!connect(nothing()) || !device_await(&dev, XenbusStateClosing))
			return "a ring that is none is taken";
	}
	return connect(0) ? NULL : "the backend does not take us back";
}

void vbd_flood(void)
{
	struct blkif_request req = good();

	while (RING_FREE_REQUESTS(&ring) > 1)
		put(&req);
	publish();
}

static const char *storm(void)
{
	return device_storm(&dev);
}

static const char *reopen(void)
{
	for (unsigned int i = 0; i < 10; i++) {
		const char *wrong = vbd_behave();

		if (wrong)
			return wrong;
		vbd_flood();
		if (!connect(0))
			return "the backend does not take us back";
	}
	return NULL;
}

const struct breach vbd_breaches[] = {
	{ "grants of nothing, and for less than is asked", bad_grants },
	{ "places beyond disk and page", bad_places },
	{ "operations that were not offered", bad_kinds },
	{ "lists of segments that are none", bad_lists },
	{ "requests that change while they are read", meddled },
	{ "a storm of events", storm },
	{ "impossible indexes", bad_indexes },
	{ "garbage in the ring", garbage },
	{ "a ring that is none", no_ring },
	{ "closing and opening with requests in flight", reopen },
	{ NULL, NULL },
};
