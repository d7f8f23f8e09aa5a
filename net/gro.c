/* SPDX-License-Identifier: MIT */
/*
 * Joining. A segment continues a packet when all that a cut would copy is equal (addresses, ports,
 * acknowledgement, window, options), its sequence number is the next, and the packet's segments so
 * far were all full. So a cut restores it: sizes and sequence numbers follow from the first, and so
 * do IPv4's identifications, which must count up unless fragments are forbidden, where they have no
 * meaning (RFC 6864). Whatever else arrives ends all that is being joined, so nothing is overtaken.
 *
 * A joined packet gets a new checksum, so the old ones are verified before, of every part; where
 * nothing is joined, that is left to whom it concerns. Headers must be in the first piece and
 * without IP options, as nearly all are.
 */

#include "net/gro.h"

#include <string.h>

#include "net/bytes.h"
#include "net/checksum.h"
#include "net/offload.h"

#define IPV4_LEN  20
#define IPV6_LEN  40
#define TCP_MIN   20
#define TCP_ACK   0x10
#define TCP_PSH   0x08
#define PROTO_TCP 6

/* Connections that are followed at once in a burst. */
#define FLOWS 4

/* A TCP segment: its headers, and where its payload is. */
struct segment {
	struct packet *packet;
	uint8_t *ip, *tcp;
	bool v6;
	uint16_t ip_len, tcp_len; /* of the headers */
	uint32_t payload;
};

/* A packet that the next segment may continue. */
struct flow {
	struct segment first; /* packet NULL: none */
	uint32_t segments;
	uint32_t next;	/* sequence number */
	uint8_t pushed; /* PSH of any part */
	bool verified;	/* the first one's checksum */
};

/* Of a few bytes, a number of them that the compiler knows: in line. */
#define SAME(a, b, len) (!__builtin_memcmp(a, b, len))

/* --- What arrived ----------------------------------------------------------------------------- */

static bool parse_ip(struct segment *s, uint32_t *total)
{
	if (s->ip[0] == 0x45) {
		s->v6 = false;
		s->ip_len = IPV4_LEN;
		*total = get16(s->ip + 2);
		return s->ip[9] == PROTO_TCP && !(get16(s->ip + 6) & 0x3fff);
	}
	s->v6 = true;
	s->ip_len = IPV6_LEN;
	*total = get16(s->ip + 4) + (uint32_t)IPV6_LEN;
	return s->ip[0] >> 4 == 6 && s->ip[6] == PROTO_TCP;
}

/* Whether it may be joined with others at all: data, and nothing else that matters. */
static bool parse(struct packet *packet, struct segment *s)
{
	const uint8_t *head = packet_head(packet, ETH_HEADER_LEN + IPV6_LEN + TCP_MIN);
	uint16_t type = head ? get16(head + 12) : 0;
	uint32_t total;

	if ((type != 0x0800 && type != 0x86dd) || packet->csum == PACKET_CSUM_BLANK ||
	    packet_shared(packet) || packet->parent)
		return false;
	s->packet = packet;
	s->ip = packet->frags[0].data + ETH_HEADER_LEN;
	if (!parse_ip(s, &total) || s->v6 != (type == 0x86dd) ||
	    ETH_HEADER_LEN + total != packet->len)
		return false;
	s->tcp = s->ip + s->ip_len;
	s->tcp_len = (uint16_t)((s->tcp[12] >> 4) * 4);
	if (s->tcp_len < TCP_MIN || s->tcp[12] & 0xf || (s->tcp[13] & ~TCP_PSH) != TCP_ACK ||
	    total <= (uint32_t)s->ip_len + s->tcp_len ||
	    packet->frags[0].len <= ETH_HEADER_LEN + (uint32_t)s->ip_len + s->tcp_len)
		return false;
	s->payload = total - s->ip_len - s->tcp_len;
	return true;
}

static bool same_connection(const struct segment *a, const struct segment *b)
{
	if (a->v6 != b->v6 || !SAME(a->tcp, b->tcp, 4))
		return false;
	return a->v6 ? SAME(a->ip + 8, b->ip + 8, 32) : SAME(a->ip + 12, b->ip + 12, 8);
}

static bool header_sum_right(const struct segment *s)
{
	return s->v6 || checksum_fold(checksum_add(0, s->ip, IPV4_LEN)) == 0xffff;
}

/* All checksums of it. */
static bool verify(const struct segment *s)
{
	return header_sum_right(s) &&
	       (s->packet->csum == PACKET_CSUM_VALID || offload_verify(s->packet));
}

/* --- Joining ---------------------------------------------------------------------------------- */

/* Of IPv4: what is not length, identification and checksum. Of IPv6: what is not length. */
static bool same_ip(const struct flow *flow, const struct segment *s)
{
	const uint8_t *a = flow->first.ip, *b = s->ip;

	if (s->v6)
		return SAME(a, b, 4) && SAME(a + 6, b + 6, 2);
	return a[1] == b[1] && SAME(a + 6, b + 6, 2) && a[8] == b[8] &&
	       (a[6] & 0x40 || get16(b + 4) == (uint16_t)(get16(a + 4) + flow->segments));
}

/* Acknowledgement and length of the header, window, urgent pointer and options. */
static bool same_tcp(const struct segment *a, const struct segment *b)
{
	return SAME(a->tcp + 8, b->tcp + 8, 4) && a->tcp[12] == b->tcp[12] &&
	       SAME(a->tcp + 14, b->tcp + 14, 2) && SAME(a->tcp + 18, b->tcp + 18, 2) &&
	       (a->tcp_len == TCP_MIN ||
		!memcmp(a->tcp + TCP_MIN, b->tcp + TCP_MIN, a->tcp_len - TCP_MIN));
}

static bool continues(const struct flow *flow, const struct segment *s)
{
	const struct packet *packet = flow->first.packet;

	return !flow->pushed && get32(s->tcp + 4) == flow->next &&
	       s->payload <= flow->first.payload && same_ip(flow, s) &&
	       same_tcp(&flow->first, s) &&
	       SAME(packet->frags[0].data, s->packet->frags[0].data, 12) &&
	       packet->frag_count + s->packet->frag_count <= PACKET_FRAGS &&
	       packet->len + s->payload <= PACKET_LEN_MAX;
}

/* The segment's pages go to the packet, its headers stay behind unseen. */
static void append(struct packet *packet, struct segment *s)
{
	struct packet *from = s->packet;
	uint32_t skip = ETH_HEADER_LEN + (uint32_t)s->ip_len + s->tcp_len;

	for (uint32_t i = 0; i < from->frag_count; i++) {
		packet_append(packet, from->frags[i].data + skip, from->frags[i].len - skip);
		skip = 0;
	}
	from->frag_count = 0;
	packet_put(from);
}

static void flow_start(struct flow *flow, const struct segment *s)
{
	*flow = (struct flow){ .first = *s,
			       .segments = 1,
			       .next = get32(s->tcp + 4) + s->payload,
			       .pushed = s->tcp[13] & TCP_PSH };
}

/* Only a full segment can have one behind it: `pushed` closes after others, too. */
static bool flow_append(struct flow *flow, struct segment *s)
{
	if (!flow->verified && !verify(&flow->first))
		return false;
	flow->verified = true;
	if (!verify(s))
		return false;
	flow->next += s->payload;
	flow->segments++;
	flow->first.tcp[13] |= s->tcp[13];
	flow->pushed = (s->tcp[13] & TCP_PSH) || s->payload < flow->first.payload;
	append(flow->first.packet, s);
	return true;
}

/* Gives a joined packet the headers of all of it. */
static void flow_end(struct flow *flow)
{
	struct packet *packet = flow->first.packet;
	uint8_t *ip = flow->first.ip;
	uint16_t sum;

	if (flow->segments < 2)
		return;
	packet->gso = flow->first.v6 ? PACKET_GSO_TCPV6 : PACKET_GSO_TCPV4;
	packet->gso_size = (uint16_t)flow->first.payload;
	if (flow->first.v6) {
		put16(ip + 4, packet->len - ETH_HEADER_LEN - IPV6_LEN);
	} else {
		put16(ip + 2, packet->len - ETH_HEADER_LEN);
		put16(ip + 10, 0);
		sum = (uint16_t)~checksum_fold(checksum_add(0, ip, IPV4_LEN));
		memcpy(ip + 10, &sum, sizeof(sum));
	}
	offload_prepare(packet);
}

static void end_all(struct flow *flows)
{
	for (unsigned int i = 0; i < FLOWS; i++) {
		flow_end(&flows[i]);
		flows[i] = (struct flow){ 0 };
	}
}

static struct flow *find(struct flow *flows, const struct segment *s)
{
	for (unsigned int i = 0; i < FLOWS; i++)
		if (flows[i].first.packet && same_connection(&flows[i].first, s))
			return &flows[i];
	return NULL;
}

void gro_join(struct list *burst)
{
	struct flow flows[FLOWS] = { 0 };
	unsigned int victim = 0;
	struct list *node, done = LIST_INIT(done);

	while ((node = list_pop_front(burst))) {
		struct packet *packet = list_entry(node, struct packet, link);
		struct segment s;
		struct flow *flow;

		if (parse(packet, &s)) {
			flow = find(flows, &s);
			if (flow && continues(flow, &s) && flow_append(flow, &s))
				continue;
			if (!flow)
				flow = &flows[victim++ % FLOWS];
			flow_end(flow);
			flow_start(flow, &s);
		} else {
			end_all(flows);
		}
		list_push_back(&done, &packet->link);
	}
	end_all(flows);
	list_splice_back(burst, &done);
}
