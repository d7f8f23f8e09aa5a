/* SPDX-License-Identifier: MIT */
/* Reading requests off a connection, and sending answers. */

#include "serve.h"

#include <errno.h>
#include <stdio.h>
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

bool send_header(struct connection *c, int status, long long length, const char *lines)
{
	char date[32], content[48] = "", buf[1024];
	bool body = length > 0 && !c->head;
	time_t now = time(NULL);
	struct tm tm;
	int n;

	if (length >= 0)
		snprintf(content, sizeof(content), "Content-Length: %lld\r\n", length);
	strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&now, &tm));
	n = snprintf(buf, sizeof(buf),
		     "HTTP/1.1 %d %s\r\nDate: %s\r\nServer: lamina\r\n%sConnection: %s\r\n%s\r\n",
		     status, http_reason(status), date, content,
		     c->keep_alive ? "keep-alive" : "close", lines);
	if (n < 0 || (size_t)n >= sizeof(buf))
		return false;
	return send_all(c, buf, (size_t)n, body ? MSG_MORE : 0);
}

bool send_error(struct connection *c, int status, const char *lines)
{
	char body[256], more[256];
	int len = snprintf(body, sizeof(body), "<!doctype html><title>%d</title><h1>%d %s</h1>\n",
			   status, status, http_reason(status));

	snprintf(more, sizeof(more), "Content-Type: text/html; charset=utf-8\r\n%s", lines);
	return send_header(c, status, len, more) &&
	       (c->head || send_all(c, body, (size_t)len, 0)) && c->keep_alive;
}

bool send_refusal(struct connection *c, int status, const char *lines)
{
	c->keep_alive = false;
	c->unread = true;
	return send_error(c, status, lines);
}

bool full_path(const struct http_request *request, char *buf, size_t size)
{
	int n = snprintf(buf, size, "%s%s", serve_root, request->path);

	return n > 0 && (size_t)n < size;
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
