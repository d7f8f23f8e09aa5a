/* SPDX-License-Identifier: MIT */
/* A disk's frontend that breaks the rules of <xen/io/blkif.h>. The disk holds an ext4. */
#include "hostile.h"

#include <string.h>
#include <xen/io/blkif.h>

#include "lib/format.h"

#define SUPER_BLOCK      2 /* its sector */
#define EXT4_MAGIC_AT    56
#define EXT4_MAGIC       0xef53
#define NO_ANSWER        1000
#define ROUNDS_OF_MEDDLE 300

#define RING_ORDER     2 /* of a wide one */
#define MORE_THAN_KEPT 1200

/*
 * Plain: one ring of a page. Wide: two rings of several, grants that stay mapped, lists of
 * segments. The last ring is the one that misbehaves; the other goes on as it should.
 */
struct queue {
	blkif_sring_t *page;
	blkif_front_ring_t ring;
	grant_ref_t refs[1 << RING_ORDER];
	evtchn_port_t port;
};

static struct device dev = { .path = "device/vbd/51712" };
static struct queue queues[DEVICE_QUEUES], *q = queues;
static unsigned int queue_count = 1, order;
static grant_ref_t data_ref, list_ref;
static char *data;
static struct blkif_request_segment *list;

void vbd_wide(void)
{
	queue_count = DEVICE_QUEUES;
	order = RING_ORDER;
	q = &queues[queue_count - 1];
}

static void make_pages(void)
{
	for (unsigned int i = 0; i < DEVICE_QUEUES; i++)
		queues[i].page = page_alloc_zero(RING_ORDER);
	data = page_alloc_zero(0);
	list = page_alloc_zero(0);
}

/* What is `first` instead of the first page's reference is for the backend to refuse. */
static void tell_queue(struct queue *queue, unsigned int index, grant_ref_t first)
{
	char path[XENBUS_PATH_MAX + 16], node[16];

	if (queue_count == 1)
		str_format(path, sizeof(path), "%s", dev.path);
	else
		str_format(path, sizeof(path), "%s/queue-%u", dev.path, index);
	for (unsigned int i = 0; i < 1U << order; i++) {
		page_grant(&dev, &queue->refs[i], (char *)queue->page + i * PAGE_SIZE, false);
		str_format(node, sizeof(node), "ring-ref%u", i);
		xs_printf(XS_NO_TX, path, order ? node : "ring-ref", "%u",
			  first && !i ? first : queue->refs[i]);
	}
	XEN_FRONT_RING_INIT(&queue->ring, queue->page, PAGE_SIZE << order);
	queue->port = device_port(&dev, index);
	xs_printf(XS_NO_TX, path, "event-channel", "%u", queue->port);
}

static bool connect(grant_ref_t first)
{
	if (!dev.peer[0] && !device_find(&dev, dev.path))
		return false;
	if (!data)
		make_pages();
	if (!device_restart(&dev))
		return false;
	page_grant(&dev, &data_ref, data, false);
	page_grant(&dev, &list_ref, list, true);
	xs_printf(XS_NO_TX, dev.path, "multi-queue-num-queues", "%u", queue_count);
	xs_printf(XS_NO_TX, dev.path, "num-ring-pages", "%u", order ? 1U << order : 0);
	xs_printf(XS_NO_TX, dev.path, "feature-persistent", "%u", order > 0);
	for (unsigned int i = 0; i < queue_count; i++)
		tell_queue(&queues[i], i, &queues[i] == q ? first : 0);
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
	memcpy(RING_GET_REQUEST(&q->ring, q->ring.req_prod_pvt), req, sizeof(struct blkif_request));
	q->ring.req_prod_pvt++;
}

static void publish(void)
{
	RING_PUSH_REQUESTS(&q->ring);
	evtchn_notify(q->port);
}

/* The status of one request's answer. */
static int ask(const void *req)
{
	struct blkif_response rsp;

	put(req);
	publish();
	if (!await(RING_HAS_UNCONSUMED_RESPONSES(&q->ring)))
		return NO_ANSWER;
	RING_COPY_RESPONSE(&q->ring, q->ring.rsp_cons, &rsp);
	q->ring.rsp_cons++;
	return rsp.id == 77 ? rsp.status : NO_ANSWER;
}

/* A good read, as far as the form allows by a list of segments, too. */
static const char *read_well(void)
{
	struct blkif_request req = good(), raw = { 0 };
	struct blkif_request_indirect indirect = {
		.operation = BLKIF_OP_INDIRECT,
		.indirect_op = BLKIF_OP_READ,
		.nr_segments = 1,
		.id = req.id,
		.sector_number = req.sector_number,
		.indirect_grefs = { list_ref },
	};
	uint16_t magic;

	memset(data, 0, PAGE_SIZE);
	if (order) {
		list[0] = req.seg[0];
		memcpy(&raw, &indirect, sizeof(indirect));
		if (ask(&raw) != BLKIF_RSP_OKAY)
			return "a good list of segments fails";
	}
	if (ask(&req) != BLKIF_RSP_OKAY)
		return "a good request fails";
	memcpy(&magic, data + EXT4_MAGIC_AT, sizeof(magic));
	return magic == EXT4_MAGIC ? NULL : "a good request reads something else";
}

const char *vbd_behave(void)
{
	const char *wrong = NULL;
	struct queue *last = q;

	if (!dev.ports[0] && !connect(0))
		return "the backend does not take us (back)";
	if (!device_await(&dev, XenbusStateConnected))
		return "the backend does not connect";
	device_state(&dev, XenbusStateConnected);
	for (q = queues; q < queues + queue_count && !wrong; q++)
		wrong = read_well();
	q = last;
	return wrong;
}

static const char *refused(const void *req)
{
	int status = ask(req);

	return status == BLKIF_RSP_ERROR || status == BLKIF_RSP_EOPNOTSUPP ? NULL
	       : status == NO_ANSWER                                       ? "no answer"
									   : "it is not refused";
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

	meddle_start(q->page, 64);
	for (unsigned int i = 0; i < ROUNDS_OF_MEDDLE; i++) {
		put(&req);
		publish();
		if (RING_FREE_REQUESTS(&q->ring) <= 1 &&
		    !await(READ_ONCE(q->ring.sring->rsp_prod) == q->ring.req_prod_pvt))
			break;
		q->ring.rsp_cons = READ_ONCE(q->ring.sring->rsp_prod);
	}
	meddle_stop();
	if (!await(READ_ONCE(q->ring.sring->rsp_prod) == q->ring.req_prod_pvt))
		return "requests without an answer";
	q->ring.rsp_cons = q->ring.req_prod_pvt;
	return NULL;
}

/* --- Rings and connections -------------------------------------------------------------------- */

static const char *bad_indexes(void)
{
	const RING_IDX jumps[] = { RING_SIZE(&q->ring) + 1, 1000, 0x80000000, ~0U };

	for (unsigned int i = 0; i < ARRAY_SIZE(jumps); i++) {
		const char *wrong = vbd_behave();

		if (wrong)
			return wrong;
		WRITE_ONCE(q->page->req_prod, q->page->req_prod + jumps[i]);
		evtchn_notify(q->port);
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
		for (size_t at = 0; at < (PAGE_SIZE << order) / 4; at++)
			((uint32_t *)q->page)[at] = random_next();
		WRITE_ONCE(q->page->req_prod,
			   q->page->rsp_prod + random_next() % (RING_SIZE(&q->ring) + 8));
		evtchn_notify(q->port);
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

	while (RING_FREE_REQUESTS(&q->ring) > 1)
		put(&req);
	publish();
}

static const char *storm(void)
{
	return device_storm(q->port);
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

/* A frontend that says that it keeps its grants, and has a new one for each request. */
static const char *ever_new_grants(void)
{
	static grant_ref_t refs[MORE_THAN_KEPT];
	struct blkif_request req = good();
	const char *wrong = NULL;
	unsigned int count;

	for (count = 0; count < MORE_THAN_KEPT && !wrong; count++) {
		refs[count] = (grant_ref_t)gnttab_alloc();
		gnttab_access(refs[count], dev.backend, virt_to_mfn(data), false);
		req.seg[0].gref = refs[count];
		if (ask(&req) != BLKIF_RSP_OKAY)
			wrong = "a good request fails";
	}
	if (!connect(0))
		wrong = "the backend does not take us back";
	while (count--) {
		if (!await(gnttab_end(refs[count]) == 0))
			return "the backend keeps a grant of a connection that has ended";
		gnttab_free(refs[count]);
	}
	return wrong;
}

/* A grant that the backend may have kept turns into one of another page, and into none. */
static const char *moved_grants(void)
{
	struct blkif_request req = good();
	const char *wrong = NULL;

	gnttab_access(data_ref, dev.backend, virt_to_mfn(list), false);
	if (ask(&req) == NO_ANSWER)
		wrong = "no answer";
	gnttab_access(data_ref, DOMID_INVALID, virt_to_mfn(data), true);
	if (ask(&req) == NO_ANSWER)
		wrong = "no answer";
	gnttab_access(data_ref, dev.backend, virt_to_mfn(data), false);
	return connect(0) ? wrong : "the backend does not take us back";
}

static const char *bad_wishes(void)
{
	static const struct wish wishes[] = {
		{ "multi-queue-num-queues", DEVICE_QUEUES + 1, "error 22" },
		{ "multi-queue-num-queues", 0, "error 22" },
		{ "num-ring-pages", 3, "error 22" },
		{ "num-ring-pages", 1U << 31, "error 22" },
	};

	return device_wishes(&dev, wishes, ARRAY_SIZE(wishes), connect);
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
	{ "wishes for what was not offered", bad_wishes },
	{ "ever new grants", ever_new_grants },
	{ "grants that turn into others", moved_grants },
	{ "closing and opening with requests in flight", reopen },
	{ NULL, NULL },
};
