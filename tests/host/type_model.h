/* SPDX-License-Identifier: MIT */
/*
 * Frame types on the host: the hypervisor's own type.c, table.c and entry.c over a small array of
 * frames, steps that a hostile guest could take, and an audit that counts every reference anew
 * after each of them.
 */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FRAMES  20 /* of the guest */
#define FOREIGN 2 /* behind them, of another domain */
#define GUEST   7

/*
 * Memory and processor of the model instead of the machine's; the headers' own definitions get
 * other names.
 */
#include "layout.h"
#undef DIRECTMAP_VIRT
#undef FRAMETABLE_VIRT
#define DIRECTMAP_VIRT  ((uint64_t)model_memory)
#define FRAMETABLE_VIRT ((uint64_t)model_frames)
extern char model_memory[];
extern char model_frames[];
#define this_cpu        machine_this_cpu
#define work_spent      machine_work_spent
#define work_begin      machine_work_begin
#define tlb_flush_since machine_tlb_flush_since
#include "cpu.h"
#undef this_cpu
#undef work_spent
#undef work_begin
#undef tlb_flush_since
static struct cpu model_cpu;
static inline struct cpu *this_cpu(void)
{
	return &model_cpu;
}
static inline void work_begin(void)
{
}
static inline bool work_spent(int units)
{
	return (model_cpu.budget -= units) < 0;
}
static inline void tlb_flush_since(uint64_t stamp)
{
}

#include "hypervisor/pv/entry.c"
#include "hypervisor/pv/table.c"
#include "hypervisor/pv/type.c"

/* Frame 0 exists in the table but is nobody's. */
char model_memory[(1 + FRAMES + FOREIGN) * PAGE_SIZE] ALIGNED(PAGE_SIZE);
char model_frames[(1 + FRAMES + FOREIGN) * sizeof(struct frame)] ALIGNED(32);
static struct domain model_domain = { .id = GUEST };
static struct vcpu model_vcpu = { .domain = &model_domain };
uint64_t max_mfn, tlb_clock;
unsigned nr_cpus = 1;
struct cpu_features cpu_features = { .nx = true };

void cpu_serve(void)
{
	abort(); /* one processor never waits for itself */
}
struct domain *domain_hash[DOMAIN_HASH] = { [GUEST] = &model_domain };
bool range_has(struct rangeset *s, uint64_t first, uint64_t last)
{
	return false;
}
void gprintk(enum log_level level, const char *fmt, ...)
{
}
void pv_l4_init(uint64_t *l4, struct domain *d)
{
	for (unsigned i = L4_HYPER_FIRST; i <= L4_HYPER_LAST; i++)
		l4[i] = PTE_P; /* never to be counted */
}
bool descriptors_validate(uint64_t *page)
{
	return !(page[0] & 1);
}
void frame_release(struct frame *f)
{
	abort(); /* every frame of the model stays allocated */
}

static void model_start(void)
{
	memset(model_memory, 0, sizeof(model_memory));
	memset(model_frames, 0, sizeof(model_frames));
	max_mfn = 1 + FRAMES + FOREIGN;
	nr_cpus = 3 - nr_cpus; /* the ways of one and of several in turn */
	model_cpu.vcpu = &model_vcpu;
	model_vcpu.pv.old_table = NULL;
	for (unsigned i = 1; i < max_mfn; i++) {
		frame_table[i].owner = i <= FRAMES ? GUEST : GUEST + 1;
		frame_table[i].state = FRAME_ALLOCATED | FRAME_REF;
	}
}

/* --- the audit -------------------------------------------------------------------------------- */

struct model_count {
	uint64_t refs, trefs;
};

static void count_entry(struct model_count *c, const struct frame *f, unsigned level, unsigned slot,
			bool typed)
{
	uint64_t e = ((uint64_t *)mfn_to_virt(frame_to_mfn(f)))[slot];
	uint64_t target = pte_mfn(e).n;

	if (!(e & PTE_P) || slot_is_hyper(level, slot))
		return;
	if (target >= max_mfn || (level > 1 && target == frame_to_mfn(f).n))
		return;
	c[target].refs++;
	if (typed && (level > 1 || e & PTE_W))
		c[target].trefs++;
	/* What a table uses as a table, or maps writable, has that type. */
	if (typed && level > 1 && type_level(frame_table[target].state & FRAME_TYPE) != level - 1)
		abort();
	if (typed && level == 1 && e & PTE_W &&
	    (frame_table[target].state & FRAME_TYPE) != TYPE_WRITABLE)
		abort();
	if (level == 1 && frame_table[target].owner != GUEST)
		abort();
}

static void count_table(struct model_count *c, const struct frame *f)
{
	unsigned level = type_level(f->state & FRAME_TYPE), i, end = TABLE_ENTRIES;

	if (f->state & FRAME_PARTIAL) {
		end = f->done & DONE_INDEX;
		c[f - frame_table].refs++;
		c[f - frame_table].trefs++;
		if (f->done & DONE_CHILD)
			count_entry(c, f, level, end, false);
	}
	for (i = 0; i < end; i++)
		count_entry(c, f, level, i, true);
}

/* Aborts unless each frame has exactly the refs that something holds. */
static void model_audit(void)
{
	struct model_count c[1 + FRAMES + FOREIGN] = { 0 };
	unsigned i;

	for (i = 1; i < max_mfn; i++) {
		const struct frame *f = &frame_table[i];

		c[i].refs++;
		if (f->state & FRAME_PINNED) {
			c[i].refs++;
			c[i].trefs++;
		}
		if (f->state & FRAME_LOCKED || (f->state & FRAME_VALID && f->state & FRAME_PARTIAL))
			abort();
		if (type_is_table(f->state & FRAME_TYPE) &&
		    f->state & (FRAME_VALID | FRAME_PARTIAL))
			count_table(c, f);
	}
	if (model_vcpu.pv.old_table)
		c[model_vcpu.pv.old_table - frame_table].refs++;
	for (i = 1; i < max_mfn; i++) {
		uint64_t s = frame_table[i].state;

		if (c[i].refs != (s & FRAME_REFS) || c[i].trefs != (s & FRAME_TREFS) / FRAME_TREF) {
			fprintf(stderr,
				"frame %u: state %lx, but %lu refs and %lu type refs are held\n", i,
				s, c[i].refs, c[i].trefs);
			abort();
		}
	}
}

/* --- what a guest does ------------------------------------------------------------------------ */

static struct frame *model_frame(unsigned n)
{
	return &frame_table[1 + n % (FRAMES + FOREIGN)];
}

/* A few slots at both ends and of the hypervisor's, so that tables meet. */
static unsigned model_slot(unsigned n)
{
	static const unsigned slots[8] = { 0, 1, 2, 255, 256, 271, 272, 511 };

	return slots[n % 8];
}

static uint64_t model_entry(unsigned target, unsigned flags)
{
	static const uint64_t choice[8] = {
		PTE_P, PTE_P | PTE_W, PTE_P | PTE_W | PTE_U, PTE_P | PTE_U,
		0,     PTE_P | PTE_W, PTE_P | PTE_PS,        PTE_P | PTE_NX | PTE_A,
	};

	return (uint64_t)(target % (FRAMES + FOREIGN + 2)) << PAGE_SHIFT | choice[flags % 8];
}

/* As plain memory, where it may. */
static int model_write(unsigned frame, unsigned slot, uint64_t val)
{
	struct frame *f = model_frame(frame);

	if (!frame_get_writable(f, GUEST))
		return -EINVAL;
	((uint64_t *)mfn_to_virt(frame_to_mfn(f)))[slot] = val;
	return frame_put_typed(f);
}

static int model_update(unsigned frame, unsigned slot, uint64_t val, bool keep_ad)
{
	struct frame *f = model_frame(frame);
	uint64_t type, *at = (uint64_t *)mfn_to_virt(frame_to_mfn(f)) + slot;
	struct l1_rules rules = { &model_domain, GUEST };
	int rc;

	if (old_table_finish())
		return -ERESTART;
	type = table_lock(f, GUEST);
	if (!type)
		return -EINVAL;
	rc = type == TYPE_L1 ? l1_entry_write(at, val, rules, keep_ad)
			     : upper_entry_write(at, val, f, keep_ad);
	table_unlock(f);
	return rc;
}

static int model_pin(unsigned frame, uint64_t type)
{
	struct frame *f = model_frame(frame);
	int rc = old_table_finish();

	if (!rc)
		rc = frame_get_typed(f, GUEST, type);
	if (rc)
		return rc;
	if (__atomic_fetch_or(&f->state, FRAME_PINNED, __ATOMIC_RELAXED) & FRAME_PINNED)
		table_put_later(f);
	return 0;
}

static int model_unpin(unsigned frame)
{
	struct frame *f = model_frame(frame);

	if (old_table_finish())
		return -ERESTART;
	if (!(__atomic_fetch_and(&f->state, ~FRAME_PINNED, __ATOMIC_RELAXED) & FRAME_PINNED))
		return -EINVAL;
	table_put_later(f);
	return 0;
}

/* One step, chosen by five bytes. */
static void model_step(const uint8_t b[5])
{
	uint64_t type = (uint64_t)(1 + b[2] % 5) << FRAME_TYPE_SHIFT;

	model_cpu.budget = b[0] & 0x80 ? (int)(b[4] % 16) : 1 << 20;
	switch (b[0] % 5) {
	case 0:
		model_write(b[1], model_slot(b[2]), model_entry(b[3], b[4]));
		break;
	case 1:
	case 2:
		model_update(b[1], model_slot(b[2]), model_entry(b[3], b[4]), b[0] & 0x40);
		break;
	case 3:
		model_pin(b[1], type);
		break;
	case 4:
		model_unpin(b[1]);
		break;
	}
	model_audit();
}

/* Everything is let go; afterwards each frame has its allocation's ref and nothing else. */
static void model_end(void)
{
	unsigned i;

	model_cpu.budget = 1 << 20;
	while (old_table_finish())
		model_cpu.budget = 1 << 20;
	for (i = 0; i < FRAMES; i++)
		model_unpin(i);
	for (i = 0; i < FRAMES; i++)
		if (model_frame(i)->state & FRAME_PARTIAL) {
			model_frame(i)->state += FRAME_REF;
			if (frame_put_rest(model_frame(i)))
				abort();
		}
	model_audit();
	for (i = 0; i < FRAMES; i++)
		if (model_frame(i)->state & (FRAME_TREFS | FRAME_PARTIAL) ||
		    (model_frame(i)->state & FRAME_REFS) != 1)
			abort();
}
