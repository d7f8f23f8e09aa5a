/* SPDX-License-Identifier: MIT */
/* Sets of numbers as sorted lists of ranges, disjoint and not adjacent. */
#include "console.h"
#include "domain.h"
#include "frame.h"

static struct range *range_new(uint64_t first, uint64_t last, struct range *next)
{
	struct range *r = heap_alloc(sizeof(*r));

	if (r)
		*r = (struct range){ .next = next, .first = first, .last = last };
	return r;
}

/* Takes in every following range that r now overlaps or touches. */
static void swallow(struct range *r)
{
	struct range *next;

	while ((next = r->next) && (r->last == ~0UL || next->first <= r->last + 1)) {
		r->last = MAX(r->last, next->last);
		r->next = next->next;
		heap_free(next);
	}
}

int range_add(struct rangeset *s, uint64_t first, uint64_t last)
{
	struct range **at, *r;
	int rc = 0;

	spin_lock(&s->lock);
	for (at = &s->head; (r = *at) && first && r->last < first - 1; at = &r->next)
		;
	if (r && (last == ~0UL || r->first <= last + 1)) {
		r->first = MIN(r->first, first);
		r->last = MAX(r->last, last);
		swallow(r);
	} else {
		r = range_new(first, last, r);
		if (r)
			*at = r;
		else
			rc = -ENOMEM;
	}
	spin_unlock(&s->lock);
	return rc;
}

int range_remove(struct rangeset *s, uint64_t first, uint64_t last)
{
	struct range **at = &s->head, *r, *rest;
	int rc = 0;

	spin_lock(&s->lock);
	while ((r = *at) && r->first <= last) {
		if (r->last < first) {
			at = &r->next;
		} else if (r->first < first && r->last > last) {
			rest = range_new(last + 1, r->last, r->next);
			if (!rest) {
				rc = -ENOMEM;
				break;
			}
			r->last = first - 1;
			r->next = rest;
			break;
		} else if (r->first < first) {
			r->last = first - 1;
			at = &r->next;
		} else if (r->last > last) {
			r->first = last + 1;
			break;
		} else {
			*at = r->next;
			heap_free(r);
		}
	}
	spin_unlock(&s->lock);
	return rc;
}

bool range_has(struct rangeset *s, uint64_t first, uint64_t last)
{
	struct range *r;
	bool has = false;

	spin_lock(&s->lock);
	for (r = s->head; r && r->first <= first && !has; r = r->next)
		has = r->last >= last;
	spin_unlock(&s->lock);
	return has;
}

void range_clear(struct rangeset *s)
{
	struct range *r;

	while ((r = s->head)) {
		s->head = r->next;
		heap_free(r);
	}
}
