/* SPDX-License-Identifier: MIT */
/*
 * Checksums and segmentation in software, for devices that leave them or cannot do them.
 *
 * A BLANK checksum field holds the folded sum of the pseudo header. Adding everything from the
 * transport header on, that field included, and complementing the result gives the checksum: that
 * is what a device does, and what offload_finish does. Since the field takes part in the sum, who
 * leaves it blank must fill it rightly; senders are not trusted with that, so offload_prepare
 * writes it anew.
 */

#include "net/offload.h"

#include <errno.h>
#include <string.h>

#include "net/bytes.h"
#include "net/checksum.h"

#define ETHERTYPE_IPV4 0x0800
#define ETHERTYPE_IPV6 0x86dd
#define PROTO_HOPOPTS  0
#define PROTO_TCP      6
#define PROTO_UDP      17
#define PROTO_DSTOPTS  60

#define IPV4_LENGTH   2
#define IPV4_ID       4
#define IPV4_FRAGMENT 6
#define IPV4_PROTOCOL 9
#define IPV4_CHECKSUM 10
#define IPV4_SOURCE   12
#define IPV4_MIN      20
#define IPV6_LENGTH   4
#define IPV6_NEXT     6
#define IPV6_SOURCE   8
#define IPV6_LEN      40

#define TCP_SEQUENCE 4
#define TCP_OFFSET   12
#define TCP_FLAGS    13
#define TCP_CHECKSUM 16
#define TCP_MIN      20
#define TCP_FIN      0x01
#define TCP_PSH      0x08
#define TCP_CWR      0x80
#define UDP_CHECKSUM 6
#define UDP_LEN      8

/* Bounds on what a sender may ask for: each segment costs a page. */
#define GSO_HEADER_MAX   256
#define GSO_SEGMENTS_MAX 128

/* A sum in memory order is stored as it is. */
static void put_sum(uint8_t *p, uint16_t sum)
{
	memcpy(p, &sum, sizeof(sum));
}

static uint64_t pseudo_sum(const uint8_t *addresses, size_t len, uint8_t protocol, uint32_t payload)
{
	uint8_t tail[8];

	put32(tail, payload);
	put32(tail + 4, protocol);
	return checksum_add(checksum_add(0, addresses, len), tail, sizeof(tail));
}

/* What the headers say: where the transport header is, of which protocol, and how long it all is.
 */
struct layout {
	uint32_t transport;
	uint32_t end; /* of the IP packet, bytes from the frame's first */
	uint8_t protocol;
	bool v6;
};

static int parse_ipv4(const struct packet *packet, const uint8_t *head, struct layout *l)
{
	const uint8_t *ip = head + ETH_HEADER_LEN;
	uint32_t len = packet->frags[0].len, header;

	if (len < ETH_HEADER_LEN + IPV4_MIN)
		return -EINVAL;
	header = (ip[0] & 0xfU) * 4;
	if (ip[0] >> 4 != 4 || header < IPV4_MIN || get16(ip + IPV4_FRAGMENT) & 0x3fff)
		return -EINVAL;
	l->transport = ETH_HEADER_LEN + header;
	l->end = ETH_HEADER_LEN + get16(ip + IPV4_LENGTH);
	l->protocol = ip[IPV4_PROTOCOL];
	l->v6 = false;
	return 0;
}

static int parse_ipv6(const struct packet *packet, const uint8_t *head, struct layout *l)
{
	const uint8_t *ip = head + ETH_HEADER_LEN;
	uint32_t len = packet->frags[0].len, at = ETH_HEADER_LEN + IPV6_LEN;
	uint8_t next;

	if (len < at || ip[0] >> 4 != 6)
		return -EINVAL;
	next = ip[IPV6_NEXT];
	while (next == PROTO_HOPOPTS || next == PROTO_DSTOPTS) {
		if (at + 8 > len)
			return -EINVAL;
		next = head[at];
		at += (head[at + 1] + 1U) * 8;
	}
	l->transport = at;
	l->end = ETH_HEADER_LEN + IPV6_LEN + get16(ip + IPV6_LENGTH);
	l->protocol = next;
	l->v6 = true;
	return 0;
}

static int parse(const struct packet *packet, struct layout *l)
{
	const uint8_t *head = packet_head(packet, ETH_HEADER_LEN);
	uint32_t need;
	int err;

	if (!head)
		return -EINVAL;
	switch (get16(head + 12)) {
	case ETHERTYPE_IPV4:
		err = parse_ipv4(packet, head, l);
		break;
	case ETHERTYPE_IPV6:
		err = parse_ipv6(packet, head, l);
		break;
	default:
		return -EINVAL;
	}
	if (err)
		return err;
	if (l->protocol != PROTO_TCP && l->protocol != PROTO_UDP)
		return -EINVAL;
	need = l->transport + (l->protocol == PROTO_TCP ? TCP_MIN : UDP_LEN);
	if (packet->frags[0].len < need || l->end < need || l->end > packet->len)
		return -EINVAL;
	return 0;
}

/* A GSO packet is TCP of the version that it claims, with more than a header. */
static bool gso_fits(const struct packet *packet, const struct layout *l)
{
	uint32_t header;

	if (packet->gso == PACKET_GSO_NONE)
		return true;
	if (l->protocol != PROTO_TCP || !packet->gso_size ||
	    packet->gso != (l->v6 ? PACKET_GSO_TCPV6 : PACKET_GSO_TCPV4))
		return false;
	header = (packet->frags[0].data[l->transport + TCP_OFFSET] >> 4) * 4U;
	return header >= TCP_MIN && l->transport + header <= packet->frags[0].len &&
	       l->transport + header <= GSO_HEADER_MAX && l->transport + header < l->end &&
	       (l->end - l->transport - header) / packet->gso_size < GSO_SEGMENTS_MAX;
}

static uint64_t layout_pseudo_sum(const struct packet *packet, const struct layout *l)
{
	const uint8_t *ip = packet->frags[0].data + ETH_HEADER_LEN;
	uint32_t payload = l->end - l->transport;

	return l->v6 ? pseudo_sum(ip + IPV6_SOURCE, 32, l->protocol, payload)
		     : pseudo_sum(ip + IPV4_SOURCE, 8, l->protocol, payload);
}

int offload_prepare(struct packet *packet)
{
	struct layout l;
	uint8_t *field;

	if (parse(packet, &l) || !gso_fits(packet, &l))
		return -EINVAL;
	packet_trim(packet, l.end); /* padding is not part of the sum */
	packet->csum = PACKET_CSUM_BLANK;
	packet->csum_start = (uint16_t)l.transport;
	packet->csum_offset = l.protocol == PROTO_TCP ? TCP_CHECKSUM : UDP_CHECKSUM;
	field = packet->frags[0].data + packet->csum_start + packet->csum_offset;
	put_sum(field, checksum_fold(layout_pseudo_sum(packet, &l)));
	return 0;
}

uint32_t offload_header_len(const struct packet *packet)
{
	const uint8_t *tcp = packet->frags[0].data + packet->csum_start;

	return packet->csum_start + (tcp[TCP_OFFSET] >> 4) * 4U;
}

uint32_t offload_needed(const struct packet *packet)
{
	bool v6;

	if (packet->csum != PACKET_CSUM_BLANK)
		return 0;
	v6 = get16(packet->frags[0].data + 12) == ETHERTYPE_IPV6;
	return (v6 ? OFFLOAD_CSUM6 : OFFLOAD_CSUM4) |
	       (packet->gso == PACKET_GSO_TCPV4 ? OFFLOAD_TSO4 : 0) |
	       (packet->gso == PACKET_GSO_TCPV6 ? OFFLOAD_TSO6 : 0);
}

/* The sum of everything from offset to the end, pieces at odd offsets included. */
static uint16_t sum_from(const struct packet *packet, uint32_t offset)
{
	uint64_t sum = 0;
	uint32_t done = 0;

	for (uint32_t i = 0; i < packet->frag_count; i++) {
		const struct packet_frag *frag = &packet->frags[i];
		uint32_t skip = MIN(offset, frag->len);
		uint16_t part;

		offset -= skip;
		part = checksum_fold(checksum_add(0, frag->data + skip, frag->len - skip));
		sum += done & 1 ? checksum_swap(part) : part;
		done += frag->len - skip;
	}
	return checksum_fold(sum);
}

void offload_finish(struct packet *packet)
{
	uint8_t *field = packet->frags[0].data + packet->csum_start + packet->csum_offset;
	uint16_t sum = (uint16_t)~sum_from(packet, packet->csum_start);

	/* 0 would say "none" in UDP (RFC 768); both are zero in one's complement. */
	put_sum(field, sum ? sum : 0xffff);
	packet->csum = PACKET_CSUM_VALID;
}

bool offload_verify(const struct packet *packet)
{
	struct layout l;
	uint64_t sum;

	if (parse(packet, &l) || l.end != packet->len)
		return false;
	sum = checksum_fold(layout_pseudo_sum(packet, &l));
	return checksum_fold(sum + sum_from(packet, l.transport)) == 0xffff;
}

/* Borrows len bytes at offset of the parent's pages. */
static int borrow(struct packet *segment, const struct packet *parent, uint32_t offset,
		  uint32_t len)
{
	for (uint32_t i = 0; len && i < parent->frag_count; i++) {
		const struct packet_frag *frag = &parent->frags[i];
		uint32_t part;

		if (offset >= frag->len) {
			offset -= frag->len;
			continue;
		}
		if (segment->frag_count == PACKET_FRAGS)
			return -EINVAL;
		part = MIN(len, frag->len - offset);
		packet_append(segment, frag->data + offset, part);
		len -= part;
		offset = 0;
	}
	return 0;
}

/* Makes the copied headers those of the index-th segment with that much payload. */
static void adjust_headers(struct packet *segment, const struct packet *parent, uint32_t index,
			   bool last)
{
	uint8_t *ip = segment->frags[0].data + ETH_HEADER_LEN;
	uint8_t *tcp = segment->frags[0].data + segment->csum_start;
	struct layout l;

	if (parent->gso == PACKET_GSO_TCPV4) {
		put16(ip + IPV4_LENGTH, segment->len - ETH_HEADER_LEN);
		put16(ip + IPV4_ID, get16(ip + IPV4_ID) + index);
		put16(ip + IPV4_CHECKSUM, 0);
		put_sum(ip + IPV4_CHECKSUM,
			(uint16_t)~checksum_fold(checksum_add(0, ip, (ip[0] & 0xfU) * 4)));
	} else {
		put16(ip + IPV6_LENGTH, segment->len - ETH_HEADER_LEN - IPV6_LEN);
	}
	put32(tcp + TCP_SEQUENCE, get32(tcp + TCP_SEQUENCE) + index * parent->gso_size);
	if (!last)
		tcp[TCP_FLAGS] &= (uint8_t) ~(TCP_FIN | TCP_PSH);
	if (index)
		tcp[TCP_FLAGS] &= (uint8_t)~TCP_CWR; /* RFC 3168, 6.1.2: once a window */
	if (parse(segment, &l) == 0)
		put_sum(tcp + TCP_CHECKSUM, checksum_fold(layout_pseudo_sum(segment, &l)));
}

static struct packet *make_segment(struct packet *parent, uint32_t header, uint32_t index)
{
	uint32_t offset = header + index * parent->gso_size;
	uint32_t payload = MIN((uint32_t)parent->gso_size, parent->len - offset);
	struct packet *segment = packet_alloc_len(header);

	if (!segment)
		return NULL;
	packet_read(parent, 0, segment->frags[0].data, header);
	segment->parent = packet_get(parent);
	if (borrow(segment, parent, offset, payload)) {
		packet_put(segment);
		return NULL;
	}
	segment->csum = PACKET_CSUM_BLANK;
	segment->csum_start = parent->csum_start;
	segment->csum_offset = parent->csum_offset;
	adjust_headers(segment, parent, index, offset + payload == parent->len);
	return segment;
}

int offload_segment(struct packet *packet, struct list *segments)
{
	uint32_t header = offload_header_len(packet);
	uint32_t count = DIV_ROUND_UP(packet->len - header, packet->gso_size);
	int err = 0;

	for (uint32_t i = 0; i < count && !err; i++) {
		struct packet *segment = make_segment(packet, header, i);

		if (segment)
			list_push_back(segments, &segment->link);
		else
			err = -ENOMEM;
	}
	packet_put(packet);
	return err;
}
