/* SPDX-License-Identifier: MIT */
/* The wire format: strings, numbers, error names, paths, permissions, and the rings' indexes. */
// uses: xenstore/wire.c xenstore/ring.c xenstore/path.c xenstore/perms.c lib/format.c

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xenstore/path.h"
#include "xenstore/perms.h"
#include "xenstore/ring.h"

static void test_strings(void)
{
	const char *strings[3], *rest;
	size_t left;

	assert(wire_strings("a\0bc\0d", 6, strings, 3, &rest, &left) == 2);
	assert(!strcmp(strings[0], "a") && !strcmp(strings[1], "bc") && left == 1 && *rest == 'd');
	assert(wire_strings("a\0b\0c\0", 6, strings, 2, &rest, &left) == 2 && left == 2);
	assert(wire_strings("", 0, strings, 3, NULL, NULL) == 0);
	assert(wire_strings("abc", 3, strings, 3, NULL, NULL) == 0);
	assert(wire_strings("\0\0", 2, strings, 3, NULL, NULL) == 2);

	assert(wire_string("abc\0", 4));
	assert(!wire_string("abc", 3) && !wire_string("", 0) && !wire_string("a\0b\0", 4));
}

static void test_numbers(void)
{
	uint64_t n;

	assert(wire_number("0", 65535, &n) && n == 0);
	assert(wire_number("65535", 65535, &n) && n == 65535);
	assert(!wire_number("65536", 65535, &n) && !wire_number("655350", 65535, &n));
	assert(wire_number("18446744073709551615", UINT64_MAX, &n) && n == UINT64_MAX);
	assert(!wire_number("18446744073709551616", UINT64_MAX, &n));
	assert(!wire_number("", 9, &n) && !wire_number("-1", 9, &n) && !wire_number("1 ", 9, &n));
	assert(!wire_number("7", 5, &n));
}

static void test_errors(void)
{
	assert(!strcmp(wire_error_name(ENOENT), "ENOENT"));
	assert(!strcmp(wire_error_name(EAGAIN), "EAGAIN"));
	assert(!strcmp(wire_error_name(EXDEV), "EINVAL"));
	assert(wire_error_number("EACCES", 7) == EACCES);
	assert(wire_error_number("E2BIG", 5) == E2BIG);
	assert(wire_error_number("EXIST", 5) == EIO && wire_error_number("", 0) == EIO);
}

static void test_paths(void)
{
	static char out[PATH_ROOM], given[PATH_ROOM + 10];

	assert(!store_path_resolve(out, 7, "/a/b-c_@9") && !strcmp(out, "/a/b-c_@9"));
	assert(!store_path_resolve(out, 7, "a/b") && !strcmp(out, "/local/domain/7/a/b"));
	assert(!store_path_resolve(out, 7, "/") && !strcmp(out, "/"));
	assert(store_path_resolve(out, 7, "") == -EINVAL);
	assert(store_path_resolve(out, 7, "/a/") == -EINVAL &&
	       store_path_resolve(out, 7, "a/") == -EINVAL);
	assert(store_path_resolve(out, 7, "//a") == -EINVAL &&
	       store_path_resolve(out, 7, "/a//b") == -EINVAL);
	assert(store_path_resolve(out, 7, "/a b") == -EINVAL &&
	       store_path_resolve(out, 7, "/\xe4") == -EINVAL);

	memset(given, 'x', sizeof(given));
	given[0] = '/';
	given[XENSTORE_ABS_PATH_MAX] = 0;
	assert(!store_path_resolve(out, 7, given));
	given[XENSTORE_ABS_PATH_MAX] = 'x';
	given[XENSTORE_ABS_PATH_MAX + 1] = 0;
	assert(store_path_resolve(out, 7, given) == -EINVAL);
	given[XENSTORE_REL_PATH_MAX + 1] = 0;
	assert(!store_path_resolve(out, 65535, given + 1));
	given[XENSTORE_REL_PATH_MAX + 1] = 'x';
	given[XENSTORE_REL_PATH_MAX + 2] = 0;
	assert(store_path_resolve(out, 7, given + 1) == -EINVAL);

	assert(store_path_is_below("/a/b", "/a") && store_path_is_below("/a", "/a") &&
	       store_path_is_below("/a", "/"));
	assert(!store_path_is_below("/ab", "/a") && !store_path_is_below("/a", "/a/b"));
	assert(!store_path_is_below("@releaseDomain", "/"));
	assert(store_path_is_special("@x") && !store_path_is_special("/@x"));
}

static void test_perm_words(void)
{
	struct xs_perm perm;
	char text[XS_PERM_STRLEN];

	assert(perm_parse("n0", &perm) && perm.domid == 0 && perm.access == XS_PERM_NONE);
	assert(perm_parse("b65535", &perm) && perm.domid == 65535 && perm.access == 3);
	assert(perm_format(text, perm) == 6 && !strcmp(text, "b65535"));
	assert(perm_parse("r12", &perm) && perm.access == XS_PERM_READ);
	assert(perm_parse("w12", &perm) && perm.access == XS_PERM_WRITE);
	assert(!perm_parse("", &perm) && !perm_parse("r", &perm) && !perm_parse("x1", &perm));
	assert(!perm_parse("r65536", &perm) && !perm_parse("r1x", &perm) &&
	       !perm_parse("r-1", &perm));
	assert(!perm_parse("r99999999999", &perm));
}

static void test_ring(void)
{
	static struct xenstore_domain_interface page;
	struct ring in = ring_requests(&page), out = ring_requests(&page);
	const char *bytes;
	char *room;

	assert(ring_readable(&in, &bytes) == 0);
	assert(ring_writable(&out, &room) == 1024 && room == page.req);
	memcpy(room, "hello", 5);
	ring_produced(&out, 5);
	assert(ring_readable(&in, &bytes) == 5 && !memcmp(bytes, "hello", 5));
	ring_consumed(&in, 3);
	assert(ring_readable(&in, &bytes) == 2 && !memcmp(bytes, "lo", 2));

	/* The wrap of the ring, and that of the index. */
	page.req_cons = page.req_prod = UINT32_MAX - 9;
	assert(ring_writable(&out, &room) == 10);
	ring_produced(&out, 10);
	assert(ring_writable(&out, &room) == 1014 && room == page.req);
	ring_produced(&out, 1014);
	assert(ring_writable(&out, &room) == 0);
	assert(ring_readable(&in, &bytes) == 10);

	page.req_prod = page.req_cons + 1025;
	assert(ring_readable(&in, &bytes) == -EIO && ring_writable(&out, &room) == -EIO);
	page.req_prod = page.req_cons - 1;
	assert(ring_readable(&in, &bytes) == -EIO && ring_writable(&out, &room) == -EIO);
}

int main(void)
{
	test_strings();
	test_numbers();
	test_errors();
	test_paths();
	test_perm_words();
	test_ring();
	puts("ok wire");
	return 0;
}
