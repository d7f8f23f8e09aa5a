/* SPDX-License-Identifier: MIT */
/* Requests to structs: request line, the header lines that matter, paths and ranges. Pure. */

#include "http.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Undoes %XX; false for a bad one, for a NUL, and when it does not fit. */
static bool decode(const char *from, char *to, size_t size)
{
	size_t n = 0;

	for (; *from && *from != '?' && *from != '#'; from++) {
		int c = (unsigned char)*from;

		if (c == '%') {
			int high = hex(from[1]), low = high < 0 ? -1 : hex(from[2]);

			if (low < 0)
				return false;
			c = high << 4 | low;
			from += 2;
		}
		if (!c || n + 1 == size)
			return false;
		to[n++] = (char)c;
	}
	to[n] = '\0';
	return true;
}

/* No "." and "..": what they stand for must not depend on who resolves them. */
static bool path_is_plain(const char *path)
{
	if (*path != '/')
		return false;
	for (; *path; path++) {
		if (path[0] != '/' || path[1] != '.')
			continue;
		if (path[2] == '/' || !path[2])
			return false;
		if (path[2] == '.' && (path[3] == '/' || !path[3]))
			return false;
	}
	return true;
}

static enum http_method parse_method(const char *word)
{
	if (strcmp(word, "GET") == 0)
		return HTTP_GET;
	if (strcmp(word, "HEAD") == 0)
		return HTTP_HEAD;
	return strcmp(word, "PUT") == 0 ? HTTP_PUT : HTTP_OTHER;
}

/* Ends the word at `at` where the next blank is, and returns what follows; NULL: no blank. */
static char *cut_word(char *at)
{
	char *blank = strchr(at, ' ');

	if (!blank)
		return NULL;
	*blank = '\0';
	return blank + 1;
}

static int parse_request_line(char *method, struct http_request *request)
{
	char *target = cut_word(method), *version = target ? cut_word(target) : NULL;

	if (!version)
		return 400;
	request->method = parse_method(method);
	if (strncmp(version, "HTTP/1.", 7) != 0)
		return strncmp(version, "HTTP/", 5) == 0 ? 505 : 400;
	request->keep_alive = version[7] != '0';
	/* The absolute form names us as well. */
	if (*target != '/' && strncasecmp(target, "http://", 7) == 0) {
		target = strchr(target + 7, '/');
		if (!target)
			target = "/";
	}
	if (!decode(target, request->path, sizeof(request->path)) || !path_is_plain(request->path))
		return 400;
	return 0;
}

static int parse_length(const char *value, struct http_request *request)
{
	char *end;

	if (*value < '0' || *value > '9' || strlen(value) > 15)
		return 400;
	request->content_length = strtoll(value, &end, 10);
	return *end ? 400 : 0;
}

/* A line that matters begins with one of these letters; most others are let go by that alone. */
static bool may_matter(char first)
{
	first |= 0x20;
	return first == 'c' || first == 't' || first == 'e' || first == 'r' || first == 'i';
}

static int take_header(const char *name, const char *value, struct http_request *request)
{
	if (strcasecmp(name, "Content-Length") == 0)
		return parse_length(value, request);
	if (strcasecmp(name, "Transfer-Encoding") == 0)
		request->chunked = true;
	else if (strcasecmp(name, "Connection") == 0 && strcasecmp(value, "close") == 0)
		request->keep_alive = false;
	else if (strcasecmp(name, "Connection") == 0 && strcasecmp(value, "keep-alive") == 0)
		request->keep_alive = true;
	else if (strcasecmp(name, "Expect") == 0)
		request->expects_continue = strcasecmp(value, "100-continue") == 0;
	else if (strcasecmp(name, "Range") == 0)
		request->range = value;
	else if (strcasecmp(name, "If-Range") == 0)
		request->if_range = value;
	else if (strcasecmp(name, "If-Modified-Since") == 0)
		request->if_modified_since = value;
	return 0;
}

/* A line from name to end, where its NUL is. */
static int parse_header_line(char *name, char *end, struct http_request *request)
{
	char *value = strchr(name, ':');

	if (!value || value == name || value[-1] == ' ' || value[-1] == '\t' || *name == ' ' ||
	    *name == '\t')
		return 400;
	if (!may_matter(*name))
		return 0;
	*value++ = '\0';
	while (*value == ' ' || *value == '\t')
		value++;
	while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
		*--end = '\0';
	return take_header(name, value, request);
}

int http_parse(char *text, size_t len, struct http_request *request)
{
	char *line = text, *end;
	int status = 0;

	*request = (struct http_request){ .content_length = -1 };
	if (memchr(text, '\0', len))
		return 400;
	text[len] = '\0';
	while (!status && (end = strchr(line, '\n'))) {
		char *next = end + 1;

		if (end > line && end[-1] == '\r')
			end--;
		*end = '\0';
		if (line == text)
			status = parse_request_line(line, request);
		else if (end == line)
			break;
		else
			status = parse_header_line(line, end, request);
		line = next;
	}
	return status;
}

size_t http_header_end(const char *text, size_t len)
{
	const char *end = text + len, *at = text;

	while ((at = memchr(at, '\n', (size_t)(end - at)))) {
		at++;
		if (at < end && *at == '\n')
			return (size_t)(at - text) + 1;
		if (at + 1 < end && at[0] == '\r' && at[1] == '\n')
			return (size_t)(at - text) + 2;
	}
	return 0;
}

/* Digits only, and not too many; -1 for anything else. */
static long long number(const char *text, const char **end)
{
	size_t len = strspn(text, "0123456789");

	*end = text + len;
	return len && len < 16 ? strtoll(text, NULL, 10) : -1;
}

int http_range(const char *range, long long size, long long *first, long long *last)
{
	const char *rest;

	if (strncasecmp(range, "bytes=", 6) != 0 || strchr(range, ','))
		return 200;
	range += 6;
	*last = size - 1;
	if (*range == '-') {
		long long suffix = number(range + 1, &rest);

		if (suffix < 0 || *rest)
			return 200;
		*first = suffix < size ? size - suffix : 0;
		return suffix && size ? 206 : 416;
	}
	*first = number(range, &rest);
	if (*first < 0 || *rest++ != '-')
		return 200;
	if (*rest) {
		long long end = number(rest, &rest);

		if (end < *first || *rest)
			return 200;
		if (end < size)
			*last = end;
	}
	return *first < size ? 206 : 416;
}

bool http_encode(const char *path, char *buf, size_t size)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789-._~/";
	static const char digits[] = "0123456789ABCDEF";
	size_t n = 0;

	for (; *path; path++) {
		unsigned char c = (unsigned char)*path;

		if (n + 4 > size)
			return false;
		if (strchr(plain, c)) {
			buf[n++] = (char)c;
			continue;
		}
		buf[n++] = '%';
		buf[n++] = digits[c >> 4];
		buf[n++] = digits[c & 15];
	}
	buf[n] = '\0';
	return true;
}

const char *http_reason(int status)
{
	static const struct {
		int status;
		const char *reason;
	} reasons[] = {
		{ 200, "OK" },
		{ 201, "Created" },
		{ 204, "No Content" },
		{ 206, "Partial Content" },
		{ 301, "Moved Permanently" },
		{ 304, "Not Modified" },
		{ 400, "Bad Request" },
		{ 403, "Forbidden" },
		{ 404, "Not Found" },
		{ 405, "Method Not Allowed" },
		{ 411, "Length Required" },
		{ 416, "Range Not Satisfiable" },
		{ 431, "Request Header Fields Too Large" },
		{ 500, "Internal Server Error" },
		{ 501, "Not Implemented" },
		{ 505, "HTTP Version Not Supported" },
		{ 507, "Insufficient Storage" },
	};

	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i].status == status)
			return reasons[i].reason;
	return "Unknown";
}

const char *http_content_type(const char *path)
{
	static const char *const types[][2] = {
		{ ".html", "text/html; charset=utf-8" },
		{ ".htm", "text/html; charset=utf-8" },
		{ ".txt", "text/plain; charset=utf-8" },
		{ ".css", "text/css; charset=utf-8" },
		{ ".js", "text/javascript; charset=utf-8" },
		{ ".json", "application/json" },
		{ ".svg", "image/svg+xml" },
		{ ".png", "image/png" },
		{ ".jpg", "image/jpeg" },
		{ ".jpeg", "image/jpeg" },
		{ ".gif", "image/gif" },
		{ ".webp", "image/webp" },
		{ ".ico", "image/x-icon" },
		{ ".pdf", "application/pdf" },
		{ ".xml", "application/xml" },
		{ ".gz", "application/gzip" },
		{ ".wasm", "application/wasm" },
		{ ".mp4", "video/mp4" },
		{ ".woff2", "font/woff2" },
	};
	const char *end = strrchr(path, '.');

	for (size_t i = 0; end && i < sizeof(types) / sizeof(types[0]); i++)
		if (strcasecmp(end, types[i][0]) == 0)
			return types[i][1];
	return "application/octet-stream";
}
