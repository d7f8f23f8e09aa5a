/* SPDX-License-Identifier: MIT */
/* Requests: the table of operations, and what all of them have in common. */
#include <string.h>

#include "lib/format.h"
#include "xenstore/process.h"
#include "xenstore/server.h"

/*
 * A request walks: header complete and in bounds (connection.c), type known, caller privileged
 * where that is needed, transaction known where one is named; then the handler checks the payload
 * and does it. Whatever goes wrong is answered by the name of one error; nothing that a payload
 * holds can end a connection, only a header or a ring that is impossible does.
 */

#define PRIVILEGED  1u /* for domain 0 only */
#define TRANSACTION 2u /* can be part of one; for all others tx_id is ignored */

/* clang-format off */
static const struct operation {
	int (*handle)(struct request *req);
	unsigned int flags;
} operations[XS_TYPE_COUNT] = {
	[XS_DIRECTORY]            = { process_directory,             TRANSACTION },
	[XS_DIRECTORY_PART]       = { process_directory_part,        TRANSACTION },
	[XS_READ]                 = { process_read,                  TRANSACTION },
	[XS_WRITE]                = { process_write,                 TRANSACTION },
	[XS_MKDIR]                = { process_mkdir,                 TRANSACTION },
	[XS_RM]                   = { process_rm,                    TRANSACTION },
	[XS_GET_PERMS]            = { process_get_perms,             TRANSACTION },
	[XS_SET_PERMS]            = { process_set_perms,             TRANSACTION },
	[XS_TRANSACTION_START]    = { process_transaction_start,     TRANSACTION },
	[XS_TRANSACTION_END]      = { process_transaction_end,       TRANSACTION },
	[XS_WATCH]                = { process_watch,                 0 },
	[XS_UNWATCH]              = { process_unwatch,               0 },
	[XS_RESET_WATCHES]        = { process_reset_watches,         0 },
	[XS_GET_DOMAIN_PATH]      = { process_get_domain_path,       0 },
	[XS_IS_DOMAIN_INTRODUCED] = { process_is_domain_introduced,  0 },
	[XS_INTRODUCE]            = { process_introduce,             PRIVILEGED },
	[XS_RELEASE]              = { process_release,               PRIVILEGED },
	[XS_RESUME]               = { process_resume,                PRIVILEGED },
	[XS_SET_TARGET]           = { process_set_target,            PRIVILEGED },
	[XS_CONTROL]              = { process_control,               PRIVILEGED },
};
/* clang-format on */

int request_reply(struct request *req, const void *data, size_t len)
{
	if (len > XENSTORE_PAYLOAD_MAX)
		return -E2BIG;
	connection_answer(req->conn, req->header, req->header->type, data, len);
	return REPLIED;
}

int request_reply_string(struct request *req, const char *text)
{
	return request_reply(req, text, strlen(text) + 1);
}

const char *request_path(struct request *req, const char *given)
{
	char *path = req->server->path;

	return store_path_resolve(path, req->conn->who.domid, given) ? NULL : path;
}

int request_domid(const char *text, uint16_t *domid)
{
	uint64_t number;

	if (!wire_number(text, UINT16_MAX, &number))
		return -EINVAL;
	*domid = number;
	return 0;
}

static int dispatch(struct request *req)
{
	uint32_t type = req->header->type, tx_id = req->header->tx_id;
	const struct operation *op = type < XS_TYPE_COUNT ? &operations[type] : NULL;

	if (!op || !op->handle)
		return -ENOSYS;
	if (op->flags & PRIVILEGED && !req->conn->who.privileged)
		return -EACCES;
	if (op->flags & TRANSACTION && tx_id) {
		req->tx = connection_transaction(req->conn, tx_id);
		if (!req->tx)
			return -ENOENT;
	}
	return op->handle(req);
}

static void trace(const struct request *req, int result)
{
	char line[160];
	size_t len;

	len = str_format(line, sizeof(line), "d%u %s %s%s%s", req->conn->who.domid,
			 wire_type_name(req->header->type), result < 0 ? "(" : "",
			 result < 0 ? wire_error_name(-result) : "", result < 0 ? ") " : "");
	str_format(line + len, sizeof(line) - len, "%s", req->body);
	for (char *c = line; *c; c++) {
		if (*c < ' ' || *c > '~')
			*c = '?';
	}
	req->server->host->log(line);
}

void process_message(struct connection *conn, const struct xsd_sockmsg *header, const char *body)
{
	struct request req = {
		.conn = conn,
		.server = conn->server,
		.header = header,
		.body = body,
		.len = header->len,
	};
	int rc = dispatch(&req);

	if (conn->server->trace && conn->server->host->log)
		trace(&req, rc);
	if (rc == 0) {
		request_reply_string(&req, "OK");
	} else if (rc < 0) {
		const char *name = wire_error_name(-rc);

		connection_answer(conn, header, XS_ERROR, name, strlen(name) + 1);
	}
}
