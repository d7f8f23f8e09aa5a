/* SPDX-License-Identifier: MIT */
/* Limits for each domain, and the count of nodes that each one owns. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "xenstore/quota.h"

/*
 * Chosen as xenstored's, so that guests that fit there fit here: a frontend with dozens of devices
 * stays below half of each. All of a domain's limits together bound what it can make the daemon
 * keep: some 2 MiB of nodes, half a MiB of watches, 640 KiB in transactions, 80 KiB of messages.
 */
static const struct {
	const char *name;
	size_t offset;
	uint32_t initial;
} limits[] = {
	{ "nodes", offsetof(struct quota, nodes), 1000 },
	{ "size", offsetof(struct quota, size), 2048 },
	{ "permissions", offsetof(struct quota, perms), 5 },
	{ "watches", offsetof(struct quota, watches), 128 },
	{ "transactions", offsetof(struct quota, transactions), 10 },
	{ "transaction-nodes", offsetof(struct quota, tx_nodes), 1024 },
	{ "transaction-size", offsetof(struct quota, tx_size), 65536 },
	{ "outstanding", offsetof(struct quota, outstanding), 20 },
};

#define LIMITS (sizeof(limits) / sizeof(limits[0]))

static uint32_t *quota_field(struct quota *quota, unsigned int i)
{
	return (uint32_t *)((char *)quota + limits[i].offset);
}

void quota_init(struct quota *quota)
{
	for (unsigned int i = 0; i < LIMITS; i++)
		*quota_field(quota, i) = limits[i].initial;
}

bool quota_beyond(uint32_t limit, uint32_t value, const struct actor *who)
{
	return limit && value > limit && !who->privileged;
}

const char *quota_name(unsigned int i)
{
	return i < LIMITS ? limits[i].name : NULL;
}

uint32_t *quota_find(struct quota *quota, const char *name)
{
	for (unsigned int i = 0; i < LIMITS; i++) {
		if (!strcmp(limits[i].name, name))
			return quota_field(quota, i);
	}
	return NULL;
}

void tally_free(struct tally *tally)
{
	free(tally->entry);
	*tally = (struct tally){ 0 };
}

int tally_copy(struct tally *to, const struct tally *from)
{
	size_t bytes = from->count * sizeof(*from->entry);

	*to = (struct tally){ 0 };
	if (!bytes)
		return 0;
	to->entry = malloc(bytes);
	if (!to->entry)
		return -ENOMEM;
	memcpy(to->entry, from->entry, bytes);
	to->count = to->room = from->count;
	return 0;
}

/* Index of the first entry whose domid is not below. */
static uint32_t tally_slot(const struct tally *tally, uint16_t domid)
{
	uint32_t low = 0, high = tally->count;

	while (low < high) {
		uint32_t mid = (low + high) / 2;

		if (tally->entry[mid].domid < domid)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static struct tally_entry *tally_find(const struct tally *tally, uint16_t domid)
{
	uint32_t slot = tally_slot(tally, domid);

	if (slot < tally->count && tally->entry[slot].domid == domid)
		return &tally->entry[slot];
	return NULL;
}

uint32_t tally_nodes(const struct tally *tally, uint16_t domid)
{
	struct tally_entry *entry = tally_find(tally, domid);

	return entry ? entry->nodes : 0;
}

int tally_reserve(struct tally *tally, uint16_t domid)
{
	uint32_t room = tally->room ? tally->room * 2 : 8;
	struct tally_entry *entry;

	if (tally->count < tally->room || tally_find(tally, domid))
		return 0;
	entry = realloc(tally->entry, room * sizeof(*entry));
	if (!entry)
		return -ENOMEM;
	tally->entry = entry;
	tally->room = room;
	return 0;
}

void tally_add(struct tally *tally, uint16_t domid, int32_t nodes)
{
	uint32_t slot = tally_slot(tally, domid);
	struct tally_entry *entry = &tally->entry[slot];
	size_t after = (tally->count - slot) * sizeof(*entry);

	if (slot == tally->count || entry->domid != domid) {
		memmove(entry + 1, entry, after);
		*entry = (struct tally_entry){ .domid = domid };
		tally->count++;
		after += sizeof(*entry);
	}
	entry->nodes += nodes;
	if (!entry->nodes) {
		memmove(entry, entry + 1, after - sizeof(*entry));
		tally->count--;
	}
}
