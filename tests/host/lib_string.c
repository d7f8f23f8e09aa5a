/* SPDX-License-Identifier: MIT */
/* lib/string.c against plain loops: every small size, alignment and overlap, and no end crossed. */

#define memcpy  lib_memcpy
#define memmove lib_memmove
#define memset  lib_memset
#define memcmp  lib_memcmp
#define memchr  lib_memchr
#define strlen  lib_strlen
#define strnlen lib_strnlen
#define strcmp  lib_strcmp
#define strncmp lib_strncmp
#define strchr  lib_strchr
#define strrchr lib_strrchr
#define strstr  lib_strstr
#define strlcpy lib_strlcpy
#include "lib/string.c"

#include <assert.h>
#include <stdlib.h>
#include <sys/mman.h>

#define LARGE 300

static void fill(uint8_t *p, size_t size)
{
	for (size_t i = 0; i < size; i++)
		p[i] = (uint8_t)(i * 7 + 1);
}

static void check_copies(void)
{
	uint8_t from[LARGE + 16], to[LARGE + 16], all[2 * LARGE], expected[2 * LARGE];

	fill(from, sizeof(from));
	for (size_t size = 0; size <= LARGE; size++) {
		for (size_t shift = 0; shift < 9; shift++) {
			for (size_t i = 0; i < sizeof(to); i++)
				to[i] = 0xee;
			assert(memcpy(to + shift, from + 8 - shift, size) == to + shift);
			for (size_t i = 0; i < sizeof(to); i++)
				assert(to[i] == (i >= shift && i < shift + size
							 ? from[8 - shift + i - shift]
							 : 0xee));
		}
		for (size_t distance = 0; distance <= 40; distance++) {
			fill(all, sizeof(all));
			fill(expected, sizeof(expected));
			for (size_t i = size; i-- > 0;)
				expected[distance + i] = all[i];
			memmove(all + distance, all, size);
			for (size_t i = 0; i < sizeof(all); i++)
				assert(all[i] == expected[i]);

			fill(all, sizeof(all));
			fill(expected, sizeof(expected));
			for (size_t i = 0; i < size; i++)
				expected[i] = expected[distance + i];
			memmove(all, all + distance, size);
			for (size_t i = 0; i < sizeof(all); i++)
				assert(all[i] == expected[i]);
		}
	}
}

static void check_fill_and_compare(void)
{
	uint8_t a[LARGE], b[LARGE];

	for (size_t size = 0; size < LARGE; size++) {
		fill(a, sizeof(a));
		fill(b, sizeof(b));
		assert(memcmp(a, b, size) == 0);
		if (size) {
			a[size - 1] = 0x7f;
			b[size - 1] = 0x80;
			assert(memcmp(a, b, size) < 0 && memcmp(b, a, size) > 0);
			assert(memcmp(a, b, size - 1) == 0);
		}
		assert(memset(a, 0x1a5, size) == a);
		for (size_t i = 0; i < size; i++)
			assert(a[i] == 0xa5);
		assert(a[size] == (uint8_t)(size * 7 + 1));
		assert(memchr(a, 0x5a, size) == NULL);
		if (size) {
			a[size / 2] = 0x5a;
			a[size - 1] = 0x5a;
			assert(memchr(a, 0x15a, size) == a + size / 2);
		}
	}
	assert(memcmp("\x80", "\x7f", 1) > 0);
}

/* The strings end where their allocation ends, so that the sanitizer sees a byte read too far. */
static void check_strings(void)
{
	for (size_t len = 0; len < 40; len++) {
		char *s = malloc(len + 1);

		for (size_t i = 0; i < len; i++)
			s[i] = (char)('a' + i % 26);
		s[len] = 0;
		assert(strnlen(s, len + 1) == len);
		assert(strnlen(s, len / 2) == len / 2);
		assert(strchr(s, 0) == s + len && strrchr(s, 0) == s + len);
		assert(strchr(s, 'A') == NULL && strrchr(s, 'A') == NULL);
		if (len > 30)
			assert(strchr(s, 'c') == s + 2 && strrchr(s, 'c') == s + 28);
		assert(strcmp(s, s) == 0 && strncmp(s, "a", 0) == 0);
		free(s);
	}
	/* strlen reads whole aligned words: only where those are inside is it run here. */
	char words[32] ALIGNED(8) = "0123456789";

	for (size_t i = 0; i <= 10; i++)
		assert(strlen(words + i) == 10 - i);
	assert(strcmp("a", "b") < 0 && strcmp("ab", "a") > 0 && strcmp("\xff", "a") > 0);
	assert(strncmp("abc", "abd", 2) == 0 && strncmp("abc", "abd", 3) < 0);
	assert(strncmp("ab", "ab\0c", 4) == 0);
}

/* All lengths, places of a difference and alignments, and ends at the end of a page. */
static void check_compare(void)
{
	char *pages = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			   0);
	char other[64];

	assert(pages != MAP_FAILED && !munmap(pages + 4096, 4096));
	for (size_t len = 0; len < 24; len++)
		for (size_t shift = 0; shift < 9; shift++) {
			char *s = pages + 4096 - len - 1, *t = other + shift;

			memset(s, 'x', len);
			memset(t, 'x', len);
			s[len] = t[len] = 0;
			memset(t + len + 1, 'y', 8);
			assert(strcmp(s, t) == 0 && strcmp(t, s) == 0);
			assert(strncmp(s, t, len) == 0 && strncmp(t, s, 1000) == 0);
			for (size_t i = 0; i < len; i++) {
				t[i] = (char)0xfe;
				assert(strcmp(s, t) < 0 && strcmp(t, s) > 0);
				assert(strncmp(s, t, i) == 0 && strncmp(t, s, i + 1) > 0);
				t[i] = 0;
				assert(strcmp(s, t) > 0 && strncmp(t, s, len) < 0);
				t[i] = 'x';
			}
		}
	munmap(pages, 4096);
	munmap(pages + 8192, 4096);
}

static void check_search_and_bounded_copy(void)
{
	const char text[32] ALIGNED(8) = "one two three";
	const char word[16] ALIGNED(8) = "two", none[16] ALIGNED(8) = "twox",
			    empty[8] ALIGNED(8) = "";
	char small[4];

	assert(strstr(text, word) == text + 4);
	assert(strstr(text, none) == NULL);
	assert(strstr(text, empty) == text && strstr(empty, empty) == empty);
	assert(strlcpy(small, text, sizeof(small)) == 13);
	assert(small[0] == 'o' && small[2] == 'e' && small[3] == 0);
	assert(strlcpy(small, empty, sizeof(small)) == 0 && small[0] == 0);
}

int main(void)
{
	check_copies();
	check_fill_and_compare();
	check_strings();
	check_compare();
	check_search_and_bounded_copy();
	return 0;
}
