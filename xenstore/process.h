/* SPDX-License-Identifier: MIT */
/* Requests: from a message to what it does and what is answered. */
#pragma once

#include "xenstore/connection.h"

/* A handler's answer has been given; without it, a handler that returns 0 is answered "OK". */
#define REPLIED 1

struct request {
	struct connection *conn;
	struct server *server;
	const struct xsd_sockmsg *header;
	const char *body; /* header->len bytes, and a NUL behind them */
	size_t len;
	struct transaction *tx; /* NULL outside any */
};

/* Carry out one request and queue its answer; body has header->len bytes and a NUL behind them. */
void process_message(struct connection *conn, const struct xsd_sockmsg *header, const char *body);

/* --- For handlers, which return 0, REPLIED or -errno ----------------------------------------- */

/* Answer with data; -E2BIG if it does not fit into a message. Returns REPLIED. */
int request_reply(struct request *req, const void *data, size_t len);
int request_reply_string(struct request *req, const char *text); /* with its NUL */

/* The absolute path (in server->path) for one given by the domain; NULL if it is not valid. */
const char *request_path(struct request *req, const char *given);

/* A number that is the whole string, a domain's at most 65535. 0 or -EINVAL. */
int request_domid(const char *text, uint16_t *domid);

int process_directory(struct request *req);
int process_directory_part(struct request *req);
int process_read(struct request *req);
int process_write(struct request *req);
int process_mkdir(struct request *req);
int process_rm(struct request *req);
int process_get_perms(struct request *req);
int process_set_perms(struct request *req);

int process_watch(struct request *req);
int process_unwatch(struct request *req);
int process_reset_watches(struct request *req);
int process_transaction_start(struct request *req);
int process_transaction_end(struct request *req);

int process_introduce(struct request *req);
int process_release(struct request *req);
int process_get_domain_path(struct request *req);
int process_is_domain_introduced(struct request *req);
int process_resume(struct request *req);
int process_set_target(struct request *req);

int process_control(struct request *req);
