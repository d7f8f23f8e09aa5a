/* SPDX-License-Identifier: MIT */
/* The store's protocol, spoken through ring pages as guests do: every operation and refusal. */
// uses: xenstore/store.c xenstore/node.c xenstore/perms.c xenstore/quota.c xenstore/path.c
// uses: xenstore/transaction.c xenstore/watch.c xenstore/wire.c xenstore/ring.c
// uses: xenstore/connection.c xenstore/server.c xenstore/process.c xenstore/process_nodes.c
// uses: xenstore/process_session.c xenstore/process_domains.c xenstore/process_control.c
// uses: lib/format.c

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xenstore/server.h"

/* A domain: its page, and what came out of the response ring. */
struct guest {
	struct xenstore_domain_interface page;
	struct connection *conn;
	struct xsd_sockmsg header; /* of the last message */
	char body[XENSTORE_PAYLOAD_MAX + 1];
};

static struct server server;
static struct guest dom0, dom1, dom2;
static int introduced, released;

static int fake_introduce(struct server *srv, struct connection *conn, uint16_t domid, uint64_t gfn,
			  uint32_t port)
{
	struct guest *guest = domid == 1 ? &dom1 : &dom2;

	assert(gfn == 100u + domid && port == 5);
	introduced++;
	if (!conn) {
		memset(guest, 0, sizeof(*guest));
		guest->conn = server_connect(srv, domid, guest);
	}
	return 0;
}

static void fake_release(struct server *srv, struct connection *conn)
{
	struct guest *guest = conn->transport;

	released++;
	guest->conn = NULL;
	server_disconnect(srv, conn);
}

static const struct server_host host = { .introduce = fake_introduce, .release = fake_release };

static void serve_all(void)
{
	struct guest *all[] = { &dom0, &dom1, &dom2 };

	for (int i = 0; i < 3; i++)
		while (all[i]->conn &&
		       connection_serve(all[i]->conn, &all[i]->page, 4) & SERVE_MORE)
			;
}

/* Put bytes into the request ring, serving when it is full. */
static void push(struct guest *guest, const void *data, size_t len)
{
	struct ring ring = ring_requests(&guest->page);
	const char *bytes = data;

	while (len) {
		char *room;
		int n = ring_writable(&ring, &room);

		assert(n >= 0);
		n = MIN((size_t)n, len);
		memcpy(room, bytes, n);
		ring_produced(&ring, n);
		bytes += n;
		len -= n;
		if (!n)
			serve_all();
	}
}

static bool pull(struct guest *guest, void *data, size_t len)
{
	struct ring ring = ring_responses(&guest->page);
	char *bytes = data;

	while (len) {
		const char *at;
		int n = ring_readable(&ring, &at);

		assert(n >= 0);
		if (!n) {
			serve_all();
			n = ring_readable(&ring, &at);
			if (!n)
				return false;
		}
		n = MIN((size_t)n, len);
		memcpy(bytes, at, n);
		ring_consumed(&ring, n);
		bytes += n;
		len -= n;
	}
	return true;
}

/* The next message of the guest, if there is one. */
static bool next(struct guest *guest)
{
	if (!pull(guest, &guest->header, sizeof(guest->header)))
		return false;
	assert(guest->header.len <= XENSTORE_PAYLOAD_MAX);
	assert(!guest->header.len || pull(guest, guest->body, guest->header.len));
	guest->body[guest->header.len] = 0;
	return true;
}

static void post(struct guest *guest, uint32_t type, uint32_t tx, const void *body, size_t len)
{
	const struct xsd_sockmsg header = { .type = type, .req_id = 77, .tx_id = tx, .len = len };

	push(guest, &header, sizeof(header));
	push(guest, body, len);
	serve_all();
}

static int in_tx(struct guest *guest, uint32_t tx, uint32_t type, const void *body, size_t len)
{
	post(guest, type, tx, body, len);
	do {
		assert(next(guest));
	} while (guest->header.type == XS_WATCH_EVENT);
	assert(guest->header.req_id == 77 && guest->header.tx_id == tx);
	if (guest->header.type == XS_ERROR)
		return wire_error_number(guest->body, guest->header.len);
	assert(guest->header.type == type);
	return 0;
}

/* Send a request (a literal without its last NUL) and take its answer: 0, or the error. */
#define REQ(guest, type, body)    in_tx(guest, 0, type, body, sizeof(body) - 1)
#define TX(guest, tx, type, body) in_tx(guest, tx, type, body, sizeof(body) - 1)

/* The last answer is exactly these bytes. */
#define IS(guest, text) \
	((guest)->header.len == sizeof(text) - 1 && !memcmp((guest)->body, text, sizeof(text) - 1))

/* The next message is this event, "path\0token\0". */
#define EVENT(guest, text) \
	(next(guest) && (guest)->header.type == XS_WATCH_EVENT && IS(guest, text))

static void start(void)
{
	if (server.connections)
		server_free(&server);
	assert(!server_init(&server, &host));
	memset(&dom0, 0, sizeof(dom0));
	dom0.conn = server_connect(&server, 0, &dom0);
	assert(!REQ(&dom0, XS_INTRODUCE, "1\000101\0005\0") && IS(&dom0, "OK\0"));
	assert(!REQ(&dom0, XS_INTRODUCE, "2\000102\0005\0"));
	assert(!REQ(&dom0, XS_MKDIR, "/local/domain/1\0"));
	assert(!REQ(&dom0, XS_SET_PERMS, "/local/domain/1\0n1\0"));
}

static void test_nodes(void)
{
	start();
	assert(!REQ(&dom0, XS_WRITE, "/a/b\0value") && IS(&dom0, "OK\0"));
	assert(!REQ(&dom0, XS_READ, "/a/b\0") && IS(&dom0, "value"));
	assert(!REQ(&dom0, XS_WRITE, "/a/c\0") && !REQ(&dom0, XS_READ, "/a/c\0") && IS(&dom0, ""));
	assert(!REQ(&dom0, XS_WRITE, "/a/nul\0x\0y") && !REQ(&dom0, XS_READ, "/a/nul\0"));
	assert(IS(&dom0, "x\0y"));
	assert(!REQ(&dom0, XS_DIRECTORY, "/a\0") && IS(&dom0, "b\0c\0nul\0"));
	assert(!REQ(&dom0, XS_DIRECTORY, "/a/b\0") && IS(&dom0, ""));
	assert(!REQ(&dom0, XS_MKDIR, "/a/b\0") && !REQ(&dom0, XS_READ, "/a/b\0"));
	assert(!REQ(&dom0, XS_RM, "/a/b\0") && REQ(&dom0, XS_READ, "/a/b\0") == ENOENT);
	assert(!REQ(&dom0, XS_RM, "/a/b\0") && REQ(&dom0, XS_RM, "/a/b/c\0") == ENOENT);
	assert(REQ(&dom0, XS_RM, "/\0") == EINVAL);
	assert(REQ(&dom0, XS_DIRECTORY, "/none\0") == ENOENT);

	assert(!REQ(&dom1, XS_WRITE, "data/x\0hello"));
	assert(!REQ(&dom0, XS_READ, "/local/domain/1/data/x\0") && IS(&dom0, "hello"));
	assert(!REQ(&dom1, XS_READ, "/local/domain/1/data/x\0"));
	assert(REQ(&dom2, XS_READ, "/local/domain/1/data/x\0") == EACCES);
	assert(!REQ(&dom1, XS_GET_PERMS, "data\0") && IS(&dom1, "n1\0"));
	assert(!REQ(&dom1, XS_SET_PERMS, "data/x\0n1\0r2\0"));
	assert(!REQ(&dom1, XS_GET_PERMS, "data/x\0") && IS(&dom1, "n1\0r2\0"));
	assert(!REQ(&dom2, XS_READ, "/local/domain/1/data/x\0"));
	assert(REQ(&dom1, XS_SET_PERMS, "data/x\0n2\0") == EPERM);
	assert(REQ(&dom2, XS_SET_PERMS, "/local/domain/1/data/x\0n1\0") == EACCES);
}

static void test_malformed(void)
{
	static const uint32_t paths[] = { XS_DIRECTORY, XS_READ, XS_MKDIR, XS_RM, XS_GET_PERMS };
	static char most[XENSTORE_PAYLOAD_MAX];

	start();
	for (unsigned int i = 0; i < ARRAY_SIZE(paths); i++) {
		assert(REQ(&dom1, paths[i], "") == EINVAL);
		assert(REQ(&dom1, paths[i], "\0") == EINVAL);
		assert(REQ(&dom1, paths[i], "no-nul") == EINVAL);
		assert(REQ(&dom1, paths[i], "two\0of\0") == EINVAL);
		assert(REQ(&dom1, paths[i], "/a//b\0") == EINVAL);
		assert(REQ(&dom1, paths[i], "@special\0") == EINVAL);
	}
	for (uint32_t type = 0; type < 40; type++) {
		int rc = REQ(&dom1, type, "");

		assert(type == XS_RESET_WATCHES || type == XS_TRANSACTION_START || rc);
		assert(type < XS_TYPE_COUNT || rc == ENOSYS);
		rc = in_tx(&dom1, 0, type, most, sizeof(most));
		assert(type == XS_RESET_WATCHES || type == XS_TRANSACTION_START || rc);
	}
	assert(REQ(&dom1, XS_INVALID, "") == ENOSYS && REQ(&dom1, XS_ERROR, "E\0") == ENOSYS);
	assert(REQ(&dom1, XS_WRITE, "a") == EINVAL && REQ(&dom1, XS_WRITE, "\0") == EINVAL);
	assert(REQ(&dom1, XS_SET_PERMS, "a\0") == EINVAL);
	assert(REQ(&dom1, XS_SET_PERMS, "a\0r1") == EINVAL);
	assert(REQ(&dom1, XS_SET_PERMS, "a\0r1\0\0") == EINVAL);
	assert(REQ(&dom1, XS_WATCH, "a\0") == EINVAL && REQ(&dom1, XS_WATCH, "a\0t") == EINVAL);
	assert(REQ(&dom1, XS_DIRECTORY_PART, "/\0x\0") == EINVAL);
	assert(REQ(&dom0, XS_GET_DOMAIN_PATH, "x\0") == EINVAL);
	assert(REQ(&dom0, XS_GET_DOMAIN_PATH, "65536\0") == EINVAL);
}

static void test_directory_part(void)
{
	char path[64];
	size_t from = 0, names = 0;

	start();
	for (int i = 0; i < 500; i++) {
		int len = snprintf(path, sizeof(path), "/many/name-%04d-%c", i, 0);

		assert(!in_tx(&dom0, 0, XS_WRITE, path, len));
	}
	assert(REQ(&dom0, XS_DIRECTORY, "/many\0") == E2BIG);
	for (bool last = false; !last;) {
		int len = snprintf(path, sizeof(path), "/many%c%zu", 0, from) + 1;

		assert(!in_tx(&dom0, 0, XS_DIRECTORY_PART, path, len));
		for (char *name = dom0.body + strlen(dom0.body) + 1;
		     name < dom0.body + dom0.header.len; name += strlen(name) + 1) {
			last = !*name;
			names += !last;
			from += last ? 0 : strlen(name) + 1;
		}
	}
	assert(names == 500);
	assert(!REQ(&dom0, XS_DIRECTORY_PART, "/many\000999999\0"));
	assert(dom0.header.len == strlen(dom0.body) + 2);
}

static void test_watches(void)
{
	start();
	assert(!REQ(&dom1, XS_WATCH, "dev\0tok\0") && EVENT(&dom1, "dev\0tok\0"));
	assert(REQ(&dom1, XS_WATCH, "dev\0tok\0") == EEXIST);
	assert(!REQ(&dom0, XS_WATCH, "/local/domain/1/dev\0abs\0"));
	assert(EVENT(&dom0, "/local/domain/1/dev\0abs\0"));

	assert(!REQ(&dom0, XS_WRITE, "/local/domain/1/dev/x/y\0001"));
	assert(EVENT(&dom1, "dev/x/y\0tok\0"));
	assert(!REQ(&dom1, XS_WRITE, "dev/x\0002") && EVENT(&dom1, "dev/x\0tok\0") == false);
	assert(!next(&dom1)); /* its own came before the answer, and was skipped there */
	while (next(&dom0))
		;

	/* The event names the watch's own path when what is above it vanishes. */
	assert(!REQ(&dom0, XS_WATCH, "/local/domain/1/dev/x/y\0deep\0") && next(&dom0));
	assert(!REQ(&dom1, XS_RM, "dev\0"));
	assert(next(&dom0) && next(&dom0) && !next(&dom0));
	assert(!strcmp(dom0.body, "/local/domain/1/dev/x/y") ||
	       !strcmp(dom0.body, "/local/domain/1/dev"));

	/* Who may not read does not hear. */
	assert(!REQ(&dom2, XS_WATCH, "/local\0t\0") && EVENT(&dom2, "/local\0t\0"));
	assert(!REQ(&dom1, XS_WRITE, "secret\0x") && !next(&dom2));
	assert(!REQ(&dom1, XS_SET_PERMS, "secret\0n1\0r2\0"));
	assert(EVENT(&dom2, "/local/domain/1/secret\0t\0"));
	assert(!REQ(&dom1, XS_RM, "secret\0") && EVENT(&dom2, "/local/domain/1/secret\0t\0"));

	assert(!REQ(&dom1, XS_UNWATCH, "dev\0tok\0") &&
	       REQ(&dom1, XS_UNWATCH, "dev\0tok\0") == ENOENT);
	assert(!REQ(&dom1, XS_WRITE, "dev\0x") && !next(&dom1));

	assert(!REQ(&dom1, XS_WATCH, "w\0t\0") && next(&dom1));
	assert(!REQ(&dom1, XS_TRANSACTION_START, "\0"));
	assert(!REQ(&dom1, XS_RESET_WATCHES, "\0"));
	assert(!dom1.conn->watches && !dom1.conn->transactions);
}

/* A change is told to the watches of its path and of all above, the newest first, to no others. */
static void test_watch_paths(void)
{
	start();
	assert(!REQ(&dom0, XS_WATCH, "/local/domain/1/b\0b\0") && next(&dom0));
	assert(!REQ(&dom0, XS_WATCH, "/\0root\0") && next(&dom0));
	assert(!REQ(&dom0, XS_WATCH, "/local/domain/1/bb\0no\0") && next(&dom0));
	assert(!REQ(&dom0, XS_WATCH, "/local/domain/1\0a\0") && next(&dom0));
	assert(!REQ(&dom0, XS_WATCH, "/local/domain/1/b/c/d\0no\0") && next(&dom0));
	assert(!REQ(&dom0, XS_WATCH, "/local/domain/1\0again\0") && next(&dom0));
	assert(!REQ(&dom1, XS_WATCH, "b\0own\0") && next(&dom1));

	post(&dom1, XS_WRITE, 0, "b/c\0001", 5);
	assert(EVENT(&dom0, "/local/domain/1/b/c\0again\0"));
	assert(EVENT(&dom0, "/local/domain/1/b/c\0a\0"));
	assert(EVENT(&dom0, "/local/domain/1/b/c\0root\0"));
	assert(EVENT(&dom0, "/local/domain/1/b/c\0b\0") && !next(&dom0));
	assert(EVENT(&dom1, "b/c\0own\0") && next(&dom1) && IS(&dom1, "OK\0") && !next(&dom1));

	assert(!REQ(&dom0, XS_UNWATCH, "/local/domain/1\0again\0"));
	assert(!REQ(&dom1, XS_RESET_WATCHES, "\0"));
	post(&dom1, XS_WRITE, 0, "x\0001", 3);
	assert(EVENT(&dom0, "/local/domain/1/x\0a\0"));
	assert(EVENT(&dom0, "/local/domain/1/x\0root\0") && !next(&dom0));
	assert(next(&dom1) && IS(&dom1, "OK\0") && !next(&dom1));

	/* The root's own change is nobody's business but its watches'. */
	post(&dom0, XS_WRITE, 0, "/\0001", 3);
	assert(EVENT(&dom0, "/\0root\0") && next(&dom0) && IS(&dom0, "OK\0") && !next(&dom0));
}

static void test_special(void)
{
	start();
	assert(!REQ(&dom0, XS_WATCH, "@releaseDomain\0r\0") && EVENT(&dom0, "@releaseDomain\0r\0"));
	assert(!REQ(&dom2, XS_WATCH, "@releaseDomain\0r\0") && EVENT(&dom2, "@releaseDomain\0r\0"));
	server_special(&server, WATCH_RELEASE);
	assert(EVENT(&dom0, "@releaseDomain\0r\0") && !next(&dom2));
	assert(REQ(&dom2, XS_SET_PERMS, "@releaseDomain\0n0\0r2\0") == EACCES);
	assert(!REQ(&dom0, XS_SET_PERMS, "@releaseDomain\0n0\0r2\0"));
	assert(!REQ(&dom0, XS_GET_PERMS, "@releaseDomain\0") && IS(&dom0, "n0\0r2\0"));
	server_special(&server, WATCH_RELEASE);
	assert(EVENT(&dom0, "@releaseDomain\0r\0") && EVENT(&dom2, "@releaseDomain\0r\0"));
	assert(REQ(&dom0, XS_GET_PERMS, "@none\0") == EINVAL);
}

static uint32_t begin(struct guest *guest)
{
	assert(!REQ(guest, XS_TRANSACTION_START, "\0"));
	return strtoul(guest->body, NULL, 10);
}

static void test_transactions(void)
{
	uint32_t t1, t2;

	start();
	assert(!REQ(&dom0, XS_WATCH, "/t\0w\0") && next(&dom0));
	t1 = begin(&dom0);
	t2 = begin(&dom0);
	assert(t1 && t2 && t1 != t2);
	assert(TX(&dom0, t1, XS_TRANSACTION_START, "\0") == EBUSY);
	assert(TX(&dom0, 999, XS_READ, "/\0") == ENOENT);
	assert(TX(&dom1, t1, XS_READ, "/\0") == ENOENT);

	assert(!TX(&dom0, t1, XS_WRITE, "/t/a\0001") && !TX(&dom0, t1, XS_WRITE, "/t/b\0001"));
	assert(REQ(&dom0, XS_READ, "/t/a\0") == ENOENT && !TX(&dom0, t1, XS_READ, "/t/a\0"));
	assert(!next(&dom0));
	assert(TX(&dom0, t2, XS_READ, "/t/a\0") == ENOENT && !TX(&dom0, t2, XS_WRITE, "/t/c\0"));
	post(&dom0, XS_TRANSACTION_END, t1, "T\0", 2);
	assert(EVENT(&dom0, "/t/a\0w\0") && EVENT(&dom0, "/t/b\0w\0"));
	assert(next(&dom0) && dom0.header.type == XS_TRANSACTION_END && IS(&dom0, "OK\0"));
	assert(TX(&dom0, t1, XS_READ, "/t/a\0") == ENOENT);
	assert(TX(&dom0, t2, XS_TRANSACTION_END, "T\0") == EAGAIN);

	t1 = begin(&dom0);
	assert(!TX(&dom0, t1, XS_RM, "/t\0") && TX(&dom0, t1, XS_TRANSACTION_END, "X\0") == EINVAL);
	assert(!TX(&dom0, t1, XS_TRANSACTION_END, "F\0") && !REQ(&dom0, XS_READ, "/t/a\0"));
	assert(REQ(&dom0, XS_TRANSACTION_END, "T\0") == ENOENT);

	for (int i = 0; i < 10; i++)
		begin(&dom1);
	assert(REQ(&dom1, XS_TRANSACTION_START, "\0") == ENOSPC);
}

/* What a transaction found absent it need not note node by node; it conflicts all the same. */
static void test_absent(void)
{
	uint32_t tx;

	start();
	tx = begin(&dom0);
	assert(TX(&dom0, tx, XS_READ, "/new\0") == ENOENT);
	assert(!TX(&dom0, tx, XS_WRITE, "/new/a\0001"));
	assert(!TX(&dom0, tx, XS_WRITE, "/new/b/c\0001"));
	assert(!REQ(&dom0, XS_WRITE, "/other\0001"));
	assert(!TX(&dom0, tx, XS_TRANSACTION_END, "T\0"));
	assert(!REQ(&dom0, XS_READ, "/new/b/c\0") && !REQ(&dom0, XS_READ, "/other\0"));

	tx = begin(&dom0);
	assert(!TX(&dom0, tx, XS_MKDIR, "/next\0") && !TX(&dom0, tx, XS_WRITE, "/next/a\0001"));
	assert(!REQ(&dom0, XS_WRITE, "/next/b\0001")); /* below what was not there */
	assert(TX(&dom0, tx, XS_TRANSACTION_END, "T\0") == EAGAIN);
	assert(REQ(&dom0, XS_READ, "/next/a\0") == ENOENT);

	tx = begin(&dom0);
	assert(!TX(&dom0, tx, XS_WRITE, "/third/x\0001"));
	assert(!TX(&dom0, tx, XS_WRITE, "/thirdly\0001"));
	assert(!REQ(&dom0, XS_WRITE, "/thirdly\0002")); /* not below it, but its name begins so */
	assert(TX(&dom0, tx, XS_TRANSACTION_END, "T\0") == EAGAIN);
}

static int call(struct guest *guest, uint32_t tx, uint32_t type, const char *body, size_t len,
		char **answer)
{
	const struct xsd_sockmsg header = { .type = type, .tx_id = tx, .len = len };

	return connection_call(guest->conn, &header, body, answer);
}

#define CALL(guest, tx, type, body, answer) call(guest, tx, type, body, sizeof(body) - 1, answer)

/* Requests by a call: the same answers, rights, limits and events as those by the ring. */
static void test_calls(void)
{
	const struct xsd_sockmsg half = { .type = XS_READ, .req_id = 77, .len = sizeof("/c/a") };
	char path[64], *answer;
	uint32_t tx;
	int rc = 0;

	start();
	assert(!REQ(&dom0, XS_WATCH, "/c\0own\0") && next(&dom0));
	assert(!REQ(&dom1, XS_WATCH, "data\0w\0") && next(&dom1));
	push(&dom0, &half, 7); /* a request by the ring is under way meanwhile */
	serve_all();
	assert(CALL(&dom0, 0, XS_WRITE, "/c/a\0value", NULL) == 3);
	assert(CALL(&dom0, 0, XS_READ, "/c/a\0", &answer) == 5 && !strcmp(answer, "value"));
	free(answer);
	push(&dom0, (const char *)&half + 7, sizeof(half) - 7);
	push(&dom0, "/c/a", sizeof("/c/a"));
	assert(EVENT(&dom0, "/c/a\0own\0") && next(&dom0) && IS(&dom0, "value"));
	assert(CALL(&dom0, 0, XS_READ, "/c/none\0", &answer) == -ENOENT);
	assert(CALL(&dom0, 0, XS_READ, "no string", &answer) == -EINVAL && !next(&dom0));

	assert(CALL(&dom0, 0, XS_WRITE, "/local/domain/1/data/x\0001", NULL) == 3);
	assert(EVENT(&dom1, "data/x\0w\0") && !next(&dom1));
	assert(CALL(&dom1, 0, XS_WRITE, "/c/a\0001", NULL) == -EACCES);
	assert(CALL(&dom1, 0, XS_SET_PERMS, "data/x\0n2\0", NULL) == -EPERM);
	for (int i = 0; i < 2000 && rc >= 0; i++) {
		int len = snprintf(path, sizeof(path), "n/%d%c", i, 0);

		rc = call(&dom1, 0, XS_WRITE, path, len, NULL);
	}
	assert(rc == -ENOSPC);

	assert(CALL(&dom0, 0, XS_TRANSACTION_START, "\0", &answer) > 0);
	tx = atoi(answer);
	free(answer);
	assert(CALL(&dom0, tx, XS_WRITE, "/c/d/e\0001", NULL) == 3 && !next(&dom0));
	assert(CALL(&dom1, tx, XS_READ, "/c/d/e\0", NULL) == -ENOENT);
	assert(CALL(&dom0, tx, XS_TRANSACTION_END, "T\0", NULL) == 3);
	assert(EVENT(&dom0, "/c/d/e\0own\0") && !next(&dom0));
	connection_fail(dom0.conn, XENSTORE_ERROR_COMM);
	assert(CALL(&dom0, 0, XS_READ, "/\0", NULL) == -ENOTCONN);
}

static void test_domains(void)
{
	start();
	assert(!REQ(&dom0, XS_WATCH, "@introduceDomain\0i\0") && next(&dom0));
	assert(REQ(&dom1, XS_INTRODUCE, "2\000102\0005\0") == EACCES);
	assert(REQ(&dom1, XS_RELEASE, "2\0") == EACCES &&
	       REQ(&dom1, XS_CONTROL, "help\0") == EACCES);
	assert(REQ(&dom0, XS_INTRODUCE, "0\000100\0005\0") == EINVAL);
	assert(REQ(&dom0, XS_INTRODUCE, "3\000100\0000\0") == EINVAL);
	assert(REQ(&dom0, XS_INTRODUCE, "3\000100\0") == EINVAL);
	assert(!REQ(&dom0, XS_GET_DOMAIN_PATH, "42\0") && IS(&dom0, "/local/domain/42\0"));
	assert(!REQ(&dom0, XS_IS_DOMAIN_INTRODUCED, "1\0") && IS(&dom0, "T\0"));
	assert(!REQ(&dom0, XS_IS_DOMAIN_INTRODUCED, "3\0") && IS(&dom0, "F\0"));
	assert(!REQ(&dom0, XS_RESUME, "1\0") && REQ(&dom0, XS_RESUME, "3\0") == ENOENT);

	assert(!REQ(&dom1, XS_WRITE, "x\0001") &&
	       REQ(&dom2, XS_READ, "/local/domain/1/x\0") == EACCES);
	assert(!REQ(&dom0, XS_SET_TARGET, "2\0001\0"));
	assert(!REQ(&dom2, XS_READ, "/local/domain/1/x\0"));
	assert(REQ(&dom0, XS_SET_TARGET, "2\0009\0") == ENOENT);

	assert(!REQ(&dom0, XS_WRITE, "/shared\0x") &&
	       !REQ(&dom0, XS_SET_PERMS, "/shared\0n0\0r1\0b2\0"));
	assert(!REQ(&dom0, XS_RELEASE, "1\0") && !dom1.conn &&
	       REQ(&dom0, XS_RELEASE, "1\0") == ENOENT);
	assert(REQ(&dom0, XS_RELEASE, "0\0") == EINVAL);
	assert(!REQ(&dom0, XS_READ, "/local/domain/1/x\0")); /* release is not the end */
	assert(!server_forget_domain(&server, 1));
	assert(REQ(&dom0, XS_READ, "/local/domain/1\0") == ENOENT);
	assert(!REQ(&dom0, XS_GET_PERMS, "/shared\0") && IS(&dom0, "n0\0b2\0"));
	assert(dom2.conn->who.target == 2 && !server_check(&server));
}

static void test_control(void)
{
	start();
	assert(!REQ(&dom0, XS_CONTROL, "help\0") && strstr(dom0.body, "quota"));
	assert(!REQ(&dom0, XS_CONTROL, "check\0") && IS(&dom0, "OK\0"));
	assert(!REQ(&dom0, XS_CONTROL, "quota\0") && strstr(dom0.body, "nodes: 1000\n"));
	assert(!REQ(&dom0, XS_CONTROL, "quota\0set\0nodes\0003\0") && server.quota.nodes == 3);
	assert(!REQ(&dom0, XS_CONTROL, "quota\0001\0") && strstr(dom0.body, "nodes: 1\n"));
	assert(!REQ(&dom1, XS_WRITE, "a/b\0") && REQ(&dom1, XS_WRITE, "c\0") == ENOSPC);
	assert(REQ(&dom0, XS_CONTROL, "quota\0set\0none\0003\0") == EINVAL);
	assert(REQ(&dom0, XS_CONTROL, "nonsense\0") == EINVAL &&
	       REQ(&dom0, XS_CONTROL, "") == EINVAL);
}

/* A peer that does not fetch its messages costs a bounded amount, and misses no change. */
static void test_lazy_peer(void)
{
	unsigned int seen = 0;
	char path[80];

	start();
	assert(!REQ(&dom1, XS_WATCH, "many\0t\0") && next(&dom1));
	for (int i = 0; i < 2000; i++) {
		int len = snprintf(path, sizeof(path), "/local/domain/1/many/%d%c", i, 0);

		assert(!in_tx(&dom0, 0, XS_WRITE, path, len));
	}
	assert(dom1.conn->out_count <= server.quota.outstanding && dom1.conn->owes);
	while (next(&dom1)) {
		seen++;
		assert(dom1.header.type == XS_WATCH_EVENT);
	}
	assert(seen < 100 && IS(&dom1, "many\0t\0")); /* the last says: look again */

	for (int i = 0; i < 500;
	     i++) { /* requests without taking answers: the ring fills, no more */
		const struct xsd_sockmsg header = { .type = XS_READ, .len = 2 };
		struct ring ring = ring_requests(&dom1.page);
		char *room;

		if (ring_writable(&ring, &room) < 18)
			break;
		push(&dom1, &header, sizeof(header));
		push(&dom1, "x", 2);
		serve_all();
	}
	assert(dom1.conn->out_count <= server.quota.outstanding + 1);
	for (int i = 0; i < 5; i++) /* and equal events only once */
		server_special(&server, WATCH_RELEASE);
}

static void test_broken_ring(void)
{
	struct xsd_sockmsg header = { .type = XS_READ, .len = XENSTORE_PAYLOAD_MAX + 1 };

	start();
	dom1.page.req_prod = dom1.page.req_cons + 5000;
	serve_all();
	assert(dom1.conn->error && dom1.page.error == XENSTORE_ERROR_RINGIDX);
	assert(!REQ(&dom0, XS_READ, "/\0") && !REQ(&dom2, XS_GET_DOMAIN_PATH, "2\0"));

	/* The next kernel in the domain asks for a new connection. */
	dom1.page.connection = XENSTORE_RECONNECT;
	serve_all();
	assert(!dom1.conn->error && !dom1.page.error && dom1.page.connection == XENSTORE_CONNECTED);
	assert(!REQ(&dom1, XS_WRITE, "x\0001"));

	push(&dom1, &header, sizeof(header));
	serve_all();
	assert(dom1.conn->error && dom1.page.error == XENSTORE_ERROR_PROTO);
	assert(!REQ(&dom0, XS_READ, "/\0"));

	dom2.page.rsp_cons = dom2.page.rsp_prod + 1;
	header.len = 0;
	push(&dom2, &header, sizeof(header));
	serve_all();
	assert(dom2.page.error == XENSTORE_ERROR_RINGIDX && !REQ(&dom0, XS_READ, "/\0"));
}

int main(void)
{
	test_nodes();
	test_malformed();
	test_directory_part();
	test_watches();
	test_watch_paths();
	test_special();
	test_transactions();
	test_absent();
	test_calls();
	test_domains();
	test_control();
	test_lazy_peer();
	test_broken_ring();
	server_free(&server);
	assert(introduced && released);
	puts("ok xenstored");
	return 0;
}
