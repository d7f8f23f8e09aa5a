/* SPDX-License-Identifier: MIT */
/* Grants: give pages to other domains, map theirs, and let Xen copy between both. */
#pragma once

#include "guest/types.h"

#include <xen/grant_table.h>

/* --- For frontends: giving ---------------------------------------------- */

/*
 * A reference names one entry of this domain's table. All of them return a reference, or -errno
 * (-ENOSPC: the table is full). Any context.
 */
int gnttab_grant(domid_t to, mfn_t frame, bool readonly); /* alloc and access */
int gnttab_alloc(void);                                   /* a reference that grants nothing */
void gnttab_free(grant_ref_t ref);                        /* of gnttab_alloc, not granted */

/* Let a reference from gnttab_alloc give access to a frame. */
void gnttab_access(grant_ref_t ref, domid_t to, mfn_t frame, bool readonly);

/* Does the other side hold it mapped at this moment? */
bool gnttab_busy(grant_ref_t ref);

/*
 * Take access away: 0, or -EBUSY while the peer holds a mapping, then nothing changed. The frame
 * may be reused only after 0. gnttab_end keeps the reference for another gnttab_access, _revoke
 * frees it.
 */
int gnttab_end(grant_ref_t ref);
int gnttab_revoke(grant_ref_t ref);

/*
 * The same for a page that its owner cannot wait for: if the peer still holds it, page and
 * reference are kept aside and freed once it lets go (looked at twice a second). The page is one
 * of page_alloc(0), or of a larger allocation all of whose pages go this way (guest/page.h), or
 * NULL. Any context.
 */
void gnttab_revoke_page(grant_ref_t ref, void *page);

size_t gnttab_free_count(void);

/* --- For backends: mapping ---------------------------------------------- */

struct gnttab_map {
	domid_t domid;         /* in */
	grant_ref_t ref;       /* in */
	bool readonly;         /* in */
	void *va;              /* in: where, a page from vmap_reserve with nothing mapped */
	grant_handle_t handle; /* out */
	int err;               /* out: 0 or -errno */
};

/* Map a batch; 0, or the first error, and each entry tells its own. Mapped entries stay mapped. */
int gnttab_map_batch(struct gnttab_map *maps, size_t count);

/* Unmap those entries whose err is 0 (by va and handle). 0 or the first error. */
int gnttab_unmap_batch(struct gnttab_map *maps, size_t count);

/* The simple form: contiguous address space for `count` refs of one domain, all or nothing. */
struct gnttab_mapping {
	void *va;
	size_t count;
	grant_handle_t *handles; /* owned by the mapping */
};

int gnttab_map(struct gnttab_mapping *map, domid_t domid, const grant_ref_t *refs, size_t count,
	       bool readonly);
void gnttab_unmap(struct gnttab_mapping *map);

/* --- For backends: copying ---------------------------------------------- */

/*
 * Copy a batch of segments, each within one page; the caller fills gnttab_copy_t of the ABI.
 * Retries what Xen asks to retry (GNTST_eagain). 0, or -errno of the first that failed; the
 * status of each stands in the element.
 */
int gnttab_copy(gnttab_copy_t *ops, size_t count);

/* GNTST_* as -errno; 0 stays 0. */
int gnttab_error(int16_t status);
