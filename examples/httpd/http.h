/* SPDX-License-Identifier: MIT */
/* HTTP/1.1 as far as a file server needs it (RFC 9110, 9112): what a request says. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define HTTP_HEADER_MAX 4096 /* request line and header lines */
#define HTTP_PATH_MAX   1024

enum http_method { HTTP_GET, HTTP_HEAD, HTTP_PUT, HTTP_OTHER };

struct http_request {
	enum http_method method;
	char path[HTTP_PATH_MAX]; /* decoded, begins with '/', no "." or ".." in it, no query */
	bool keep_alive;
	bool expects_continue;
	bool chunked;
	long long content_length; /* -1: not told */
	const char *range;        /* values of header lines, in the text; NULL: not there */
	const char *if_range;
	const char *if_modified_since;
};

/*
 * Parses a header of `len` bytes that ends with an empty line; text[len] is writable, and the text
 * is cut up. 0, or the status to refuse it with (400, 505).
 */
int http_parse(char *text, size_t len, struct http_request *request);

/* The header's length with its empty line, or 0 when it is not whole yet. */
size_t http_header_end(const char *text, size_t len);

/*
 * A Range line for something of `size` bytes. 206: *first and *last are the bytes asked for; 416:
 * none of them is there; 200: send all, the line is nothing that we serve in parts.
 */
int http_range(const char *range, long long size, long long *first, long long *last);

/* A path as it may stand in a link or a header line; false when it does not fit. */
bool http_encode(const char *path, char *buf, size_t size);

const char *http_reason(int status);

/* By the name's ending. */
const char *http_content_type(const char *path);
