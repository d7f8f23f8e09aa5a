/* SPDX-License-Identifier: MIT */
/* The store client's engine: requests of several threads over one ring, answers to each. */
#include <stdlib.h>
#include <string.h>

#include "guest/evtchn.h"
#include "guest/init.h"
#include "guest/lock.h"
#include "guest/page.h"
#include "guest/suspend.h"
#include "guest/thread.h"
#include "guest/vmap.h"
#include "guest/wait.h"
#include "xenstore/client_core.h"
#include "xenstore/ring.h"

/*
 * Nobody owns the ring's reading side: whoever waits for an answer reads what has come, hands each
 * answer to the request it belongs to and each event to the watches, and wakes the others. Only
 * when no request is under way, the watch thread reads. So a request costs no switch to a third
 * thread, and a thread that cannot send because the ring is full reads meanwhile: otherwise the
 * daemon, waiting for room for its answers, and we, waiting for room for requests, stood for ever.
 */

/* A request under way; lives on its thread's stack. */
struct pending {
	struct pending *next;
	uint32_t id, type;
	bool done;
	int result; /* length of the answer, or -errno */
	char *answer;
};

static struct {
	/* Set once by client_attach, before ready. */
	struct xenstore_domain_interface *intf;
	void (*notify)(void *arg);
	void *notify_arg;
	int (*call)(uint32_t type, xs_tx_t tx, const struct piece *pieces, unsigned int count,
		    size_t len, char **answer); /* NULL: all by the ring */
	bool ready;

	struct mutex send; /* one message at a time into the ring; taken before lock */

	struct mutex lock; /* guards all below, and reading from the ring */
	struct pending *pending;
	uint32_t last_id;
	struct xsd_sockmsg header;
	uint32_t header_got, body_got;
	char *body;
	bool broken;

	struct wait_queue moved; /* requesters: something was read, or can be */
	unsigned int requesters; /* who will read */

	/* Atomic. Closed for a suspend, nobody comes in but the thread that resumes. */
	bool closed;
	unsigned int users; /* requests, and transactions from start to end */
	struct thread *resumer;
	struct wait_queue gate;
} client = {
	.gate = WAIT_QUEUE_INIT(client.gate),
	.send = MUTEX_INIT(client.send),
	.lock = MUTEX_INIT(client.lock),
	.moved = WAIT_QUEUE_INIT(client.moved),
};

bool xs_available(void)
{
	return READ_ONCE(client.ready);
}

void client_lock(void)
{
	mutex_lock(&client.lock);
}

void client_unlock(void)
{
	mutex_unlock(&client.lock);
}

void client_input(void)
{
	if (READ_ONCE(client.requesters))
		wake_all(&client.moved);
	else
		client_wake_watches();
}

bool client_input_waiting(void)
{
	return READ_ONCE(client.intf->rsp_prod) != READ_ONCE(client.intf->rsp_cons) &&
	       !READ_ONCE(client.broken);
}

static bool room_waiting(void)
{
	return READ_ONCE(client.intf->req_prod) - READ_ONCE(client.intf->req_cons) <
		       XENSTORE_RING_SIZE ||
	       READ_ONCE(client.broken);
}

static void pending_finish(struct pending *request, int result, char *answer)
{
	request->result = result;
	request->answer = answer;
	/* The requester looks without the lock: the result comes first. */
	wmb();
	WRITE_ONCE(request->done, true);
}

/* The daemon, or what it wrote, cannot be used any more. */
static void client_break(void)
{
	struct pending *request;

	client.broken = true;
	free(client.body);
	client.body = NULL;
	while ((request = client.pending)) {
		client.pending = request->next;
		pending_finish(request, -ENOTCONN, NULL);
	}
}

/*
 * A whole message is there. Body is NUL-terminated and goes to whom it concerns; it is NULL if
 * there was no memory for it.
 */
static void dispatch(char *body)
{
	const struct xsd_sockmsg *header = &client.header;
	struct pending **at = &client.pending, *request;

	if (header->type == XS_WATCH_EVENT) {
		client_event(body, header->len);
		return;
	}
	while (*at && (*at)->id != header->req_id)
		at = &(*at)->next;
	request = *at;
	if (!request) {
		free(body);
		return;
	}
	*at = request->next;
	if (!body) {
		pending_finish(request, -ENOMEM, NULL);
	} else if (header->type == request->type) {
		pending_finish(request, header->len, body);
	} else {
		int err = header->type == XS_ERROR ? wire_error_number(body, header->len) : EIO;

		pending_finish(request, -err, NULL);
		free(body);
	}
}

/* Copy up to the wanted size; `to` may be NULL. Returns how many bytes were of use. */
static size_t take(void *to, uint32_t *got, uint32_t want, const char *bytes, size_t len)
{
	size_t piece = MIN(len, (size_t)(want - *got));

	if (to)
		memcpy((char *)to + *got, bytes, piece);
	*got += piece;
	return piece;
}

static void take_bytes(const char *bytes, size_t len)
{
	struct xsd_sockmsg *header = &client.header;

	while (len && !client.broken) {
		size_t taken;

		if (client.header_got < sizeof(*header)) {
			taken = take(header, &client.header_got, sizeof(*header), bytes, len);
			if (client.header_got < sizeof(*header))
				return;
			if (header->len > XENSTORE_PAYLOAD_MAX)
				client_break();
			else
				client.body = malloc(header->len + 1);
		} else {
			taken = take(client.body, &client.body_got, header->len, bytes, len);
		}
		bytes += taken;
		len -= taken;
		if (!client.broken && client.body_got == header->len) {
			char *body = client.body;

			if (body)
				body[header->len] = 0;
			client.body = NULL;
			client.header_got = client.body_got = 0;
			dispatch(body);
		}
	}
}

/* Read all that has come. With the lock held. */
void client_read(void)
{
	struct ring ring = ring_responses(client.intf);
	bool was_full = false;
	const char *bytes;
	int len;

	while (!client.broken && (len = ring_readable(&ring, &bytes)) != 0) {
		XENSTORE_RING_IDX cons = ring.at;

		if (len < 0) {
			client_break();
			break;
		}
		take_bytes(bytes, len);
		ring_consumed(&ring, len);
		was_full |= READ_ONCE(client.intf->rsp_prod) - cons >= XENSTORE_RING_SIZE;
	}
	/* The daemon waits for us only if it found the ring full. */
	if (was_full)
		client.notify(client.notify_arg);
	wake_all(&client.moved);
}

/* What came since our last look woke us, not the watch thread: pass it on. */
static void reader_leave(void)
{
	__atomic_fetch_sub(&client.requesters, 1, __ATOMIC_SEQ_CST);
	if (client_input_waiting())
		client_input();
}

/* Sleep until there may be room for sending, reading meanwhile. */
static void wait_for_room(void)
{
	wait_event(&client.moved, room_waiting() || client_input_waiting());
	client_lock();
	client_read();
	client_unlock();
}

/* With the send lock held, which is all that guards the writing side. 0 or -ENOTCONN. */
static int send_bytes(const void *data, size_t len)
{
	struct ring ring = ring_requests(client.intf);
	const char *bytes = data;

	while (len) {
		char *room;
		int piece = ring_writable(&ring, &room);

		if (piece < 0 || READ_ONCE(client.broken))
			return -ENOTCONN;
		if (!piece) {
			client.notify(client.notify_arg);
			wait_for_room();
			continue;
		}
		piece = MIN((size_t)piece, len);
		memcpy(room, bytes, piece);
		ring_produced(&ring, piece);
		bytes += piece;
		len -= piece;
	}
	return 0;
}

/* more: another one follows at once, and it is that one's business to tell the daemon. */
static int send_message(const struct xsd_sockmsg *header, const struct piece *pieces,
			unsigned int count, bool more)
{
	int rc;

	mutex_lock(&client.send);
	rc = send_bytes(header, sizeof(*header));
	for (unsigned int i = 0; i < count && !rc; i++)
		rc = send_bytes(pieces[i].data, pieces[i].len);
	if (!more)
		client.notify(client.notify_arg);
	mutex_unlock(&client.send);
	return rc;
}

static void pending_add(struct pending *request)
{
	client_lock();
	request->id = ++client.last_id;
	request->next = client.pending;
	client.pending = request;
	client_unlock();
}

/* Take it off the list if it could not be sent. */
static void pending_fail(struct pending *request, int err)
{
	struct pending **at = &client.pending;

	client_lock();
	while (*at && *at != request)
		at = &(*at)->next;
	if (*at) {
		*at = request->next;
		pending_finish(request, err, NULL);
	}
	client_unlock();
}

/* In before the look, so that whoever closes sees us, or we him. */
static bool try_enter(void)
{
	__atomic_fetch_add(&client.users, 1, __ATOMIC_SEQ_CST);
	if (!READ_ONCE(client.closed) || client.resumer == thread_current())
		return true;
	client_leave();
	return false;
}

void client_enter(void)
{
	wait_event(&client.gate, try_enter());
}

void client_leave(void)
{
	__atomic_fetch_sub(&client.users, 1, __ATOMIC_SEQ_CST);
	if (READ_ONCE(client.closed))
		wake_all(&client.gate);
}

/* What touches nodes and transactions, and neither watches nor connections. */
static bool is_of_nodes(uint32_t type)
{
	const uint64_t types = 1UL << XS_DIRECTORY | 1UL << XS_DIRECTORY_PART | 1UL << XS_READ |
			       1UL << XS_WRITE | 1UL << XS_MKDIR | 1UL << XS_RM |
			       1UL << XS_GET_PERMS | 1UL << XS_SET_PERMS |
			       1UL << XS_TRANSACTION_START | 1UL << XS_TRANSACTION_END;

	return type < 64 && types >> type & 1;
}

/* The length of a payload, or why it cannot be sent. */
static int payload_len(const struct piece *pieces, unsigned int count)
{
	size_t len = 0;

	if (!xs_available() || READ_ONCE(client.broken))
		return -ENOTCONN;
	for (unsigned int i = 0; i < count; i++)
		len += pieces[i].len;
	return len > XENSTORE_PAYLOAD_MAX ? -E2BIG : (int)len;
}

/* Its answer belongs to no request that is under way, so it is dropped when it comes. */
void client_post(uint32_t type, const struct piece *pieces, unsigned int count)
{
	struct xsd_sockmsg header = { .type = type };
	int len;

	client_enter();
	len = payload_len(pieces, count);
	if (len >= 0 && client.call && is_of_nodes(type)) {
		client.call(type, XS_NO_TX, pieces, count, (size_t)len, NULL);
	} else if (len >= 0) {
		header.len = len;
		__atomic_fetch_add(&client.requesters, 1, __ATOMIC_SEQ_CST);
		client_lock();
		header.req_id = ++client.last_id;
		client_unlock();
		send_message(&header, pieces, count, true);
		reader_leave();
	}
	client_leave();
}

static int request(uint32_t type, xs_tx_t tx, const struct piece *pieces, unsigned int count,
		   char **answer)
{
	struct pending request = { .type = type };
	struct xsd_sockmsg header = { .type = type, .tx_id = tx.id };
	int len = payload_len(pieces, count), rc;

	if (len < 0)
		return len;
	if (client.call && is_of_nodes(type))
		return client.call(type, tx, pieces, count, len, answer);
	header.len = len;

	__atomic_fetch_add(&client.requesters, 1, __ATOMIC_SEQ_CST);
	pending_add(&request);
	header.req_id = request.id;
	rc = send_message(&header, pieces, count, false);
	if (rc)
		pending_fail(&request, rc);
	while (!READ_ONCE(request.done)) {
		wait_event(&client.moved, READ_ONCE(request.done) || client_input_waiting());
		client_lock();
		client_read();
		client_unlock();
	}
	reader_leave();
	if (answer && request.result >= 0)
		*answer = request.answer;
	else
		free(request.answer);
	return request.result;
}

/* Who is in a transaction has entered with its start. */
int client_request(uint32_t type, xs_tx_t tx, const struct piece *pieces, unsigned int count,
		   char **answer)
{
	bool single = !tx.id && type != XS_TRANSACTION_START;
	int rc;

	if (single)
		client_enter();
	rc = request(type, tx, pieces, count, answer);
	if (single)
		client_leave();
	return rc;
}

void client_attach(struct xenstore_domain_interface *intf, void (*notify)(void *arg), void *arg)
{
	client.intf = intf;
	client.notify = notify;
	client.notify_arg = arg;
	WRITE_ONCE(client.ready, true);
}

void client_attach_call(int (*call)(uint32_t type, xs_tx_t tx, const struct piece *pieces,
				    unsigned int count, size_t len, char **answer))
{
	client.call = call;
}

/* --- The transport of a domain that others serve --------------------------------------------- */

static void port_notify(void *arg)
{
	evtchn_notify(start_info.store_evtchn);
}

static void port_handler(evtchn_port_t port, void *arg)
{
	client_input();
}

/* --- Suspend --------------------------------------------------------------------------------- */

#define USERS_LIMIT (10 * NS_PER_S)

static void client_open(void)
{
	WRITE_ONCE(client.closed, false);
	wake_all(&client.gate);
}

static int client_suspend(void)
{
	WRITE_ONCE(client.closed, true);
	mb(); /* see try_enter */
	if (wait_event_timeout(&client.gate, !READ_ONCE(client.users), USERS_LIMIT))
		return 0;
	client_open();
	return -EBUSY;
}

/*
 * A new daemon on the old ring. No request of ours is on it; events that the old one sent are as
 * good as lost, since each watch fires anew.
 */
static void client_resume(bool lost)
{
	if (lost) {
		client_lock();
		client.intf->rsp_cons = READ_ONCE(client.intf->rsp_prod);
		client.header_got = client.body_got = 0;
		free(client.body);
		client.body = NULL;
		client_unlock();
		evtchn_attach(start_info.store_evtchn, port_handler, NULL);
		client.resumer = thread_current();
		client_watch_again();
		client.resumer = NULL;
	}
	client_open();
}

static struct suspend_hook client_hook = {
	.name = "store",
	.suspend = client_suspend,
	.resume = client_resume,
};

static int client_start(void)
{
	pfn_t page = mfn_to_pfn(MFN(start_info.store_mfn));

	if (!start_info.store_mfn || !start_info.store_evtchn || is_initdomain())
		return 0;
	if (pfn_is_none(page))
		return -EFAULT;
	client_attach(pfn_to_virt(page), port_notify, NULL);
	suspend_register(&client_hook);
	return evtchn_attach(start_info.store_evtchn, port_handler, NULL);
}
INITCALL(bus, client_start);
