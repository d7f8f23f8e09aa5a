/* SPDX-License-Identifier: MIT */
/*
 * Other domains' grants: mapping them into our address space, and copying through Xen.
 *
 * A mapping is one page-table entry that Xen sets and only Xen may take away: the handle that it
 * gives for it is what unmaps it. The address comes from vmap_reserve, whose tables are present.
 * Copying needs no mapping, no flush and no handle, and is what packets use; mappings are for
 * rings and for data that is read in place.
 */
#include <stdlib.h>

#include "guest/gnttab.h"
#include "guest/hypercall.h"
#include "guest/thread.h"
#include "guest/vmap.h"

#define BATCH        32
#define EAGAIN_PAUSE NS_PER_MS /* the peer's memory is being paged in or shared */
#define EAGAIN_TRIES 100

int gnttab_error(int16_t status)
{
	switch (status) {
	case GNTST_okay:
		return 0;
	case GNTST_bad_domain:
		return -ESRCH;
	case GNTST_permission_denied:
		return -EPERM;
	case GNTST_no_device_space:
	case GNTST_no_space:
		return -ENOSPC;
	case GNTST_eagain:
		return -EAGAIN;
	case GNTST_bad_gntref:
	case GNTST_bad_handle:
	case GNTST_bad_virt_addr:
	case GNTST_bad_dev_addr:
	case GNTST_bad_page:
	case GNTST_bad_copy_arg:
	case GNTST_address_too_big:
		return -EINVAL;
	default:
		return -EIO;
	}
}

/* --- Mapping ------------------------------------------------------------ */

static void map_one_again(struct gnttab_map_grant_ref *op)
{
	unsigned int tries;

	for (tries = 0; op->status == GNTST_eagain && tries < EAGAIN_TRIES; tries++) {
		thread_sleep(EAGAIN_PAUSE);
		hypercall_grant_table_op(GNTTABOP_map_grant_ref, op, 1);
	}
}

/*
 * At most BATCH. Each entry's err says what became of it, whatever the result: the status is set to
 * a failure before, since Xen writes none where the hypercall itself fails.
 */
static long map_some(struct gnttab_map *maps, size_t count)
{
	struct gnttab_map_grant_ref ops[BATCH];
	size_t i;
	long err;

	for (i = 0; i < count; i++)
		ops[i] = (struct gnttab_map_grant_ref){
			.host_addr = (uint64_t)maps[i].va,
			.flags = GNTMAP_host_map | (maps[i].readonly ? GNTMAP_readonly : 0),
			.ref = maps[i].ref,
			.dom = maps[i].domid,
			.status = GNTST_general_error,
		};
	err = hypercall_grant_table_op(GNTTABOP_map_grant_ref, ops, (unsigned int)count);
	for (i = 0; i < count; i++) {
		map_one_again(&ops[i]);
		maps[i].err = gnttab_error(ops[i].status);
		maps[i].handle = ops[i].handle;
		if (maps[i].err && !err)
			err = maps[i].err;
	}
	return err;
}

int gnttab_map_batch(struct gnttab_map *maps, size_t count)
{
	size_t done, n;
	long first = 0;

	for (done = 0; done < count; done += n) {
		long err;

		n = MIN(count - done, (size_t)BATCH);
		err = map_some(maps + done, n);
		if (err && !first)
			first = err;
	}
	return (int)first;
}

static long unmap_some(struct gnttab_unmap_grant_ref *ops, size_t count)
{
	long err = hypercall_grant_table_op(GNTTABOP_unmap_grant_ref, ops, (unsigned int)count);
	size_t i;

	for (i = 0; !err && i < count; i++)
		err = gnttab_error(ops[i].status);
	return err;
}

/* Collects the entries that are mapped, and unmaps a batch whenever it is full, and at the end. */
int gnttab_unmap_batch(struct gnttab_map *maps, size_t count)
{
	struct gnttab_unmap_grant_ref ops[BATCH];
	size_t i, n = 0;
	long first = 0;

	for (i = 0; i <= count; i++) {
		if (n && (n == BATCH || i == count)) {
			long err = unmap_some(ops, n);

			first = first ? first : err;
			n = 0;
		}
		if (i < count && !maps[i].err)
			ops[n++] = (struct gnttab_unmap_grant_ref){
				.host_addr = (uint64_t)maps[i].va,
				.handle = maps[i].handle,
			};
	}
	return (int)first;
}

/* --- The simple form ---------------------------------------------------- */

static int map_each(struct gnttab_mapping *map, domid_t domid, const grant_ref_t *refs,
		    bool readonly)
{
	struct gnttab_map *maps = calloc(map->count, sizeof(*maps));
	size_t i;
	int err;

	if (!maps)
		return -ENOMEM;
	for (i = 0; i < map->count; i++) {
		maps[i].domid = domid;
		maps[i].ref = refs[i];
		maps[i].readonly = readonly;
		maps[i].va = (char *)map->va + i * PAGE_SIZE;
	}
	err = gnttab_map_batch(maps, map->count);
	if (err)
		gnttab_unmap_batch(maps, map->count);
	for (i = 0; i < map->count; i++)
		map->handles[i] = maps[i].handle;
	free(maps);
	return err;
}

/* vmap_release and free take NULL: so one error path serves whatever was had by then. */
int gnttab_map(struct gnttab_mapping *map, domid_t domid, const grant_ref_t *refs, size_t count,
	       bool readonly)
{
	int err = -ENOMEM;

	map->count = count;
	map->handles = calloc(count, sizeof(*map->handles));
	map->va = vmap_reserve(count);
	if (map->handles && map->va)
		err = map_each(map, domid, refs, readonly);
	if (err) {
		vmap_release(map->va, count);
		free(map->handles);
		map->va = NULL;
		map->handles = NULL;
	}
	return err;
}

/*
 * The address space is given back even if Xen refuses: it refuses only handles that are not ours,
 * and then there is no entry to take away.
 */
void gnttab_unmap(struct gnttab_mapping *map)
{
	struct gnttab_unmap_grant_ref ops[BATCH];
	size_t done, n, i;

	if (!map->va)
		return;
	for (done = 0; done < map->count; done += n) {
		n = MIN(map->count - done, (size_t)BATCH);
		for (i = 0; i < n; i++)
			ops[i] = (struct gnttab_unmap_grant_ref){
				.host_addr = (uint64_t)map->va + (done + i) * PAGE_SIZE,
				.handle = map->handles[done + i],
			};
		unmap_some(ops, n);
	}
	vmap_release(map->va, map->count);
	free(map->handles);
	map->va = NULL;
}

/* --- Copying ------------------------------------------------------------ */

int gnttab_copy(gnttab_copy_t *ops, size_t count)
{
	unsigned int tries;
	size_t i;
	long err;
	int first = 0;

	if (!count)
		return 0;
	err = hypercall_grant_table_op(GNTTABOP_copy, ops, (unsigned int)count);
	if (err)
		return (int)err;
	for (i = 0; i < count; i++) {
		for (tries = 0; ops[i].status == GNTST_eagain && tries < EAGAIN_TRIES; tries++) {
			thread_sleep(EAGAIN_PAUSE);
			hypercall_grant_table_op(GNTTABOP_copy, &ops[i], 1);
		}
		if (ops[i].status != GNTST_okay && !first)
			first = gnttab_error(ops[i].status);
	}
	return first;
}
