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
	while (*path) {
		size_t len = strcspn(++path, "/");

		if ((len == 1 && path[0] == '.') || (len == 2 && path[0] == '.' && path[1] == '.'))
			return false;
		path += len;
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

static int parse_request_line(char *line, struct http_request *request)
{
	char *method = strsep(&line, " "), *target = strsep(&line, " "), *version = line;

	if (!target || !version)
		return 400;
	request->method = parse_method(method);
	if (strncmp(version, "HTTP/1.", 7) != 0)
		return strncmp(version, "HTTP/", 5) == 0 ? 505 : 400;
	request->keep_alive = version[7] != '0';
	/* The absolute form names us as well. */
	if (strncasecmp(target, "http://", 7) == 0) {
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

static int parse_header_line(char *line, struct http_request *request)
{
	char *name = strsep(&line, ":"), *value = line;

	if (!value || !*name || strpbrk(name, " \t"))
		return 400;
	value += strspn(value, " \t");
	for (size_t n = strlen(value); n && (value[n - 1] == ' ' || value[n - 1] == '\t'); n--)
		value[n - 1] = '\0';
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

int http_parse(char *text, size_t len, struct http_request *request)
{
	char *line;
	int status;

	*request = (struct http_request){ .content_length = -1 };
	if (memchr(text, '\0', len))
		return 400;
	text[len] = '\0';
	line = strsep(&text, "\n");
	line[strcspn(line, "\r")] = '\0';
	status = parse_request_line(line, request);
	while (!status && (line = strsep(&text, "\n"))) {
		line[strcspn(line, "\r")] = '\0';
		if (!*line)
			break;
		status = parse_header_line(line, request);
	}
	return status;
}

size_t http_header_end(const char *text, size_t len)
{
	for (size_t i = 0; i + 1 < len; i++) {
		if (text[i] != '\n')
			continue;
		if (text[i + 1] == '\n')
			return i + 2;
		if (i + 2 < len && text[i + 1] == '\r' && text[i + 2] == '\n')
			return i + 3;
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
