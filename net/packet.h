/* SPDX-License-Identifier: MIT */
/*
 * A packet on its way through the system: an Ethernet frame in up to PACKET_FRAGS pieces, each
 * within one page, and what is known or still to do about its checksum and its segments. All
 * devices, the bridge and the lwIP port hand packets on by reference; only grant copies and the
 * lwIP port move bytes.
 *
 * A packet with one reference belongs to its holder, who may change it: all of it, or the first
 * piece when it has a parent. One with more references is constant.
 * All functions may be called from any context, and none sleeps.
 */
#pragma once

#include "lib/list.h"
#include "lib/types.h"

/* 64 KiB and a header that begins anywhere in its page. */
#define PACKET_FRAGS   18
#define PACKET_LEN_MAX 65535

/* Room before the first byte of packets that we allocate, for a device's own header. */
#define PACKET_HEADROOM 64

#define ETH_HEADER_LEN 14

enum packet_csum {
	PACKET_CSUM_NONE,  /* complete, not verified */
	PACKET_CSUM_VALID, /* complete and verified, or from a sender on this machine */
	PACKET_CSUM_BLANK, /* only the pseudo header is summed; csum_start and _offset tell where */
};

enum packet_gso {
	PACKET_GSO_NONE,
	PACKET_GSO_TCPV4, /* to be cut into segments of gso_size bytes of payload; csum is BLANK */
	PACKET_GSO_TCPV6,
};

struct packet_frag {
	uint8_t *data; /* in a page of page_alloc(0), which the packet owns */
	uint32_t len;
};

struct packet {
	struct list link;      /* for one holder only; several queue it by packet_queue */
	struct packet *parent; /* owns the pages of all pieces but the first; NULL: we do */
	uint32_t refs;
	uint32_t len;
	uint8_t csum; /* enum packet_csum */
	uint8_t gso;  /* enum packet_gso */
	uint16_t gso_size;
	uint16_t csum_start;  /* bytes from the frame's first to the transport header */
	uint16_t csum_offset; /* from there to the checksum */
	uint16_t frag_count;
	struct packet_frag frags[PACKET_FRAGS];
};

/* An empty packet without pieces, one reference; NULL when memory is short. */
struct packet *packet_alloc(void);

/* A packet of len bytes of undefined contents in packed pages, with PACKET_HEADROOM. */
struct packet *packet_alloc_len(uint32_t len);

/*
 * Appends a piece: data within a page of page_alloc(0), which the packet frees with itself. The
 * caller makes sure that frag_count < PACKET_FRAGS.
 */
static inline void packet_append(struct packet *packet, void *data, uint32_t len)
{
	packet->frags[packet->frag_count++] = (struct packet_frag){ .data = data, .len = len };
	packet->len += len;
}

static inline struct packet *packet_get(struct packet *packet)
{
	__atomic_fetch_add(&packet->refs, 1, __ATOMIC_RELAXED);
	return packet;
}

/* Drops one reference; the last one frees the pages. */
void packet_put(struct packet *packet);

static inline bool packet_shared(const struct packet *packet)
{
	return __atomic_load_n(&packet->refs, __ATOMIC_RELAXED) > 1;
}

/* A packet of its own with the same contents; NULL when memory is short. */
struct packet *packet_copy(const struct packet *packet);

/* The first len bytes in one piece, or NULL when they are not, or not that many. */
static inline uint8_t *packet_head(const struct packet *packet, uint32_t len)
{
	return packet->frag_count && packet->frags[0].len >= len ? packet->frags[0].data : NULL;
}

/* Bytes in front of the first one that its owner may write. */
static inline uint32_t packet_headroom(const struct packet *packet)
{
	return (uint32_t)((uintptr_t)packet->frags[0].data & (PAGE_SIZE - 1));
}

/* Cuts the packet's end off, pages that hold nothing more included; len is at least 1. */
void packet_trim(struct packet *packet, uint32_t len);

/* Copies len bytes at offset out of or into the packet; they must be there. */
void packet_read(const struct packet *packet, uint32_t offset, void *buf, uint32_t len);
void packet_write(struct packet *packet, uint32_t offset, const void *buf, uint32_t len);
