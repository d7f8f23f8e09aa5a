/* SPDX-License-Identifier: MIT */
/* Reading requests off a connection, and sending answers. */

#include "serve.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>

const char *serve_root;
bool serve_writable;

bool send_all(struct connection *c, const void *data, size_t len, int flags)
{
	const char *p = data;

	while (len) {
		ssize_t n = send(c->fd, p, len, flags | MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		p += n;
		len -= (size_t)n;
	}
	return true;
}

void begin_answer(struct connection *c, int status, long long length)
{
	struct text *out = &c->out;

	text_init(out, c->answer, sizeof(c->answer));
	text_add(out, "HTTP/1.1 ");
	text_add_number(out, status);
	text_add(out, " ");
	text_add(out, http_reason(status));
	text_add(out, "\r\nDate: ");
	text_add_date(out, time(NULL));
	text_add(out, "\r\nServer: lamina\r\n");
	if (length >= 0) {
		text_add(out, "Content-Length: ");
		text_add_number(out, length);
		text_add(out, "\r\n");
	}
	text_add(out, c->keep_alive ? "Connection: keep-alive\r\n" : "Connection: close\r\n");
}

bool send_answer(struct connection *c, bool more)
{
	return !c->out.cut &&
	       send_all(c, c->answer, text_len(&c->out), more && !c->head ? MSG_MORE : 0);
}

static void add_page(struct text *page, int status)
{
	text_add(page, "<!doctype html><title>");
	text_add_number(page, status);
	text_add(page, "</title><h1>");
	text_add_number(page, status);
	text_add(page, " ");
	text_add(page, http_reason(status));
	text_add(page, "</h1>\n");
}

bool send_error(struct connection *c, int status, const char *lines)
{
	char buf[256];
	struct text page;

	text_init(&page, buf, sizeof(buf) - 1);
	add_page(&page, status);
	*page.at = '\0';
	begin_answer(c, status, (long long)text_len(&page));
	text_add(&c->out, "Content-Type: text/html; charset=utf-8\r\n");
	text_add(&c->out, lines);
	text_add(&c->out, "\r\n");
	if (!c->head)
		text_add(&c->out, buf);
	return send_answer(c, false) && c->keep_alive;
}

bool send_refusal(struct connection *c, int status, const char *lines)
{
	c->keep_alive = false;
	c->unread = true;
	return send_error(c, status, lines);
}

bool full_path(const struct http_request *request, char *buf, size_t size)
{
	struct text path;

	text_init(&path, buf, size - 1);
	text_add(&path, serve_root);
	text_add(&path, request->path);
	*path.at = '\0';
	return !path.cut;
}

/* Receives until a header is whole: 0, -1 when the client is gone, or the status to refuse with. */
static int receive_header(struct connection *c, size_t *len)
{
	while (!(*len = http_header_end(c->buf, c->have))) {
		ssize_t n;

		if (c->have == HTTP_HEADER_MAX)
			return 431;
		n = recv(c->fd, c->buf + c->have, HTTP_HEADER_MAX - c->have, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		c->have += (size_t)n;
	}
	return 0;
}

static bool answer(struct connection *c, const struct http_request *request)
{
	bool get = request->method == HTTP_GET || request->method == HTTP_HEAD;

	c->keep_alive = request->keep_alive;
	c->head = request->method == HTTP_HEAD;
	if (request->chunked)
		return send_refusal(c, 501, "");
	if (request->method == HTTP_PUT && serve_writable)
		return serve_put(c, request);
	/* A body that nobody reads would be taken for the next request. */
	if (request->content_length > 0) {
		c->keep_alive = false;
		c->unread = true;
	}
	if (get)
		return serve_get(c, request);
	return send_error(c, 405,
			  serve_writable ? "Allow: GET, HEAD, PUT\r\n" : "Allow: GET, HEAD\r\n");
}

/* To close on unread data would reset the connection, and the answer with it. */
static void read_rest(struct connection *c)
{
	struct timeval patience = { .tv_sec = 1 };

	shutdown(c->fd, SHUT_WR);
	setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	for (int i = 0; i < 256 && recv(c->fd, c->buf, HTTP_HEADER_MAX, 0) > 0; i++)
		;
}

/* Parses the header at the start of buf, and answers; what follows it moves to the front. */
static bool serve_one(struct connection *c, size_t len)
{
	struct http_request request;
	char next = c->buf[len];
	int status = http_parse(c->buf, len, &request);
	bool more;

	c->buf[len] = next;
	c->have -= len;
	if (status)
		return send_refusal(c, status, "");
	/* What PUT still has to read comes first; what GET points to must stay so long. */
	if (request.method == HTTP_PUT)
		memmove(c->buf, c->buf + len, c->have);
	more = answer(c, &request);
	if (request.method != HTTP_PUT)
		memmove(c->buf, c->buf + len, c->have);
	return more;
}

void serve_connection(struct connection *c)
{
	bool more = true;

	c->have = 0;
	c->head = c->unread = false;
	while (more) {
		size_t len;
		int status = receive_header(c, &len);

		if (status < 0)
			return;
		more = status ? send_refusal(c, status, "") : serve_one(c, len);
	}
	if (c->unread)
		read_rest(c);
}
