/* SPDX-License-Identifier: MIT */
/*
 * Rules: a frame has one type at a time, and it changes only at no type refs; a table is checked
 * when it becomes one, whole or not at all; what stopped in the middle goes on in either direction;
 * no ref is lost or made up.
 */
// flags: -iquotehypervisor/include -DLOCKCHECK=0
#include "check.h"
#include "type_model.h"

#define RW (PTE_P | PTE_W | PTE_U)
#define RO (PTE_P | PTE_U)

static uint64_t entry(unsigned frame, uint64_t flags)
{
	return frame_to_mfn(model_frame(frame)).n << PAGE_SHIFT | flags;
}

static void test_single(void)
{
	model_start();
	model_cpu.budget = 1 << 20;
	CHECK("an empty frame pins as L1", model_pin(0, TYPE_L1) == 0);
	CHECK("not as L2 as well", model_pin(0, TYPE_L2) == -EINVAL);
	CHECK("nor is it writable", model_write(0, 0, 0) == -EINVAL);
	CHECK("a writable mapping of a page", model_update(0, 1, entry(1, RW), false) == 0);
	CHECK("which is no table then", model_pin(1, TYPE_L1) == -EINVAL);
	CHECK("a writable mapping of the L1 itself",
	      model_update(0, 2, entry(0, RW), false) == -EBUSY);
	CHECK("a read-only one", model_update(0, 2, entry(0, RO), false) == 0);
	CHECK("another domain's page", model_update(0, 3, entry(FRAMES, RO), false) == -EBUSY);
	CHECK("a superpage bit, as PAT",
	      model_update(0, 3, entry(1, RO | PTE_PAT), false) == -EINVAL);
	CHECK("flags only", model_update(0, 1, entry(1, RW | PTE_NX | PTE_A), false) == 0);
	CHECK("a page that is not there",
	      model_update(0, 3, 999UL << PAGE_SHIFT | RO, false) == -EPERM);
	model_audit();
	CHECK("unpinned", model_unpin(0) == 0);
	CHECK("twice", model_unpin(0) == -EINVAL);
	CHECK("the page is free for another use", model_pin(1, TYPE_L2) == 0);
	model_end();
}

static void test_supervisor_bit(void)
{
	uint64_t *l1;

	model_start();
	model_cpu.budget = 1 << 20;
	l1 = mfn_to_virt(frame_to_mfn(model_frame(0)));
	model_write(0, 0, entry(1, PTE_P));
	model_write(0, 1, entry(1, PTE_P | PTE_U | PTE_G));
	CHECK("both pages' L1 pins", model_pin(0, TYPE_L1) == 0);
	CHECK("a supervisor page is a marked user page",
	      l1[0] == entry(1, PTE_P | PTE_U | PTE_KERNEL));
	CHECK("a global one is not", l1[1] == entry(1, PTE_P | PTE_U));
	model_end();
}

/* L4 0 - L3 1 - L2 2 - L1 3 - data 4.. */
static void build_tree(void)
{
	model_start();
	model_cpu.budget = 1 << 20;
	model_write(0, 0, entry(1, RW));
	model_write(1, 0, entry(2, RW));
	model_write(2, 0, entry(3, RW));
	for (unsigned i = 0; i < 8; i++)
		model_write(3, i, entry(4 + i, RW));
}

static void test_tree(void)
{
	build_tree();
	CHECK("a tree pins by its root", model_pin(0, TYPE_L4) == 0);
	CHECK("down to the data", (model_frame(4)->state & FRAME_TYPE) == TYPE_WRITABLE);
	CHECK("an L1 in an L3's slot", model_update(1, 1, entry(3, RW), false) == -EINVAL);
	CHECK("an L3 in an L2's slot", model_update(2, 1, entry(1, RW), false) == -EINVAL);
	CHECK("the hypervisor's slot", model_update(0, 256, entry(1, RW), false) == -EINVAL);
	CHECK("and the last of them", model_update(0, 271, 0, false) == -EINVAL);
	CHECK("the root in itself, writable", model_update(0, 300, entry(0, RW), false) == -EINVAL);
	CHECK("read-only", model_update(0, 300, entry(0, RO), false) == 0);
	model_audit();
	CHECK("a subtree cut off", model_update(0, 0, 0, false) == 0);
	CHECK("its data free again", model_pin(4, TYPE_L1) == 0);
	model_end();
}

/* A bad entry deep down: nothing of the tree is left with a type. */
static void test_failure(void)
{
	build_tree();
	model_write(3, 7, entry(0, RW)); /* maps the root writable */
	CHECK("a tree that maps its root writable", model_pin(0, TYPE_L4) == -EBUSY);
	while (old_table_finish())
		model_cpu.budget = 1 << 20;
	model_audit();
	CHECK("leaves nothing",
	      !(model_frame(3)->state & FRAME_TREFS) && !(model_frame(4)->state & FRAME_TREFS));
	model_end();
}

/* With the least budget, every operation stops as often as it can, and others come in between. */
static void test_stopping(void)
{
	unsigned stops = 0;
	int rc;

	build_tree();
	for (unsigned i = 1; i < 6; i++)
		model_write(1, i, entry(11 + i, RW)); /* empty L2s */
	do {
		model_cpu.budget = 0;
		rc = model_pin(0, TYPE_L4);
		model_audit();
		stops += rc == -ERESTART;
	} while (rc == -ERESTART);
	CHECK("the pin stopped", stops > 3);
	CHECK("and succeeded", rc == 0);
	model_cpu.budget = 0;
	CHECK("unpin", model_unpin(0) == 0);
	CHECK("has left something", model_vcpu.pv.old_table == model_frame(0));
	model_audit();
	model_cpu.budget = 0;
	CHECK("a table that stopped takes no update", !table_lock(model_frame(0), GUEST));
	model_cpu.budget = 1 << 20;
	CHECK("somebody pins it meanwhile", frame_get_typed(model_frame(0), GUEST, TYPE_L4) == 0);
	model_frame(0)->state |= FRAME_PINNED;
	model_audit();
	CHECK("then there is nothing left to undo", old_table_finish() == 0);
	model_audit();
	model_end();
}

static void test_random(void)
{
	uint8_t step[5];

	srandom(20240101);
	for (unsigned round = 0; round < 60; round++) {
		model_start();
		for (unsigned i = 0; i < 1200; i++) {
			for (unsigned k = 0; k < sizeof(step); k++)
				step[k] = (uint8_t)(random() >> 8);
			model_step(step);
		}
		model_end();
	}
	CHECK("72,000 random steps", true);
}

int main(void)
{
	test_single();
	test_supervisor_bit();
	test_tree();
	test_failure();
	test_stopping();
	test_random();
	return failures ? 1 : 0;
}
