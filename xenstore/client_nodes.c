/* SPDX-License-Identifier: MIT */
/* The store client's requests: values, directories, permissions, transactions, domains. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "guest/types.h"
#include "lib/format.h"
#include "xenstore/client_core.h"

/*
 * Paths are sent in pieces, as the caller gave them, and put together on the ring: nothing is
 * copied, and no path is too long for a buffer here. Answers are allocated by their real size.
 */

#define PRINTF_MAX 1024

unsigned int path_pieces(struct piece *pieces, const char *dir, const char *node)
{
	unsigned int count = 0;
	bool has_dir = dir && *dir, has_node = node && *node;

	if (has_dir)
		pieces[count++] = (struct piece){ dir, strlen(dir) };
	if (has_dir && has_node && strcmp(dir, "/"))
		pieces[count++] = (struct piece){ "/", 1 };
	if (has_node)
		pieces[count++] = (struct piece){ node, strlen(node) };
	pieces[count++] = (struct piece){ "", 1 };
	return count;
}

/* A request of a path and one more piece. */
static int path_request(uint32_t type, xs_tx_t tx, const char *dir, const char *node,
			struct piece more, char **answer)
{
	struct piece pieces[PATH_PIECES + 1];
	unsigned int count = path_pieces(pieces, dir, node);

	pieces[count++] = more;
	return client_request(type, tx, pieces, count, answer);
}

/* One whose answer is only "OK". */
static int path_command(uint32_t type, xs_tx_t tx, const char *dir, const char *node,
			struct piece more)
{
	int rc = path_request(type, tx, dir, node, more, NULL);

	return MIN(rc, 0);
}

static const struct piece nothing;

/* --- Values ---------------------------------------------------------------------------------- */

int xs_read_alloc(xs_tx_t tx, const char *dir, const char *node, char **value)
{
	return path_request(XS_READ, tx, dir, node, nothing, value);
}

int xs_read(xs_tx_t tx, const char *dir, const char *node, char *buf, size_t size)
{
	char *value;
	int len = xs_read_alloc(tx, dir, node, &value);

	if (len < 0)
		return len;
	if ((size_t)len < size)
		memcpy(buf, value, len + 1);
	else
		len = -E2BIG;
	free(value);
	return len;
}

/* Decimal or 0x-hexadecimal, the whole string. */
static int parse_number(const char *text, uint64_t *value)
{
	unsigned int base = 10, digit;
	uint64_t number = 0;

	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
		base = 16;
		text += 2;
	}
	if (!*text)
		return -EINVAL;
	for (; *text; text++) {
		char c = *text | 0x20;

		digit = c >= 'a' ? c - 'a' + 10u : (unsigned char)*text - '0' + 0u;
		if (digit >= base)
			return -EINVAL;
		if (number > (UINT64_MAX - digit) / base)
			return -ERANGE;
		number = number * base + digit;
	}
	*value = number;
	return 0;
}

int xs_read_u64(xs_tx_t tx, const char *dir, const char *node, uint64_t *value)
{
	char text[WIRE_NUMBER_ROOM];
	int rc = xs_read(tx, dir, node, text, sizeof(text));

	if (rc < 0)
		return rc == -E2BIG ? -EINVAL : rc;
	return parse_number(text, value);
}

int xs_read_u32(xs_tx_t tx, const char *dir, const char *node, uint32_t *value)
{
	uint64_t number;
	int rc = xs_read_u64(tx, dir, node, &number);

	if (!rc && number > UINT32_MAX)
		rc = -ERANGE;
	if (!rc)
		*value = number;
	return rc;
}

uint32_t xs_read_u32_or(xs_tx_t tx, const char *dir, const char *node, uint32_t fallback)
{
	uint32_t value;

	return xs_read_u32(tx, dir, node, &value) ? fallback : value;
}

int xs_write(xs_tx_t tx, const char *dir, const char *node, const void *value, size_t len)
{
	return path_command(XS_WRITE, tx, dir, node, (struct piece){ value, len });
}

int xs_write_all(const char *dir, const char *const *nodes, unsigned int count, const void *value,
		 size_t len)
{
	struct piece pieces[PATH_PIECES + 1];
	unsigned int n, i;

	for (i = 0; i + 1 < count; i++) {
		n = path_pieces(pieces, dir, nodes[i]);
		pieces[n++] = (struct piece){ value, len };
		client_post(XS_WRITE, pieces, n);
	}
	return count ? xs_write(XS_NO_TX, dir, nodes[i], value, len) : 0;
}

int xs_printf(xs_tx_t tx, const char *dir, const char *node, const char *fmt, ...)
{
	char text[PRINTF_MAX];
	va_list args;
	int len;

	va_start(args, fmt);
	len = str_vformat(text, sizeof(text), fmt, args);
	va_end(args);
	if ((size_t)len >= sizeof(text))
		return -E2BIG;
	return xs_write(tx, dir, node, text, len);
}

int xs_mkdir(xs_tx_t tx, const char *dir, const char *node)
{
	return path_command(XS_MKDIR, tx, dir, node, nothing);
}

int xs_rm(xs_tx_t tx, const char *dir, const char *node)
{
	return path_command(XS_RM, tx, dir, node, nothing);
}

int xs_exists(xs_tx_t tx, const char *dir, const char *node)
{
	int rc = path_request(XS_READ, tx, dir, node, nothing, NULL);

	return rc >= 0 ? 1 : rc == -ENOENT ? 0 : rc;
}

/* --- Directories ----------------------------------------------------------------------------- */

/*
 * The whole list, piece by piece. Each comes with the node's generation: if that changed between
 * two of them, names may have moved across the border, and reading begins again.
 */
static int directory_parts(xs_tx_t tx, const char *dir, const char *node, char **list)
{
	char *names = NULL, generation[WIRE_NUMBER_ROOM] = "";
	size_t len = 0;

	for (;;) {
		char offset[WIRE_NUMBER_ROOM], *part, *more;
		struct piece from = { offset, str_format(offset, sizeof(offset), "%zu", len) + 1 };
		int got = path_request(XS_DIRECTORY_PART, tx, dir, node, from, &part);
		size_t skip = got >= 0 ? strlen(part) + 1 : 0;

		if (got >= 0 && (skip > (size_t)got || skip > sizeof(generation))) {
			free(part);
			got = -EIO;
		}
		if (got < 0) {
			free(names);
			return got;
		}
		if (len && strcmp(generation, part))
			len = skip = got = 0; /* changed: from the start */
		else
			strcpy(generation, part);
		more = realloc(names, len + got - skip + 1);
		if (more) {
			names = more;
			memcpy(names + len, part + skip, got - skip);
			len += got - skip;
		}
		free(part);
		if (!more) {
			free(names);
			return -ENOMEM;
		}
		/* An empty name is the end. */
		if (len && !names[len - 1] && (len == 1 || !names[len - 2])) {
			*list = names;
			return len - 1;
		}
	}
}

/* Names with a NUL each, as an array in front of a copy of them. */
static int names_array(const char *list, size_t len, char ***names)
{
	unsigned int count = 0;
	char **array, *copy;

	for (size_t i = 0; i < len; i++)
		count += !list[i];
	array = malloc((count + 1) * sizeof(*array) + len);
	if (!array)
		return -ENOMEM;
	copy = (char *)&array[count + 1];
	memcpy(copy, list, len);
	for (unsigned int i = 0; i < count; i++) {
		array[i] = copy;
		copy += strlen(copy) + 1;
	}
	array[count] = NULL;
	*names = array;
	return count;
}

int xs_directory(xs_tx_t tx, const char *dir, const char *node, char ***names)
{
	char *list;
	int len = path_request(XS_DIRECTORY, tx, dir, node, nothing, &list);

	if (len == -E2BIG)
		len = directory_parts(tx, dir, node, &list);
	if (len < 0)
		return len;
	len = names_array(list, len, names);
	free(list);
	return len;
}

/* --- Permissions ----------------------------------------------------------------------------- */

#define PERMS_MAX 32

int xs_set_perms(xs_tx_t tx, const char *dir, const char *node, const struct xs_perm *perms,
		 unsigned int count)
{
	char text[PERMS_MAX * XS_PERM_STRLEN];
	size_t len = 0;

	if (count > PERMS_MAX)
		return -E2BIG;
	for (unsigned int i = 0; i < count; i++)
		len += perm_format(text + len, perms[i]) + 1;
	return path_command(XS_SET_PERMS, tx, dir, node, (struct piece){ text, len });
}

int xs_get_perms(xs_tx_t tx, const char *dir, const char *node, struct xs_perm *perms,
		 unsigned int max)
{
	char *text;
	int len = path_request(XS_GET_PERMS, tx, dir, node, nothing, &text);
	unsigned int count = 0;

	if (len < 0)
		return len;
	for (char *at = text; at < text + len; at += strlen(at) + 1) {
		struct xs_perm perm;

		if (!perm_parse(at, &perm)) {
			free(text);
			return -EIO;
		}
		if (count < max)
			perms[count] = perm;
		count++;
	}
	free(text);
	return count;
}

/* --- Transactions ---------------------------------------------------------------------------- */

int xs_transaction_start(xs_tx_t *tx)
{
	const struct piece empty = { "", 1 };
	uint64_t id;
	char *answer;
	int rc;

	client_enter();
	rc = client_request(XS_TRANSACTION_START, XS_NO_TX, &empty, 1, &answer);
	if (rc >= 0) {
		rc = wire_number(answer, UINT32_MAX, &id) && id ? 0 : -EIO;
		free(answer);
	}
	if (rc)
		client_leave();
	else
		tx->id = id;
	return rc;
}

int xs_transaction_end(xs_tx_t tx, bool abort)
{
	const struct piece verdict = { abort ? "F" : "T", 2 };
	int rc = client_request(XS_TRANSACTION_END, tx, &verdict, 1, NULL);

	client_leave();
	return MIN(rc, 0);
}

int xs_transact(int (*body)(xs_tx_t tx, void *arg), void *arg)
{
	int rc, end;

	do {
		xs_tx_t tx;

		rc = xs_transaction_start(&tx);
		if (rc)
			return rc;
		rc = body(tx, arg);
		end = xs_transaction_end(tx, rc < 0);
		if (rc >= 0 && end)
			rc = end;
	} while (rc == -EAGAIN);
	return rc;
}
