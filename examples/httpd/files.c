/* SPDX-License-Identifier: MIT */
/* GET, HEAD and PUT: files out of the directory, whole or in part, and into it. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "serve.h"

#define CHUNK (32 * 1024)

static int status_of(int err)
{
	switch (err) {
	case ENOENT:
	case ENOTDIR:
	case ENAMETOOLONG:
		return 404;
	case EACCES:
	case EPERM:
	case EROFS:
	case EISDIR:
		return 403;
	case ENOSPC:
	case EFBIG:
		return 507;
	default:
		return 500;
	}
}

/* --- Out ---------------------------------------------------------------------------------------
 */

static bool send_part(struct connection *c, int fd, long long first, long long length)
{
	size_t size = length < CHUNK ? (size_t)length : CHUNK;
	char *buf = malloc(size);
	bool fine = buf && (!first || lseek(fd, first, SEEK_SET) == first);

	while (fine && length) {
		size_t want = length < (long long)size ? (size_t)length : size;
		ssize_t n = read(fd, buf, want);

		fine = n > 0 && send_all(c, buf, (size_t)n, n < length ? MSG_MORE : 0);
		length -= n > 0 ? n : 0;
	}
	free(buf);
	return fine; /* cut short after its length was told: only the connection's end says so */
}

struct reply {
	int status;
	long long first, last;
	char lines[384];
};

/* Decides between all, a part, and nothing, and writes the header lines for it. */
static void plan(const struct http_request *request, const char *path, const struct stat *st,
		 struct reply *r)
{
	long long size = (long long)st->st_size;
	char modified[32];
	struct tm tm;
	int n;

	strftime(modified, sizeof(modified), "%a, %d %b %Y %H:%M:%S GMT",
		 gmtime_r(&st->st_mtime, &tm));
	r->status = 200;
	r->first = 0;
	r->last = size - 1;
	if (request->if_modified_since && strcmp(request->if_modified_since, modified) == 0)
		r->status = 304;
	else if (request->range && (!request->if_range || strcmp(request->if_range, modified) == 0))
		r->status = http_range(request->range, size, &r->first, &r->last);
	if (r->status == 200) {
		r->first = 0;
		r->last = size - 1;
	}
	n = snprintf(r->lines, sizeof(r->lines),
		     "Content-Type: %s\r\nLast-Modified: %s\r\nAccept-Ranges: bytes\r\n",
		     http_content_type(path), modified);
	if (r->status == 206)
		snprintf(r->lines + n, sizeof(r->lines) - (size_t)n,
			 "Content-Range: bytes %lld-%lld/%lld\r\n", r->first, r->last, size);
	else if (r->status == 416)
		snprintf(r->lines, sizeof(r->lines), "Content-Range: bytes */%lld\r\n", size);
}

static bool send_file(struct connection *c, const struct http_request *request, const char *path,
		      int fd, const struct stat *st)
{
	struct reply r;
	long long length;

	plan(request, path, st, &r);
	if (r.status == 416)
		return send_error(c, 416, r.lines);
	length = r.last - r.first + 1;
	if (r.status == 304)
		return send_header(c, 304, -1, r.lines) && c->keep_alive;
	if (!send_header(c, r.status, length, r.lines))
		return false;
	if (request->method == HTTP_GET && !send_part(c, fd, r.first, length))
		return false;
	return c->keep_alive;
}

static bool redirect_to_slash(struct connection *c, const struct http_request *request)
{
	char path[180], line[200];

	if (!http_encode(request->path, path, sizeof(path)))
		return send_error(c, 404, "");
	snprintf(line, sizeof(line), "Location: %s/\r\n", path);
	return send_error(c, 301, line);
}

bool serve_get(struct connection *c, const struct http_request *request)
{
	char path[HTTP_PATH_MAX + 128];
	struct stat st;
	bool more;
	int fd;

	if (!full_path(request, path, sizeof(path) - sizeof("index.html")))
		return send_error(c, 404, "");
	if (stat(path, &st) < 0)
		return send_error(c, status_of(errno), "");
	if (S_ISDIR(st.st_mode)) {
		size_t len = strlen(path);

		if (path[len - 1] != '/')
			return redirect_to_slash(c, request);
		strcpy(path + len, "index.html");
		if (stat(path, &st) < 0) {
			path[len] = '\0';
			return serve_listing(c, request, path);
		}
	}
	fd = S_ISREG(st.st_mode) ? open(path, O_RDONLY) : -1;
	if (fd < 0)
		return send_error(c, S_ISREG(st.st_mode) ? status_of(errno) : 403, "");
	more = send_file(c, request, path, fd, &st);
	close(fd);
	return more;
}

/* --- In ----------------------------------------------------------------------------------------
 */

/* First what came with the header, then what is still to come. */
static ssize_t receive_body(struct connection *c, char *buf, size_t want)
{
	size_t n = c->have < want ? c->have : want;

	if (!n)
		return recv(c->fd, buf, want, 0);
	memcpy(buf, c->buf, n);
	memmove(c->buf, c->buf + n, c->have -= n);
	return (ssize_t)n;
}

/* 0, or an errno; EPIPE when the client went away. */
static int store_body(struct connection *c, int fd, long long length)
{
	char *buf = malloc(CHUNK);
	int err = buf ? 0 : ENOMEM;

	while (!err && length) {
		size_t want = length < CHUNK ? (size_t)length : CHUNK;
		ssize_t n = receive_body(c, buf, want);

		if (n <= 0)
			err = EPIPE;
		else if (write(fd, buf, (size_t)n) != n)
			err = errno ? errno : ENOSPC;
		else
			length -= n;
	}
	free(buf);
	return err;
}

/* Under another name until it is whole and on the disk. */
static int store(struct connection *c, const char *path, long long length)
{
	char part[HTTP_PATH_MAX + 160];
	int fd, err;

	snprintf(part, sizeof(part), "%s.part%d", path, c->fd);
	fd = open(part, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	if (fd < 0)
		return errno;
	err = store_body(c, fd, length);
	if (!err && fsync(fd) < 0)
		err = errno;
	if (close(fd) < 0 && !err)
		err = errno;
	if (!err && rename(part, path) < 0)
		err = errno;
	if (err)
		unlink(part);
	return err;
}

bool serve_put(struct connection *c, const struct http_request *request)
{
	char path[HTTP_PATH_MAX + 128];
	struct stat st;
	bool existed;
	int err;

	if (request->content_length < 0 || !full_path(request, path, sizeof(path)) ||
	    path[strlen(path) - 1] == '/')
		return send_refusal(c, request->content_length < 0 ? 411 : 403, "");
	existed = stat(path, &st) == 0;
	if (existed && !S_ISREG(st.st_mode))
		return send_refusal(c, 403, "");
	if (request->expects_continue && !send_all(c, "HTTP/1.1 100 Continue\r\n\r\n", 25, 0))
		return false;
	err = store(c, path, request->content_length);
	if (err == EPIPE)
		return false;
	if (err)
		return send_refusal(c, status_of(err), "");
	return send_header(c, existed ? 204 : 201, existed ? -1 : 0, "") && c->keep_alive;
}
