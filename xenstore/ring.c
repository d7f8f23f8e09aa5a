/* SPDX-License-Identifier: MIT */
/* The two byte rings of a store connection's shared page. */
#include "xenstore/ring.h"

/*
 * Indexes run freely and are masked when used, so "full" and "empty" differ, and prod - cons is the
 * number of bytes also where they wrap. Either side's index is memory that the other can write: an
 * impossible pair is an error here, not a copy of four billion bytes.
 */

/* The contiguous part of `len` bytes from `at` on. */
static int ring_piece(XENSTORE_RING_IDX at, uint32_t len)
{
	return MIN(len, XENSTORE_RING_SIZE - MASK_XENSTORE_IDX(at));
}

int ring_readable(struct ring *ring, const char **piece)
{
	XENSTORE_RING_IDX cons = READ_ONCE(*ring->cons), prod = READ_ONCE(*ring->prod);

	if (prod - cons > XENSTORE_RING_SIZE)
		return -EIO;
	rmb(); /* The peer wrote the bytes before prod: read them after it. */
	ring->at = cons;
	*piece = ring->data + MASK_XENSTORE_IDX(cons);
	return ring_piece(cons, prod - cons);
}

int ring_writable(struct ring *ring, char **piece)
{
	XENSTORE_RING_IDX cons = READ_ONCE(*ring->cons), prod = READ_ONCE(*ring->prod);

	if (prod - cons > XENSTORE_RING_SIZE)
		return -EIO;
	barrier(); /* He had read the old bytes before cons: no store of ours before that load. */
	ring->at = prod;
	*piece = ring->data + MASK_XENSTORE_IDX(prod);
	return ring_piece(prod, XENSTORE_RING_SIZE - (prod - cons));
}

void ring_consumed(struct ring *ring, unsigned int bytes)
{
	rmb(); /* Our loads of the bytes come before the peer may overwrite them. */
	ring->at += bytes;
	WRITE_ONCE(*ring->cons, ring->at);
	mb(); /* He sees the room before we look at prod again: or both of us wait. */
}

void ring_produced(struct ring *ring, unsigned int bytes)
{
	wmb(); /* The bytes are there before prod says so. */
	ring->at += bytes;
	WRITE_ONCE(*ring->prod, ring->at);
	mb(); /* He sees the bytes before we look at cons again: or both of us wait. */
}
