/* SPDX-License-Identifier: MIT */
/*
 * gzip: zlib inflates, into a buffer that grows as it must. The size in the trailer is a hint, no
 * more.
 */
#include "dom0/gunzip.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#define GZIP_WINDOW (15 + 16) /* zlib: largest window, gzip header */
#define SIZE_MIN    65536U
#define SIZE_LIMIT  (512UL << 20)

bool gunzip_is(const void *data, size_t size)
{
	return size > 18 && !memcmp(data, "\x1f\x8b\x08", 3);
}

/* What the last four bytes claim, within reason for the packed size. */
static size_t first_guess(const uint8_t *data, size_t size)
{
	uint32_t claim;

	memcpy(&claim, data + size - 4, 4);
	return claim >= SIZE_MIN && claim / 1032 <= size && claim <= SIZE_LIMIT ? claim : SIZE_MIN;
}

static int inflate_all(z_stream *z, uint8_t **buf, size_t *room)
{
	for (;;) {
		int status;

		z->next_out = *buf + z->total_out;
		z->avail_out = (uInt)(*room - z->total_out);
		status = inflate(z, Z_NO_FLUSH);
		if (status == Z_STREAM_END)
			return 0;
		if (status == Z_MEM_ERROR)
			return -ENOMEM;
		if (status != Z_OK && status != Z_BUF_ERROR)
			return -EINVAL;
		if (z->avail_out)
			return -EINVAL; /* the input ended too soon */
		if (*room >= SIZE_LIMIT)
			return -EFBIG;

		uint8_t *larger = realloc(*buf, *room * 2);

		if (!larger)
			return -ENOMEM;
		*buf = larger;
		*room *= 2;
	}
}

int gunzip(const void *data, size_t size, void **out, size_t *out_size, const char *name,
	   struct error *error)
{
	z_stream z = { .next_in = (Bytef *)data, .avail_in = (uInt)size };
	size_t room = first_guess(data, size) + 1;
	uint8_t *buf = malloc(room);
	int err = buf && inflateInit2(&z, GZIP_WINDOW) == Z_OK ? 0 : -ENOMEM;

	if (!err) {
		err = inflate_all(&z, &buf, &room);
		inflateEnd(&z);
	}
	if (err) {
		free(buf);
		if (err == -ENOMEM)
			return error_set(
				error, err,
				"%s: dom0 has no memory to unpack it; raise dom0_mem=", name);
		return error_set(error, err, "%s: the gzip file is damaged or cut short", name);
	}
	*out = buf;
	*out_size = z.total_out;
	return 0;
}
