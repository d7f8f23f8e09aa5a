/* SPDX-License-Identifier: MIT */
/* lib/format.c against the host's printf, and what it does where there is too little room. */
// uses: lib/format.c
// flags: -Wno-format

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/format.h"

#define SAME(...)                                                                        \
	do {                                                                             \
		char a[256], b[256];                                                     \
		int x = snprintf(a, sizeof(a), __VA_ARGS__);                             \
		int y = str_format(b, sizeof(b), __VA_ARGS__);                           \
		if (x != y || strcmp(a, b)) {                                            \
			printf("line %d: \"%s\" where \"%s\" is due\n", __LINE__, b, a); \
			exit(1);                                                         \
		}                                                                        \
	} while (0)

static void check_against_printf(void)
{
	SAME("plain text, 100%%");
	SAME("%d|%5d|%-5d|%05d|%+d|% d|%i", 1, 2, 3, -4, 5, 6, -7);
	SAME("%d %d %ld %lld", 0x7fffffff, (int)0x80000000, 0x7fffffffffffffffL, 1LL << 62);
	SAME("%ld", (long)(1UL << 63));
	SAME("%u %x %X %#x %#X %#x %o %#o", 4000000000u, 0xabcu, 0xabcu, 0xdefu, 0xdefu, 0u, 64u,
	     64u);
	SAME("%08x|%-8x|%#010x|%16lx|%llx|%#20lx", 1, 2, 3, 4UL, ~0ULL, 5UL);
	SAME("%s|%10s|%-10s|%.2s|%.*s|%*s|%*s", "ab", "cd", "ef", "ghi", 3, "jklm", 6, "n", -6,
	     "o");
	SAME("%c%c|%5c|%-5c|", 'a', 'b', 'c', 'd');
	SAME("%p|%20p|%-20p|", (void *)0x1234, (void *)0x99, (void *)~0UL);
	SAME("%zu %zd %jd %td", (size_t)5, (ssize_t)-5, (intmax_t)-6, (ptrdiff_t)7);
	SAME("%hhd %hhu %hd %hu %hhx", 300, 300, 70000, 70000, -1);
	SAME("%.0d|%.5d|%8.5d|%-8.5x|%08.3d|%.3d", 0, 3, 4, 5, 6, 12345);
	SAME("%100d|%-100s|", 1, "x");
}

static void check_room(void)
{
	char buf[6] = "*****";

	assert(str_format(buf, 0, "hello") == 5 && buf[0] == '*');
	assert(str_format(buf, 1, "hello") == 5 && buf[0] == 0 && buf[1] == '*');
	assert(str_format(buf, 5, "%s", "hello") == 5 && !strcmp(buf, "hell") && buf[5] == 0);
	assert(str_format(buf, 6, "%s", "hello") == 5 && !strcmp(buf, "hello"));
	assert(str_format(NULL, 0, "%1000d", 1) == 1000);
}

/* What is no conversion stands as it was written, and takes no argument. */
static void check_unknown(void)
{
	char buf[32];

	str_format(buf, sizeof(buf), "%y %d", 5);
	assert(!strcmp(buf, "%y 5"));
	str_format(buf, sizeof(buf), "end %");
	assert(!strcmp(buf, "end %"));
	str_format(buf, sizeof(buf), "end %08l");
	assert(!strcmp(buf, "end %08l"));
	str_format(buf, sizeof(buf), "%s", (char *)NULL);
	assert(!strcmp(buf, "(null)"));
}

int main(void)
{
	check_against_printf();
	check_room();
	check_unknown();
	return 0;
}
