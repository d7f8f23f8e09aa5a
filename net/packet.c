/* SPDX-License-Identifier: MIT */
/* Packets: their memory, and copying in and out. */

#include "net/packet.h"

#include <string.h>

#include "guest/page.h"
#include "guest/spinlock.h"

/* Free descriptors, linked by `link`; pages are cut into them and never returned. */
static SPINLOCK(lock);
static struct list free_packets = LIST_INIT(free_packets); /* with the lock */

static bool add_descriptors(void)
{
	struct packet *fresh = page_alloc(0);

	if (!fresh)
		return false;
	for (size_t i = 0; i < PAGE_SIZE / sizeof(*fresh); i++)
		list_push_back(&free_packets, &fresh[i].link);
	return true;
}

struct packet *packet_alloc(void)
{
	unsigned long flags = spin_lock_save(&lock);
	struct packet *packet = NULL;

	if (!list_empty(&free_packets) || add_descriptors())
		packet = list_entry(list_pop_front(&free_packets), struct packet, link);
	spin_unlock_restore(&lock, flags);
	if (!packet)
		return NULL;
	packet->parent = NULL;
	packet->refs = 1;
	packet->len = 0;
	packet->csum = PACKET_CSUM_NONE;
	packet->gso = PACKET_GSO_NONE;
	packet->gso_size = 0;
	packet->frag_count = 0;
	return packet;
}

struct packet *packet_alloc_len(uint32_t len)
{
	struct packet *packet = packet_alloc();
	uint32_t room = PACKET_HEADROOM;

	if (!packet)
		return NULL;
	while (packet->len < len || !packet->frag_count) {
		uint8_t *page = page_alloc(0);

		if (!page) {
			packet_put(packet);
			return NULL;
		}
		packet_append(packet, page + room,
			      MIN(len - packet->len, (uint32_t)PAGE_SIZE - room));
		room = 0;
	}
	return packet;
}

/* Gives the packet's own pages back, from the nth on; all but the first are the parent's, if any.
 */
static void free_pages(struct packet *packet, uint32_t from)
{
	uint32_t owned = packet->parent ? MIN(packet->frag_count, 1) : packet->frag_count;

	for (uint32_t i = from; i < owned; i++)
		page_free((void *)((uintptr_t)packet->frags[i].data & PAGE_MASK), 0);
}

static void free_packet(struct packet *packet)
{
	unsigned long flags;

	free_pages(packet, 0);
	flags = spin_lock_save(&lock);
	list_push_front(&free_packets, &packet->link);
	spin_unlock_restore(&lock, flags);
}

void packet_put(struct packet *packet)
{
	while (packet && __atomic_sub_fetch(&packet->refs, 1, __ATOMIC_ACQ_REL) == 0) {
		struct packet *parent = packet->parent;

		free_packet(packet);
		packet = parent;
	}
}

struct packet *packet_copy(const struct packet *packet)
{
	struct packet *copy = packet_alloc_len(packet->len);
	uint32_t at = 0;

	if (!copy)
		return NULL;
	copy->csum = packet->csum;
	copy->gso = packet->gso;
	copy->gso_size = packet->gso_size;
	copy->csum_start = packet->csum_start;
	copy->csum_offset = packet->csum_offset;
	for (uint32_t i = 0; i < packet->frag_count; i++) {
		packet_write(copy, at, packet->frags[i].data, packet->frags[i].len);
		at += packet->frags[i].len;
	}
	return copy;
}

void packet_trim(struct packet *packet, uint32_t len)
{
	uint32_t keep = 0, left = len;

	if (len >= packet->len)
		return;
	while (left > packet->frags[keep].len)
		left -= packet->frags[keep++].len;
	packet->frags[keep].len = left;
	free_pages(packet, keep + 1);
	packet->frag_count = (uint16_t)(keep + 1);
	packet->len = len;
}

void packet_read(const struct packet *packet, uint32_t offset, void *buf, uint32_t len)
{
	uint8_t *to = buf;

	for (uint32_t i = 0; len && i < packet->frag_count; i++) {
		const struct packet_frag *frag = &packet->frags[i];
		uint32_t part;

		if (offset >= frag->len) {
			offset -= frag->len;
			continue;
		}
		part = MIN(len, frag->len - offset);
		memcpy(to, frag->data + offset, part);
		to += part;
		len -= part;
		offset = 0;
	}
}

void packet_write(struct packet *packet, uint32_t offset, const void *buf, uint32_t len)
{
	const uint8_t *from = buf;

	for (uint32_t i = 0; len && i < packet->frag_count; i++) {
		const struct packet_frag *frag = &packet->frags[i];
		uint32_t part;

		if (offset >= frag->len) {
			offset -= frag->len;
			continue;
		}
		part = MIN(len, frag->len - offset);
		memcpy(frag->data + offset, from, part);
		from += part;
		len -= part;
		offset = 0;
	}
}
