/* SPDX-License-Identifier: MIT */
/* Hostile guests: any requests from two domains, any bytes in a ring; the books must agree. */
// uses: xenstore/store.c xenstore/node.c xenstore/perms.c xenstore/quota.c xenstore/path.c
// uses: xenstore/transaction.c xenstore/watch.c xenstore/wire.c xenstore/ring.c
// uses: xenstore/connection.c xenstore/server.c xenstore/process.c xenstore/process_nodes.c
// uses: xenstore/process_session.c xenstore/process_domains.c xenstore/process_control.c
// uses: lib/format.c

#include <stdlib.h>
#include <string.h>

#include "xenstore/process.h"
#include "xenstore/server.h"

static int introduce(struct server *server, struct connection *conn, uint16_t domid, uint64_t gfn,
		     uint32_t port)
{
	return conn || server_connect(server, domid, NULL) ? 0 : -ENOMEM;
}

static const struct server_host host = { .introduce = introduce, .release = server_disconnect };

/* The payload's alphabet is small, so that requests meet each other's paths. */
static size_t spell(const uint8_t *data, size_t size, char *out)
{
	static const char *const words[16] = {
		"/",  "a",  "b", "c", "\0",  "/local/domain/1", "/local/domain/2", "T", "F",
		"n1", "r2", "0", "1", "x/y", "@releaseDomain",  "quota",
	};
	size_t len = 0;

	for (size_t i = 0; i < size; i++) {
		const char *word = words[data[i] & 15];
		size_t n = *word ? strlen(word) : 1;

		memcpy(out + len, word, n);
		len += n;
		if (data[i] & 0x80)
			out[len++] = 0;
	}
	return len;
}

/* Records of: domain and type, transaction, length of the payload, payload. */
static void requests(struct server *server, const uint8_t *data, size_t size)
{
	static char body[256 * 17 + 1], sink[1 << 16];

	while (size > 3) {
		size_t len = data[2] < size - 3 ? data[2] : size - 3;
		struct xsd_sockmsg header = { .type = data[0] & 31, .tx_id = data[1] & 7 };
		struct connection *conn = server_find(server, data[0] >> 5 & 3);

		header.len = spell(data + 3, len, body);
		body[header.len] = 0;
		if (conn && header.len <= XENSTORE_PAYLOAD_MAX)
			process_message(conn, &header, body);
		if (conn && data[1] & 0x80)
			while (connection_give(conn, sink, sizeof(sink)))
				;
		data += 3 + len;
		size -= 3 + len;
	}
}

/* The rest of the input is the ring page itself, after what its indexes are. */
static void ring(struct server *server, const uint8_t *data, size_t size)
{
	static struct xenstore_domain_interface page;
	struct connection *conn = server_find(server, 1);

	memset(&page, 0, sizeof(page));
	memcpy(&page, data, size < sizeof(page) ? size : sizeof(page));
	page.req_prod &= 0x7ff;
	page.req_cons &= 0xff;
	page.rsp_prod &= 0xff;
	page.rsp_cons &= 0xff;
	for (int i = 0; conn && i < 10; i++)
		connection_serve(conn, &page, 8);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct server server;

	if (size < 1 || server_init(&server, &host))
		return 0;
	server.quota.nodes = 20;
	for (uint16_t domid = 0; domid < 3; domid++) {
		if (!server_connect(&server, domid, NULL))
			abort();
	}
	if (data[0] & 1)
		requests(&server, data + 1, size - 1);
	else
		ring(&server, data + 1, size - 1);
	if (server_check(&server))
		abort();
	server_forget_domain(&server, 1);
	if (server_check(&server) || tally_nodes(&server.store.tally, 1))
		abort();
	server_free(&server);
	return 0;
}
