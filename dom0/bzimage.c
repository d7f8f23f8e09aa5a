/* SPDX-License-Identifier: MIT */
/*
 * Finds the payload by the setup header (Linux, Documentation/arch/x86/boot.rst, protocol 2.08) and
 * has a library unpack it. Its build appends the unpacked size, 4 bytes, to every format but gzip,
 * which ends in it by itself: so the buffer is allocated once. The image is as hostile as any file:
 * each offset is checked against its end, and a payload that yields another size than it claims is
 * refused.
 */
#include "dom0/bzimage.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <lz4.h>
#include <lzma.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "dom0/gunzip.h"
#include "guest/types.h"

#define SECTOR		    512U
#define HEADER_END	    0x250U
#define PROTOCOL_PAYLOAD    0x208U /* the first that has payload_offset and payload_length */
#define SIZE_LIMIT	    (512UL << 20)
#define LZ4_LEGACY_BLOCK    (8U << 20)
#define XZ_MEMORY_LIMIT	    (128UL << 20) /* the kernel's build asks for a dictionary of 32 MiB */

struct payload {
	const uint8_t *data;
	size_t size;	 /* without the appended size */
	size_t unpacked; /* what it claims */
};

static uint32_t read32(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static uint16_t read16(const uint8_t *at)
{
	uint16_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

bool bzimage_is(const void *data, size_t size)
{
	const uint8_t *image = data;

	return size >= HEADER_END && image[0x1fe] == 0x55 && image[0x1ff] == 0xaa &&
	       !memcmp(image + 0x202, "HdrS", 4);
}

static bool find_payload(const uint8_t *image, size_t size, struct payload *payload)
{
	size_t sectors = image[0x1f1] ? image[0x1f1] : 4; /* 0 means 4, for compatibility */
	uint64_t start = (sectors + 1) * SECTOR + (uint64_t)read32(image + 0x248);
	uint64_t length = read32(image + 0x24c);

	if (read16(image + 0x206) < PROTOCOL_PAYLOAD || length < 16 || start > size ||
	    length > size - start)
		return false;
	payload->data = image + start;
	payload->size = length - 4;
	payload->unpacked = read32(payload->data + payload->size);
	return true;
}

/*
 * --- The formats: each fills out[0, unpacked) exactly, or fails
 * -----------------------------------
 */

static int unpack_xz(const struct payload *in, void *out)
{
	uint64_t limit = XZ_MEMORY_LIMIT;
	size_t used = 0, made = 0;
	lzma_ret status = lzma_stream_buffer_decode(&limit, 0, NULL, in->data, &used, in->size, out,
						    &made, in->unpacked);

	if (status == LZMA_MEM_ERROR || status == LZMA_MEMLIMIT_ERROR)
		return -ENOMEM;
	return status == LZMA_OK && made == in->unpacked ? 0 : -EINVAL;
}

/* The payload may be padded, and its frame says where it ends. */
static int unpack_zstd(const struct payload *in, void *out)
{
	size_t frame = ZSTD_findFrameCompressedSize(in->data, in->size);
	size_t made =
		ZSTD_isError(frame) ? frame : ZSTD_decompress(out, in->unpacked, in->data, frame);

	if (ZSTD_isError(made))
		return ZSTD_getErrorCode(made) == ZSTD_error_memory_allocation ? -ENOMEM : -EINVAL;
	return made == in->unpacked ? 0 : -EINVAL;
}

/* The legacy format: a magic number, then blocks, each behind its packed size and at most 8 MiB. */
static int unpack_lz4(const struct payload *in, void *out)
{
	size_t at = 4, made = 0;

	while (made < in->unpacked) {
		size_t block, room = MIN(in->unpacked - made, (size_t)LZ4_LEGACY_BLOCK);
		int n;

		if (in->size - at < 4)
			return -EINVAL;
		block = read32(in->data + at);
		at += 4;
		if (!block || block > in->size - at || block > LZ4_COMPRESSBOUND(LZ4_LEGACY_BLOCK))
			return -EINVAL;
		n = LZ4_decompress_safe((const char *)in->data + at, (char *)out + made, (int)block,
					(int)room);
		if (n <= 0)
			return -EINVAL;
		at += block;
		made += (size_t)n;
	}
	return 0;
}

static const struct format {
	char magic[6];
	uint8_t len;
	int (*unpack)(const struct payload *in, void *out);
} formats[] = {
	{ { '\xfd', '7', 'z', 'X', 'Z', 0 }, 6, unpack_xz },
	{ { '\x28', '\xb5', '\x2f', '\xfd' }, 4, unpack_zstd },
	{ { '\x02', '\x21', '\x4c', '\x18' }, 4, unpack_lz4 },
};

static const struct format *find_format(const struct payload *payload)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(formats); i++)
		if (!memcmp(payload->data, formats[i].magic, formats[i].len))
			return &formats[i];
	return NULL;
}

int bzimage_unpack(const void *data, size_t size, void **out, size_t *out_size, const char *name,
		   struct error *error)
{
	const struct format *format;
	struct payload payload;
	void *buf;
	int err;

	if (!find_payload(data, size, &payload))
		return error_set(error, -ENOEXEC,
				 "%s: the bzImage is too old, damaged or cut short", name);
	if (gunzip_is(payload.data, payload.size + 4))
		return gunzip(payload.data, payload.size + 4, out, out_size, name, error);
	format = find_format(&payload);
	if (!format)
		return error_set(error, -ENOTSUP,
				 "%s: the bzImage is packed neither by gzip nor by xz, zstd or lz4",
				 name);
	if (!payload.unpacked || payload.unpacked > SIZE_LIMIT)
		return error_set(error, -EFBIG, "%s: the bzImage claims to unpack to %zu bytes",
				 name, payload.unpacked);
	buf = malloc(payload.unpacked);
	err = buf ? format->unpack(&payload, buf) : -ENOMEM;
	if (err) {
		free(buf);
		if (err == -ENOMEM)
			return error_set(
				error, err,
				"%s: dom0 has no memory to unpack it; raise dom0_mem=", name);
		return error_set(error, err, "%s: the bzImage's payload is damaged", name);
	}
	*out = buf;
	*out_size = payload.unpacked;
	return 0;
}
