/* SPDX-License-Identifier: MIT */
/* GET, HEAD and PUT: files out of the directory, whole or in part, and into it. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
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

/* --- Out -------------------------------------------------------------------------------------- */

static bool send_part(struct connection *c, int fd, long long length)
{
	size_t size = length < CHUNK ? (size_t)length : CHUNK;
	char *buf = malloc(size);
	bool fine = buf;

	while (fine && length) {
		size_t want = length < (long long)size ? (size_t)length : size;
		ssize_t n = read(fd, buf, want);

		if (n < 0)
			perror("httpd: read");
		fine = n > 0 && send_all(c, buf, (size_t)n, n < length ? MSG_MORE : 0);
		length -= n > 0 ? n : 0;
	}
	free(buf);
	return fine; /* cut short after its length was told: only the connection's end says so */
}

/* What fits goes with the header. */
static bool send_body(struct connection *c, int fd, long long first, long long length)
{
	ssize_t n;

	if (c->head || !length)
		return send_answer(c, false);
	if (first && lseek(fd, first, SEEK_SET) != first)
		return false;
	if (length > (long long)text_room(&c->out))
		return send_answer(c, true) && send_part(c, fd, length);
	n = read(fd, c->out.at, (size_t)length);
	if (n != length)
		return false;
	c->out.at += n;
	return send_answer(c, false);
}

/* What of a file is asked for: 200, 206, 304 or 416, and the bytes. */
static int choose_part(const struct http_request *request, const char *modified, long long size,
		       long long *first, long long *last)
{
	int status = 200;

	if (request->if_modified_since && strcmp(request->if_modified_since, modified) == 0)
		return 304;
	if (request->range && (!request->if_range || strcmp(request->if_range, modified) == 0))
		status = http_range(request->range, size, first, last);
	if (status == 200) {
		*first = 0;
		*last = size - 1;
	}
	return status;
}

static void add_file_lines(struct text *out, int status, const char *path, const char *modified)
{
	text_add(out, "Last-Modified: ");
	text_add(out, modified);
	text_add(out, "\r\nAccept-Ranges: bytes\r\n");
	if (status == 304)
		return;
	text_add(out, "Content-Type: ");
	text_add(out, http_content_type(path));
	text_add(out, "\r\n");
}

static bool refuse_range(struct connection *c, long long size)
{
	char buf[64];
	struct text line;

	text_init(&line, buf, sizeof(buf) - 1);
	text_add(&line, "Content-Range: bytes */");
	text_add_number(&line, size);
	text_add(&line, "\r\n");
	*line.at = '\0';
	return send_error(c, 416, buf);
}

static bool send_file(struct connection *c, const struct http_request *request, const char *path,
		      int fd, const struct stat *st)
{
	long long size = (long long)st->st_size, first = 0, last = -1;
	char modified[32];
	struct text date, *out = &c->out;
	int status;

	text_init(&date, modified, sizeof(modified) - 1);
	text_add_date(&date, (long long)st->st_mtime);
	*date.at = '\0';
	status = choose_part(request, modified, size, &first, &last);
	if (status == 416)
		return refuse_range(c, size);
	begin_answer(c, status, status == 304 ? -1 : last - first + 1);
	add_file_lines(out, status, path, modified);
	if (status == 206) {
		text_add(out, "Content-Range: bytes ");
		text_add_number(out, first);
		text_add(out, "-");
		text_add_number(out, last);
		text_add(out, "/");
		text_add_number(out, size);
		text_add(out, "\r\n");
	}
	text_add(out, "\r\n");
	if (status == 304)
		return send_answer(c, false) && c->keep_alive;
	return send_body(c, fd, first, last - first + 1) && c->keep_alive;
}

static bool redirect_to_slash(struct connection *c, const struct http_request *request)
{
	char path[180], line[200];

	if (!http_encode(request->path, path, sizeof(path)))
		return send_error(c, 404, "");
	snprintf(line, sizeof(line), "Location: %s/\r\n", path);
	return send_error(c, 301, line);
}

/* Opens a file for reading, and tells what it is; not waiting for the other end of a pipe. */
static int open_file(const char *path, struct stat *st)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK);

	if (fd >= 0 && fstat(fd, st) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static bool serve_directory(struct connection *c, const struct http_request *request, char *path)
{
	size_t len = strlen(path);
	struct stat st;
	bool more;
	int fd;

	if (path[len - 1] != '/')
		return redirect_to_slash(c, request);
	strcpy(path + len, "index.html");
	fd = open_file(path, &st);
	if (fd < 0) {
		path[len] = '\0';
		return serve_listing(c, request, path);
	}
	more = S_ISREG(st.st_mode) ? send_file(c, request, path, fd, &st) : send_error(c, 403, "");
	close(fd);
	return more;
}

bool serve_get(struct connection *c, const struct http_request *request)
{
	char path[HTTP_PATH_MAX + 128];
	struct stat st;
	bool more;
	int fd;

	if (!full_path(request, path, sizeof(path) - sizeof("index.html")))
		return send_error(c, 404, "");
	fd = open_file(path, &st);
	if (fd < 0)
		return send_error(c, status_of(errno), "");
	if (S_ISREG(st.st_mode) && path[strlen(path) - 1] != '/')
		more = send_file(c, request, path, fd, &st);
	else if (S_ISDIR(st.st_mode))
		more = serve_directory(c, request, path);
	else
		more = send_error(c, S_ISREG(st.st_mode) ? 404 : 403, "");
	close(fd);
	return more;
}

/* --- In --------------------------------------------------------------------------------------- */

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
	begin_answer(c, existed ? 204 : 201, existed ? -1 : 0);
	text_add(&c->out, "\r\n");
	return send_answer(c, false) && c->keep_alive;
}
