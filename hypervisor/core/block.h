/* SPDX-License-Identifier: MIT */
/* Free frames, in buddy blocks. Only frame.c and the operations that count memory come here. */
#pragma once

#include "frame.h"

struct domain;

#define FRAME_FREE      0x01 /* head of a free block of frame.order */
#define FRAME_CLEAN     0x02 /* a free frame that is zero; all others may hold anything */
#define FRAME_SHARED_RW 0x04 /* frame_share(writable) */

/*
 * 2^order frames, below 2^max_bits bytes if not 0; `claim` frames of those that are reserved may be
 * used. Content as it is: FRAME_CLEAN tells. NULL: none.
 */
struct frame *block_take(unsigned order, unsigned max_bits, uint64_t claim);
void block_give(struct frame *f, unsigned order);

/*
 * XENMEM_claim_pages: d will have `pages` in all. -ENOMEM, -EINVAL (less than it has, or a claim
 * stands).
 */
int block_claim(struct domain *d, uint64_t pages);
void block_claim_used(struct domain *d, uint64_t pages); /* under d->frames_lock */
uint64_t block_claimed(void);

void frame_zero(struct frame *f); /* its content */
/* Zero one dirty free frame; false: there is none. For idle processors. */
bool block_scrub_one(void);
bool block_audit(void); /* the free blocks are as many frames as are counted; nobody else runs */
/* Free frames whose addresses fit in min_bits..max_bits, for availheap. */
uint64_t block_free_in(unsigned min_bits, unsigned max_bits);
