/* SPDX-License-Identifier: MIT */
/*
 * Whatever a burst is, joining and cutting it again gives each connection the frames that arrived,
 * bit by bit and in order; what can be joined is.
 */
// uses: net/gro.c net/offload.c net/checksum.c net/packet.c
#include "tests/host/netpacket.h"

#include <assert.h>
#include <stdio.h>

#include "net/gro.h"

#define BURST	    64
#define CONNECTIONS 6
#define FRAME	    2048

struct frame {
	uint8_t bytes[FRAME];
	uint32_t len;
};

static struct frame arrived[BURST];
static unsigned int count;
static struct list burst = LIST_INIT(burst);

/* One end of a connection, as its sender sees it. */
static struct connection {
	uint32_t seq, ack;
	uint16_t id, window;
	bool v6, options;
} connections[CONNECTIONS];

static void put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v);
}

/* The right checksums; `plain_sum` is the test's own. */
static void seal(struct frame *f)
{
	uint8_t *ip = f->bytes + 14, *tcp;
	bool v6 = ip[0] >> 4 == 6;
	uint32_t header = v6 ? 40 : 20, payload = f->len - 14 - header;
	uint16_t sum;

	if (!v6) {
		put16(ip + 10, 0);
		put16(ip + 10, (uint16_t)~plain_sum(ip, 20, 0));
	}
	tcp = ip + header;
	put16(tcp + 16, 0);
	sum = (uint16_t)~plain_sum(tcp, payload,
				   plain_sum(ip + (v6 ? 8 : 12), v6 ? 32 : 8, payload + 6));
	put16(tcp + 16, sum ? sum : 0xffff); /* both are zero in one's complement */
}

static void make_ip(const struct connection *c, uint8_t *ip, uint32_t len)
{
	unsigned int which = (unsigned int)(c - connections);

	memset(ip, 0, 40);
	if (c->v6) {
		ip[0] = 0x60;
		put16(ip + 4, len - 40);
		ip[6] = 6;
		ip[7] = 64;
		ip[23] = (uint8_t)which;
	} else {
		ip[0] = 0x45;
		put16(ip + 2, len);
		put16(ip + 4, c->id);
		ip[8] = 64;
		ip[9] = 6;
		ip[15] = (uint8_t)which;
	}
}

/* The connection's next segment, of `payload` bytes. */
static struct frame *make_segment(struct connection *c, uint32_t payload, uint8_t flags)
{
	struct frame *f = &arrived[count++];
	uint32_t header = c->v6 ? 40 : 20, tcp_len = c->options ? 32 : 20;
	uint8_t *tcp = f->bytes + 14 + header;

	memset(f->bytes, 0, 14);
	put16(f->bytes + 12, c->v6 ? 0x86dd : 0x0800);
	f->len = 14 + header + tcp_len + payload;
	make_ip(c, f->bytes + 14, header + tcp_len + payload);
	memset(tcp, 0, tcp_len);
	put16(tcp, 80);
	put16(tcp + 2, 5000);
	put32(tcp + 4, c->seq);
	put32(tcp + 8, c->ack);
	tcp[12] = (uint8_t)(tcp_len / 4 << 4);
	tcp[13] = flags;
	put16(tcp + 14, c->window);
	for (uint32_t i = 0; i < payload; i++)
		tcp[tcp_len + i] = (uint8_t)rand();
	c->seq += payload;
	c->id++;
	seal(f);
	return f;
}

static void deliver(const struct frame *f)
{
	struct packet *packet = packet_alloc_len(f->len);

	packet_write(packet, 0, f->bytes, f->len);
	list_push_back(&burst, &packet->link);
}

static bool same_connection(const struct frame *a, const struct frame *b)
{
	return !memcmp(a->bytes + 12, b->bytes + 12, 3) && a->bytes[29] == b->bytes[29] &&
	       a->bytes[37] == b->bytes[37];
}

/* Takes the first frame of that connection that has not come out yet: it must be this one. */
static void match(const struct frame *out)
{
	for (unsigned int i = 0; i < count; i++) {
		if (!arrived[i].len || !same_connection(&arrived[i], out))
			continue;
		assert(arrived[i].len == out->len);
		assert(!memcmp(arrived[i].bytes, out->bytes, out->len));
		arrived[i].len = 0;
		return;
	}
	assert(!"a frame that never arrived");
}

static void take(struct packet *packet)
{
	struct frame out = { .len = packet->len };

	assert(packet->len <= FRAME);
	packet_read(packet, 0, out.bytes, packet->len);
	match(&out);
	packet_put(packet);
}

/* Cuts what was joined and looks at every frame. How many packets there were. */
static unsigned int join_and_cut(void)
{
	struct list *node, segments = LIST_INIT(segments);
	unsigned int packets = 0;

	gro_join(&burst);
	while ((node = list_pop_front(&burst))) {
		struct packet *packet = list_entry(node, struct packet, link);

		packets++;
		if (packet->gso == PACKET_GSO_NONE) {
			take(packet);
			continue;
		}
		assert(packet->csum == PACKET_CSUM_BLANK);
		assert(offload_segment(packet, &segments) == 0);
		while ((node = list_pop_front(&segments))) {
			struct packet *segment = list_entry(node, struct packet, link);

			offload_finish(segment);
			take(segment);
		}
	}
	for (unsigned int i = 0; i < count; i++)
		assert(!arrived[i].len);
	count = 0;
	return packets;
}

static void connections_begin(void)
{
	for (unsigned int i = 0; i < CONNECTIONS; i++)
		connections[i] = (struct connection){
			.seq = (uint32_t)rand() * 3U,
			.ack = (uint32_t)rand(),
			.id = (uint16_t)rand(),
			.window = 1000,
			.v6 = i & 1,
			.options = i & 2,
		};
}

/* Full segments of one connection, with a shorter one behind them, are one packet. */
static void test_joined(void)
{
	for (unsigned int i = 0; i < CONNECTIONS; i++) {
		connections_begin();
		for (int k = 0; k < 10; k++)
			deliver(make_segment(&connections[i], 1400, 0x10));
		deliver(make_segment(&connections[i], 77, 0x18));
		assert(join_and_cut() == 1);
	}
}

/* Two that take turns are two. */
static void test_two(void)
{
	connections_begin();
	for (int k = 0; k < 20; k++)
		deliver(make_segment(&connections[k & 1], 1000, 0x10));
	assert(join_and_cut() == 2);
}

/* What may go wrong with a frame on its way, or with its sender. */
static void disturb(struct frame *f)
{
	struct connection *c = &connections[rand() % CONNECTIONS];

	switch (rand() % 10) {
	case 0:
		f->bytes[f->len - 1] ^= 1; /* the checksum is wrong */
		break;
	case 1:
		f->bytes[14 + 8 + rand() % 12] ^= 1; /* time to live, header checksum, addresses */
		break;
	case 2:
		c->seq += (uint32_t)rand() % 3 - 1;
		break;
	case 3:
		c->ack++;
		break;
	case 4:
		c->window++;
		break;
	case 5:
		c->id++;
		break;
	default:
		break;
	}
}

static void test_any(void)
{
	unsigned int joined = 0;

	for (int i = 0; i < 200; i++) {
		unsigned int few = (unsigned int)rand() % CONNECTIONS + 1;

		connections_begin();
		while (count < BURST) {
			static const uint8_t flags[] = { 0x10, 0x10, 0x10, 0x10,
							 0x18, 0x11, 0x14, 0x30 };
			struct connection *c = &connections[(unsigned int)rand() % few];
			bool quiet = i % 4 == 0;
			struct frame *f =
				make_segment(c, rand() % 8 ? 1200 : (uint32_t)rand() % 1500,
					     quiet ? 0x10 : flags[rand() % 8]);

			if (!quiet)
				disturb(f);
			deliver(f);
		}
		joined += BURST - join_and_cut();
	}
	assert(joined > 200);
	assert(pages_out <= 64); /* descriptors */
}

int main(void)
{
	srand(7);
	test_joined();
	test_two();
	test_any();
	printf("joined and cut again, bit by bit\n");
	return 0;
}
