/* SPDX-License-Identifier: MIT */
/* Checksums and segments in software agree with the plain definition, and no page is lost. */
// uses: net/offload.c net/checksum.c net/packet.c
#include "tests/host/netpacket.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>

#include "net/checksum.h"

static uint8_t frame[PACKET_LEN_MAX];

/* A frame with `payload` bytes behind a TCP or UDP header; returns its length. */
static uint32_t make_frame(bool v6, bool tcp, uint32_t payload)
{
	uint32_t ip = v6 ? 40 : 20, transport = tcp ? 20 : 8, len = 14 + ip + transport + payload;
	uint8_t *h = frame + 14;

	for (uint32_t i = 0; i < len; i++)
		frame[i] = (uint8_t)rand();
	put16(frame + 12, v6 ? 0x86dd : 0x0800);
	memset(h, 0, 8);
	if (v6) {
		h[0] = 0x60;
		put16(h + 4, transport + payload);
		h[6] = tcp ? 6 : 17;
	} else {
		h[0] = 0x45;
		put16(h + 2, len - 14);
		h[9] = tcp ? 6 : 17;
	}
	if (tcp)
		h[ip + 12] = 0x50;
	else
		put16(h + ip + 4, transport + payload);
	return len;
}

/* The frame in pieces of any size, the first with all headers. */
static struct packet *packet_of(uint32_t len)
{
	struct packet *packet = packet_alloc();
	uint32_t done = 0;

	while (done < len) {
		uint32_t room = PAGE_SIZE - 64;
		uint32_t part = len <= room * 8 ? (uint32_t)rand() % room + 1 : room;
		uint8_t *page = page_alloc(0);

		if (!done)
			part = part < 128 ? 128 : part;
		part = MIN(part, len - done);
		if (packet->frag_count == PACKET_FRAGS - 1)
			part = MIN(len - done, room);
		memcpy(page + 64, frame + done, part);
		packet_append(packet, page + 64, part);
		done += part;
		if (packet->frag_count == PACKET_FRAGS)
			break;
	}
	return packet;
}

static void test_checksum(void)
{
	for (int i = 0; i < 2000; i++) {
		bool v6 = i & 1, tcp = i & 2;
		uint32_t len = make_frame(v6, tcp, (uint32_t)rand() % 9000);
		struct packet *packet = packet_of(len);
		static uint8_t flat[PACKET_LEN_MAX];

		if (packet->len == len) {
			assert(offload_prepare(packet) == 0);
			assert(packet->csum == PACKET_CSUM_BLANK);
			assert(offload_needed(packet) == (v6 ? OFFLOAD_CSUM6 : OFFLOAD_CSUM4));
			offload_finish(packet);
			packet_read(packet, 0, flat, len);
			assert(checksum_right(flat, len));
		}
		packet_put(packet);
	}
	assert(pages_out <= 2); /* descriptors */
}

static void test_padding(void)
{
	uint32_t len = make_frame(false, true, 2);
	struct packet *packet;

	memset(frame + len, 0xaa, 100);
	packet = packet_alloc_len(len + 100);
	packet_write(packet, 0, frame, len + 100);
	assert(offload_prepare(packet) == 0 && packet->len == len);
	packet_put(packet);
}

static void check_segment(const struct packet *segment, const struct packet *first, uint32_t at,
			  bool last)
{
	static uint8_t flat[PACKET_LEN_MAX];
	bool v6 = get16(frame + 12) == 0x86dd;
	uint32_t header = offload_header_len(first), ip = v6 ? 40 : 20;
	const uint8_t *tcp = flat + 14 + ip;

	packet_read(segment, 0, flat, segment->len);
	assert(checksum_right(flat, segment->len));
	assert(memcmp(flat + header, frame + header + at, segment->len - header) == 0);
	assert(get16(tcp + 6) == (uint16_t)(get16(frame + 14 + ip + 6) + at) ||
	       get16(tcp + 6) == (uint16_t)(get16(frame + 14 + ip + 6) + (at & 0xffff)));
	assert(last || !(tcp[13] & 0x09));
	if (!v6) {
		assert(plain_sum(flat + 14, 20, 0) == 0xffff);
		assert(get16(flat + 16) == segment->len - 14);
	}
}

static void test_segments(void)
{
	for (int i = 0; i < 500; i++) {
		bool v6 = i & 1;
		uint32_t payload = (uint32_t)rand() % 60000 + 1, at = 0;
		uint32_t len = make_frame(v6, true, payload);
		struct packet *packet = packet_of(len);
		struct list segments = LIST_INIT(segments), *node;

		packet->gso = v6 ? PACKET_GSO_TCPV6 : PACKET_GSO_TCPV4;
		packet->gso_size = 1448;
		if (packet->len != len) {
			packet_put(packet);
			continue;
		}
		assert(offload_prepare(packet) == 0);
		packet_get(packet);
		assert(offload_segment(packet, &segments) == 0);
		while ((node = list_pop_front(&segments))) {
			struct packet *segment = list_entry(node, struct packet, link);
			uint32_t part = MIN(payload - at, 1448U);

			assert(segment->len == offload_header_len(packet) + part);
			assert(segment->csum == PACKET_CSUM_BLANK && !segment->gso);
			offload_finish(segment);
			check_segment(segment, packet, at, at + part == payload);
			at += part;
			packet_put(segment);
		}
		assert(at == payload);
		packet_put(packet);
	}
	assert(pages_out <= 16);
}

static void refuse(uint32_t len)
{
	struct packet *packet = packet_alloc_len(len);

	packet_write(packet, 0, frame, len);
	assert(offload_prepare(packet) == -EINVAL);
	packet_put(packet);
}

static void test_refusals(void)
{
	uint32_t len = make_frame(false, true, 100);

	refuse(33);	       /* cut within the header */
	refuse(len - 1);       /* shorter than it says */
	frame[23] = 1;	       /* ICMP */
	refuse(len);
	make_frame(false, true, 100);
	frame[14] = 0x44; /* a header of 16 bytes */
	refuse(len);
	make_frame(false, true, 100);
	frame[20] = 0x20; /* more fragments */
	refuse(len);
	make_frame(false, true, 100);
	put16(frame + 16, 39); /* ends within the TCP header */
	refuse(len);
	len = make_frame(true, true, 100);
	frame[20] = 44; /* fragment header */
	refuse(len);
	frame[20] = 0; /* options that run out of the packet */
	frame[55] = 255;
	refuse(len);
}

static void test_bad_gso(void)
{
	struct packet *packet;
	uint32_t len = make_frame(false, true, 3000);
	static const struct {
		uint8_t gso;
		uint16_t size;
		bool fine;
	} cases[] = {
		{ PACKET_GSO_TCPV4, 1448, true }, { PACKET_GSO_TCPV6, 1448, false },
		{ PACKET_GSO_TCPV4, 0, false },	  { PACKET_GSO_TCPV4, 1, false },
		{ PACKET_GSO_TCPV4, 24, true },	  { PACKET_GSO_TCPV4, 23, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		packet = packet_alloc_len(len);
		packet_write(packet, 0, frame, len);
		packet->gso = cases[i].gso;
		packet->gso_size = cases[i].size;
		assert((offload_prepare(packet) == 0) == cases[i].fine);
		packet_put(packet);
	}
}

static void test_sums(void)
{
	for (int i = 0; i < 20000; i++) {
		size_t start = (size_t)rand() % 64, len = (size_t)rand() % 300;
		uint16_t plain, fast;

		for (size_t j = 0; j < len; j++)
			frame[start + j] = (uint8_t)(rand() % 8 ? rand() : 0xff);
		plain = plain_sum(frame + start, len, 0);
		fast = checksum_swap(checksum_fold(checksum_add(0, frame + start, len)));
		assert(plain == fast || (plain % 0xffff == 0 && fast % 0xffff == 0));
	}
}

int main(void)
{
	srand(3);
	test_sums();
	test_checksum();
	test_padding();
	test_segments();
	test_refusals();
	test_bad_gso();
	puts("netoffload: ok");
	return 0;
}
