/* SPDX-License-Identifier: MIT */
/* A packet's flow. Headers are looked for in the first piece only, as in net/offload.c. */

#include "net/flow.h"

#include <string.h>

#define ETHERTYPE_IPV4	0x0800
#define ETHERTYPE_IPV6	0x86dd
#define PROTO_TCP	6
#define PROTO_UDP	17
#define IPV4_FRAGMENT	6 /* offset of flags and fragment offset; 0x3fff: part of a whole */
#define IPV4_PROTOCOL	9
#define IPV4_SOURCE	12
#define IPV4_MIN	20
#define IPV6_NEXT	6
#define IPV6_SOURCE	8
#define IPV6_LEN	40

/* Not a hash against an enemy: who sends all on one flow hurts only his own queue. */
static uint64_t mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * 0x9e3779b97f4a7c15ULL;
	return h ^ h >> 32;
}

static uint64_t mix_bytes(uint64_t h, const uint8_t *p, size_t len)
{
	uint64_t v = 0;

	for (; len >= sizeof(v); p += sizeof(v), len -= sizeof(v)) {
		memcpy(&v, p, sizeof(v));
		h = mix(h, v);
	}
	v = 0;
	memcpy(&v, p, len);
	return len ? mix(h, v) : h;
}

/* Both ports, where the first piece holds them. */
static uint64_t mix_ports(uint64_t h, const uint8_t *transport, const uint8_t *end,
			  uint8_t protocol)
{
	h = mix(h, protocol);
	if ((protocol == PROTO_TCP || protocol == PROTO_UDP) && end - transport >= 4)
		return mix_bytes(h, transport, 4);
	return h;
}

static uint64_t flow_ipv4(const uint8_t *ip, const uint8_t *end)
{
	uint64_t h = mix_bytes(0, ip + IPV4_SOURCE, 8);

	if ((ip[IPV4_FRAGMENT] & 0x3f) | ip[IPV4_FRAGMENT + 1])
		return h;
	return mix_ports(h, ip + (ip[0] & 0xf) * 4, end, ip[IPV4_PROTOCOL]);
}

static uint64_t flow_ipv6(const uint8_t *ip, const uint8_t *end)
{
	return mix_ports(mix_bytes(0, ip + IPV6_SOURCE, 32), ip + IPV6_LEN, end, ip[IPV6_NEXT]);
}

uint32_t packet_flow(const struct packet *packet)
{
	const uint8_t *head = packet_head(packet, ETH_HEADER_LEN), *ip, *end;
	unsigned int type;

	if (!head)
		return 0;
	ip = head + ETH_HEADER_LEN;
	end = head + packet->frags[0].len;
	type = (unsigned int)(head[12] << 8 | head[13]);
	if (type == ETHERTYPE_IPV4 && end - ip >= IPV4_MIN)
		return (uint32_t)flow_ipv4(ip, end);
	if (type == ETHERTYPE_IPV6 && end - ip >= IPV6_LEN)
		return (uint32_t)flow_ipv6(ip, end);
	return (uint32_t)mix_bytes(0, head, 12);
}
