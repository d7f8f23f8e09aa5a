/* SPDX-License-Identifier: MIT */
/* The page that shows a directory. */

#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "serve.h"

struct page {
	char *text;
	size_t len, size;
	bool failed;
};

static void add_bytes(struct page *page, const char *text, size_t len)
{
	if (page->len + len > page->size && !page->failed) {
		size_t size = (page->len + len) * 2;
		char *bigger = realloc(page->text, size);

		page->failed = !bigger;
		if (bigger) {
			page->text = bigger;
			page->size = size;
		}
	}
	if (page->failed)
		return;
	memcpy(page->text + page->len, text, len);
	page->len += len;
}

static void add(struct page *page, const char *text)
{
	add_bytes(page, text, strlen(text));
}

static void add_html(struct page *page, const char *text)
{
	for (; *text; text++) {
		switch (*text) {
		case '<':
			add(page, "&lt;");
			break;
		case '>':
			add(page, "&gt;");
			break;
		case '&':
			add(page, "&amp;");
			break;
		case '"':
			add(page, "&quot;");
			break;
		default:
			add_bytes(page, text, 1);
		}
	}
}

static void add_entry(struct page *page, const char *dir, const char *name)
{
	char path[HTTP_PATH_MAX + 512], link[3 * 256 + 1], size[40] = "";
	struct stat st;
	bool is_dir = false;

	if (!http_encode(name, link, sizeof(link)))
		return;
	snprintf(path, sizeof(path), "%s%s", dir, name);
	if (stat(path, &st) == 0) {
		is_dir = S_ISDIR(st.st_mode);
		if (!is_dir)
			snprintf(size, sizeof(size), "%lld", (long long)st.st_size);
	}
	add(page, "<tr><td><a href=\"");
	add(page, link);
	add(page, is_dir ? "/\">" : "\">");
	add_html(page, name);
	add(page, is_dir ? "/</a><td>" : "</a><td>");
	add(page, size);
	add(page, "\n");
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names in a directory, sorted; what memory does not allow is left out. */
static size_t read_names(DIR *dir, char ***names)
{
	size_t count = 0, size = 0;
	struct dirent *entry;

	*names = NULL;
	while ((entry = readdir(dir))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (count == size) {
			char **bigger = realloc(*names, (size = size * 2 + 16) * sizeof(char *));

			if (!bigger)
				break;
			*names = bigger;
		}
		(*names)[count] = strdup(entry->d_name);
		if (!(*names)[count])
			break;
		count++;
	}
	if (count)
		qsort(*names, count, sizeof(char *), by_name);
	return count;
}

static void add_page(struct page *page, const struct http_request *request, const char *path,
		     DIR *dir)
{
	char **names;
	size_t count = read_names(dir, &names);

	add(page, "<!doctype html>\n<meta charset=\"utf-8\"><title>");
	add_html(page, request->path);
	add(page, "</title>\n<h1>");
	add_html(page, request->path);
	add(page, "</h1>\n<table>\n");
	if (strcmp(request->path, "/") != 0)
		add(page, "<tr><td><a href=\"../\">../</a><td>\n");
	for (size_t i = 0; i < count; i++) {
		add_entry(page, path, names[i]);
		free(names[i]);
	}
	add(page, "</table>\n");
	free(names);
}

bool serve_listing(struct connection *c, const struct http_request *request, const char *path)
{
	struct page page = { 0 };
	DIR *dir = opendir(path);
	bool more;

	if (!dir)
		return send_error(c, 403, "");
	add_page(&page, request, path, dir);
	closedir(dir);
	if (page.failed) {
		more = send_error(c, 500, "");
	} else {
		begin_answer(c, 200, (long long)page.len);
		text_add(&c->out, "Content-Type: text/html; charset=utf-8\r\n\r\n");
		more = send_answer(c, true) &&
		       (c->head || send_all(c, page.text, page.len, 0)) && c->keep_alive;
	}
	free(page.text);
	return more;
}
