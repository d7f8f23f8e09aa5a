/* SPDX-License-Identifier: MIT */
/* Rows of grants, all given by the domain to itself. */
#include "bench.h"

#define REF  9 /* page_a */
#define DEST 10 /* page_b */

static struct gnttab_map_grant_ref map;
static struct gnttab_unmap_grant_ref unmap;
static struct gnttab_copy copy;
static struct gnttab_setup_table setup;
static xen_pfn_t setup_frame;
static ulong stamp;

static void given_begin(void)
{
	if (!grant_table)
		grant_init();
	window_set(0, 0);
	grant_give(REF, 0, page_a, 0);
	grant_give(DEST, 0, page_b, 0);
}

static void given_end(void)
{
	grant_table[REF].flags = grant_table[DEST].flags = 0;
	window_set(0, entry_of(page_a));
}

static bool used(void)
{
	return grant_table[REF].flags & GTF_writing;
}

static void map_before(void)
{
	map = (struct gnttab_map_grant_ref){
		.host_addr = (ulong)window, .flags = GNTMAP_host_map, .ref = REF, .status = 77
	};
}

static void map_op(void)
{
	result = call3(grant_table_op, GNTTABOP_map_grant_ref, &map, 1);
}

static bool map_done(void)
{
	return !result && map.status == GNTST_okay && used() && READ_ONCE(*window) == *page_a;
}

static void unmap_op(void)
{
	result = call3(grant_table_op, GNTTABOP_unmap_grant_ref, &unmap, 1);
}

static void unmap_aim(void)
{
	unmap = (struct gnttab_unmap_grant_ref){ .host_addr = (ulong)window,
						 .handle = map.handle,
						 .status = 77 };
}

static void map_after(void)
{
	unmap_aim();
	unmap_op();
}

static void unmap_before(void)
{
	map_before();
	map_op();
	unmap_aim();
}

static bool unmap_done(void)
{
	return !result && unmap.status == GNTST_okay && !used() &&
	       !(*pte_of(window, 1) & PTE_P);
}

/*
 * --- copies: from one reference to another
 * --------------------------------------------------------
 */

static void copy_before(unsigned int len)
{
	ulong *first = (ulong *)page_a, *last = (ulong *)(page_a + PAGE_SIZE) - 1;

	*first = *last = ++stamp;
	copy = (struct gnttab_copy){ .source.u.ref = REF,
				     .source.domid = DOMID_SELF,
				     .dest.u.ref = DEST,
				     .dest.domid = DOMID_SELF,
				     .len = len,
				     .flags = GNTCOPY_source_gref | GNTCOPY_dest_gref,
				     .status = 77 };
}

static void copy_byte_before(void)
{
	copy_before(1);
}

static void copy_page_before(void)
{
	copy_before(PAGE_SIZE);
}

static void copy_op(void)
{
	result = call3(grant_table_op, GNTTABOP_copy, &copy, 1);
}

static bool copy_byte_done(void)
{
	return !result && copy.status == GNTST_okay && *page_b == (char)stamp;
}

static bool copy_page_done(void)
{
	return !result && copy.status == GNTST_okay &&
	       !memcmp((const char *)page_a, (const char *)page_b, PAGE_SIZE);
}

static void copy_end(void)
{
	memset(page_a, 0, PAGE_SIZE);
	memset(page_b, 0, PAGE_SIZE);
	*page_a = 'A';
	*page_b = 'B';
	given_end();
}

/*
 * --- the table itself
 * -----------------------------------------------------------------------------
 */

static void setup_before(void)
{
	setup_frame = 0;
	setup = (struct gnttab_setup_table){ .dom = DOMID_SELF, .nr_frames = 1, .status = 77 };
	set_xen_guest_handle(setup.frame_list, &setup_frame);
}

static void setup_op(void)
{
	result = call3(grant_table_op, GNTTABOP_setup_table, &setup, 1);
}

static bool setup_done(void)
{
	return !result && setup.status == GNTST_okay &&
	       setup_frame == PTE_MFN(*pte_of((void *)grant_table, 1));
}

GROUP(grant, {
	{ "grant map", .op = map_op, .done = map_done, .before = map_before, .after = map_after,
	  .begin = given_begin, .end = given_end, .target = 300 },
	{ "grant unmap", .op = unmap_op, .done = unmap_done, .before = unmap_before,
	  .begin = given_begin, .end = given_end, .target = 320 },
	{ "grant copy, 1 byte by ref", .op = copy_op, .done = copy_byte_done,
	  .before = copy_byte_before, .begin = given_begin, .end = copy_end },
	{ "grant copy, 4096 bytes by ref", .op = copy_op, .done = copy_page_done,
	  .before = copy_page_before, .begin = given_begin, .end = copy_end, .target = 850 },
	{ "grant setup_table", .op = setup_op, .done = setup_done, .before = setup_before,
	  .begin = given_begin, .end = given_end },
});
