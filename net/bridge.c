/* SPDX-License-Identifier: MIT */
/* The bridge's table of addresses: learning, ageing, and the choice of a port. */

#include "net/bridge.h"

#include <errno.h>
#include <string.h>

void bridge_init(struct bridge *bridge, uint64_t secret)
{
	memset(bridge, 0, sizeof(*bridge));
	bridge->secret = secret;
}

int bridge_add_port(struct bridge *bridge, uint16_t limit)
{
	unsigned long port = bitmap_next_clear(bridge->ports, BRIDGE_PORTS, 0);

	if (port == BRIDGE_PORTS)
		return -ENOSPC;
	bitmap_set(bridge->ports, port);
	bridge->learned[port] = 0;
	bridge->limit[port] = limit;
	return (int)port;
}

static void forget(struct bridge *bridge, struct bridge_entry *entry)
{
	bridge->learned[entry->port]--;
	entry->seen = 0;
}

void bridge_remove_port(struct bridge *bridge, unsigned int port)
{
	for (unsigned int s = 0; s < BRIDGE_SETS; s++)
		for (unsigned int w = 0; w < BRIDGE_WAYS; w++) {
			struct bridge_entry *entry = &bridge->table[s][w];

			if (entry->seen && entry->port == port)
				forget(bridge, entry);
		}
	bitmap_clear(bridge->ports, port);
}

static uint64_t mac_number(const uint8_t mac[6])
{
	uint64_t v = 0;

	memcpy(&v, mac, 6);
	return v;
}

static struct bridge_entry *set_of(struct bridge *bridge, uint64_t mac)
{
	uint64_t h = (mac ^ bridge->secret) * 0x9e3779b97f4a7c15ULL;

	h = (h ^ h >> 29) * (bridge->secret | 1);
	return bridge->table[h >> 32 & (BRIDGE_SETS - 1)];
}

/* The entry of an address, if it is fresh; one that is too old is forgotten on the way. */
static struct bridge_entry *find(struct bridge *bridge, uint64_t mac, uint64_t now)
{
	struct bridge_entry *set = set_of(bridge, mac);

	for (unsigned int w = 0; w < BRIDGE_WAYS; w++) {
		if (!set[w].seen || set[w].mac != mac)
			continue;
		if (now - set[w].seen <= BRIDGE_AGE_NS)
			return &set[w];
		forget(bridge, &set[w]);
		return NULL;
	}
	return NULL;
}

/*
 * A place for a new address: a free or aged one, else the oldest of the set. A port that has had
 * its share may only replace what is its own.
 */
static struct bridge_entry *choose_place(struct bridge *bridge, uint64_t mac, unsigned int port,
					 uint64_t now)
{
	struct bridge_entry *set = set_of(bridge, mac), *best = NULL;
	bool full = bridge->learned[port] >= bridge->limit[port];

	for (unsigned int w = 0; w < BRIDGE_WAYS; w++) {
		struct bridge_entry *entry = &set[w];

		if (entry->seen && now - entry->seen > BRIDGE_AGE_NS)
			forget(bridge, entry);
		if (full && (!entry->seen || entry->port != port))
			continue;
		if (!best || entry->seen < best->seen)
			best = entry;
	}
	return best;
}

static void learn(struct bridge *bridge, unsigned int port, uint64_t mac, uint64_t now)
{
	struct bridge_entry *entry = find(bridge, mac, now);

	if (entry && entry->port == port) {
		entry->seen = now;
		return;
	}
	/* An address that moved: its old place goes, and the new port's share decides. */
	if (entry)
		forget(bridge, entry);
	entry = choose_place(bridge, mac, port, now);
	if (!entry)
		return;
	if (entry->seen)
		forget(bridge, entry);
	entry->seen = now;
	entry->port = (uint8_t)port;
	entry->mac = mac;
	bridge->learned[port]++;
}

static bool is_group(const uint8_t mac[6])
{
	return mac[0] & 1;
}

/* 802.1D, 7.12.6: addresses of the link itself are never forwarded. */
static bool is_link_local(const uint8_t mac[6])
{
	static const uint8_t prefix[5] = { 0x01, 0x80, 0xc2, 0x00, 0x00 };

	return memcmp(mac, prefix, 5) == 0 && mac[5] < 0x10;
}

int bridge_decide(struct bridge *bridge, unsigned int port, const uint8_t addresses[12],
		  uint64_t now)
{
	const uint8_t *to = addresses, *from = addresses + 6;
	struct bridge_entry *entry;

	if (is_group(from) || is_link_local(to))
		return BRIDGE_DROP;
	learn(bridge, port, mac_number(from), now);
	if (is_group(to))
		return BRIDGE_FLOOD;
	entry = find(bridge, mac_number(to), now);
	if (!entry)
		return BRIDGE_FLOOD;
	return entry->port == port ? BRIDGE_DROP : (int)entry->port;
}
