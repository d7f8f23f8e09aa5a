/* SPDX-License-Identifier: MIT */
/* One connection of the server, from its first request to its last. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "http.h"
#include "text.h"

#define ANSWER_MAX 2048 /* header lines, and the body when it is small */

struct connection {
	int fd;
	bool keep_alive;
	bool head;   /* the request is HEAD: headers only, whatever the answer is */
	bool unread; /* part of a request was left unread: close so that the answer arrives */
	size_t have; /* bytes in buf that were received and not used up */
	struct text out; /* the answer's beginning, not sent yet */
	char buf[HTTP_HEADER_MAX + 1];
	char answer[ANSWER_MAX];
};

/* Set once, before the first connection. */
extern const char *serve_root; /* directory, no slash at its end */
extern bool serve_writable;

/* Answers requests until the client or we have had enough. Does not close the descriptor. */
void serve_connection(struct connection *c);

/*
 * For the parts of the server. An answer begins with its status and what every header has; further
 * lines are added to c->out, then an empty one, and what there is of a small body. length: of the
 * body; -1: the answer has none by its nature.
 */
void begin_answer(struct connection *c, int status, long long length);

/* Sends c->out; more: the rest of the body follows by send_all. False when the client is gone. */
bool send_answer(struct connection *c, bool more);
bool send_all(struct connection *c, const void *data, size_t len, int flags);

/*
 * A whole answer with a page that says what is wrong. lines: further header lines, each ended by
 * "\r\n". False also when the connection must end.
 */
bool send_error(struct connection *c, int status, const char *lines);

/* The same when the rest of the request is not worth reading. */
bool send_refusal(struct connection *c, int status, const char *lines);

/* GET and HEAD of a file or directory, and PUT of a file. False: the connection must end. */
bool serve_get(struct connection *c, const struct http_request *request);
bool serve_put(struct connection *c, const struct http_request *request);

/* The listing of a directory that has no index.html. */
bool serve_listing(struct connection *c, const struct http_request *request, const char *path);

/* root and path in one; false when too long. */
bool full_path(const struct http_request *request, char *buf, size_t size);
