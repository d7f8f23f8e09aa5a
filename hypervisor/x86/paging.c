/* SPDX-License-Identifier: MIT */
/*
 * The hypervisor's own address space (layout.h), built once; all page tables share it through
 * slots 256-271 of their roots. Nothing is both writable and executable, and nothing but M2P's
 * first view is the guests'.
 *
 * The hypervisor's mappings are global and guests' entries never are, so that loading CR3 drops
 * exactly what a guest can have changed. The image is left out of the directmap: it has one
 * mapping.
 */
#include "console.h"
#include "lib/string.h"
#include "local.h"
#include "memory.h"
#include "offsets.h"

#define SIZE_2M (1UL << 21)
#define SIZE_1G (1UL << 30)
#define LOW_4G  (1UL << 32)

uint64_t *hyper_l4;
mfn_t hyper_l4_mfn;

static uint64_t nx, global;
static uint64_t iomap_next = IOMAP_VIRT, *iomap_l2; /* next: atomic */
static spinlock_t iomap_lock = SPINLOCK(LOCK_IOMAP); /* guards the tables below iomap_l2 */

static uint64_t *new_table(void)
{
	/* Until the final tables are loaded, only the first 4 GiB can be reached. */
	paddr_t pa = memory_take(PAGE_SIZE, PAGE_SIZE, LOW_4G);

	return memset((void *)(DIRECTMAP_VIRT + pa), 0, PAGE_SIZE);
}

static uint64_t *next_table(uint64_t *entry, uint64_t user)
{
	if (!(*entry & PTE_P))
		*entry = (uint64_t)virt_to_mfn(new_table()).n << PAGE_SHIFT | PTE_P | PTE_W |
			 PTE_A | user;
	return mfn_to_virt(pte_mfn(*entry));
}

/* Map with the largest pages that fit. All is page-aligned; nothing was mapped there before. */
static void map(uint64_t va, paddr_t pa, uint64_t size, uint64_t flags)
{
	uint64_t user = flags & PTE_U, fit, step;
	uint64_t *l3, *l2, *l1;

	flags |= PTE_P | PTE_A | (flags & PTE_W ? PTE_D : 0);
	for (; size; va += step, pa += step, size -= step) {
		fit = va | pa;
		l3 = next_table(&hyper_l4[va >> 39 & 511], user);
		if (cpu_features.gb_pages && IS_ALIGNED(fit, SIZE_1G) && size >= SIZE_1G) {
			l3[va >> 30 & 511] = pa | flags | PTE_PS;
			step = SIZE_1G;
			continue;
		}
		l2 = next_table(&l3[va >> 30 & 511], user);
		if (IS_ALIGNED(fit, SIZE_2M) && size >= SIZE_2M) {
			l2[va >> 21 & 511] = pa | flags | PTE_PS;
			step = SIZE_2M;
			continue;
		}
		l1 = next_table(&l2[va >> 21 & 511], user);
		step = 0;
		do {
			l1[(va + step) >> 12 & 511] = (pa + step) | flags;
			step += PAGE_SIZE;
		} while (step < size && !IS_ALIGNED(va + step, SIZE_2M));
	}
}

static paddr_t image_phys(const void *va)
{
	return (uint64_t)va - IMAGE_VIRT + LOAD_PHYS;
}

static void map_image(void)
{
	struct {
		const char *from, *to;
		uint64_t flags;
	} part[] = {
		{ image_start, rodata_start, 0 },
		{ rodata_start, data_start, nx },
		{ data_start, image_end, nx | PTE_W },
	};
	unsigned i;

	for (i = 0; i < ARRAY_SIZE(part); i++)
		map((uint64_t)part[i].from, image_phys(part[i].from),
		    (uint64_t)(part[i].to - part[i].from), part[i].flags | global);
}

/* Physical memory [start, end) into the directmap, without the image. */
static void map_direct(uint64_t start, uint64_t end)
{
	uint64_t image_from = LOAD_PHYS, image_to = image_phys(image_end);

	if (start < image_to && end > image_from) {
		if (start < image_from)
			map_direct(start, image_from);
		start = image_to;
	}
	if (start < end)
		map(DIRECTMAP_VIRT + start, start, end - start, PTE_W | nx | global);
}

/* The stub is the same page for all: what it addresses lies relative to where it runs. */
void paging_map_cpu(unsigned id)
{
	static const bool mapped[8] = { true, false, true, false, true, false, true, true };
	extern char cpu0_block[];
	paddr_t pa;
	unsigned i;

	for (i = 0; i < 8; i++) {
		if (!mapped[i])
			continue;
		pa = image_phys(cpu0_block) + i * PAGE_SIZE;
		if (id && i)
			pa = memory_take(PAGE_SIZE, PAGE_SIZE, ~0UL);
		map(CPUS_VIRT + id * CPU_BLOCK_SIZE + i * PAGE_SIZE, pa, PAGE_SIZE,
		    i ? PTE_W | nx | global : global);
	}
}

/* Memory of its own for a table that is indexed by frame number, mapped at va. */
static void map_array(uint64_t va, uint64_t size, uint64_t user_va)
{
	uint64_t step, at;
	paddr_t pa;

	for (at = 0; at < size; at += step) {
		step = MIN(size - at, SIZE_2M);
		pa = memory_take(step, step == SIZE_2M ? SIZE_2M : PAGE_SIZE, ~0UL);
		map(va + at, pa, step, PTE_W | nx | global);
		if (user_va)
			map(user_va + at, pa, step, PTE_U | nx | global);
	}
}

/* Whole pages. By SSE, whose registers nobody uses yet: this is most of what boot does. */
static void fill(uint64_t va, uint64_t size, uint64_t word)
{
	uint64_t end = va + size;

	__asm__ volatile("movq %0, %%xmm0; punpcklqdq %%xmm0, %%xmm0" ::"r"(word));
	for (; va < end; va += 256)
		__asm__ volatile(".set at, 0\n.rept 16\n"
				 "movaps %%xmm0, at(%0)\n.set at, at + 16\n.endr" ::"r"(va)
				 : "memory");
}

/* What is no RAM belongs to the devices; what boot uses of it belongs to the hypervisor. */
static void mark_frames(uint64_t from, uint64_t to, domid_t owner)
{
	uint64_t i;

	for (i = from >> PAGE_SHIFT; i < MIN(to >> PAGE_SHIFT, memory_top() >> PAGE_SHIFT); i++) {
		frame_table[i].owner = owner;
		frame_table[i].state = FRAME_SUPER;
	}
}

static void make_tables(void)
{
	uint64_t frames = memory_top() >> PAGE_SHIFT;
	uint64_t table_size = ROUND_UP(frames * sizeof(struct frame), PAGE_SIZE);
	uint64_t m2p_size = ROUND_UP(frames * 8, PAGE_SIZE), at = 0;
	unsigned i;

	map_array(FRAMETABLE_VIRT, table_size, 0);
	fill(FRAMETABLE_VIRT, table_size, 0);
	map_array(M2P_VIRT, m2p_size, M2P_RO_VIRT);
	fill(M2P_VIRT, m2p_size, M2P_INVALID);
	for (i = 0; i < e820_count; i++) {
		if (e820[i].type != 1)
			continue;
		mark_frames(at, ROUND_UP(e820[i].addr, PAGE_SIZE), DOMID_IO);
		at = ROUND_DOWN(e820[i].addr + e820[i].size, PAGE_SIZE);
	}
	/* As Xen: firmware's and video's, for dom0 to map. */
	mark_frames(0, LOW_MEMORY_END, DOMID_IO);
	mark_frames(LOAD_PHYS, image_phys(image_end), DOMID_XEN);
}

void paging_init(void)
{
	uint64_t *l3;
	unsigned i;

	nx = cpu_features.nx ? PTE_NX : 0;
	global = cpu_features.pge ? PTE_G : 0;
	hyper_l4 = new_table();
	hyper_l4_mfn = virt_to_mfn(hyper_l4);
	map_image();
	paging_map_cpu(0);
	for (i = 0; i < e820_count; i++)
		if (e820[i].type == 1)
			map_direct(ROUND_UP(e820[i].addr, PAGE_SIZE),
				   ROUND_DOWN(e820[i].addr + e820[i].size, PAGE_SIZE));
	l3 = next_table(&hyper_l4[IOMAP_VIRT >> 39 & 511], 0);
	iomap_l2 = next_table(&l3[IOMAP_VIRT >> 30 & 511], 0);
	write_cr3(hyper_l4_mfn.n << PAGE_SHIFT);
	make_tables();
}

void *iomap(paddr_t base, size_t size)
{
	uint64_t offset = base & ~PAGE_MASK, va, at;
	uint64_t span = ROUND_UP(offset + size, PAGE_SIZE);
	uint64_t *l2e, *l1;

	if (!span)
		return NULL;
	va = __atomic_fetch_add(&iomap_next, span, __ATOMIC_RELAXED);
	if (va + span > IOMAP_VIRT + IOMAP_SIZE)
		return NULL;
	spin_lock(&iomap_lock);
	for (at = va; at < va + span; at += PAGE_SIZE) {
		l2e = &iomap_l2[at >> 21 & 511];
		if (!(*l2e & PTE_P)) {
			l1 = hyper_alloc(0);
			if (!l1) {
				spin_unlock(&iomap_lock);
				return NULL;
			}
			*l2e = virt_to_mfn(l1).n << PAGE_SHIFT | PTE_P | PTE_W | PTE_A;
		}
		l1 = mfn_to_virt(pte_mfn(*l2e));
		l1[at >> 12 & 511] = (base - offset + (at - va)) | PTE_P | PTE_W | PTE_A | PTE_D |
				     PTE_PCD | PTE_PWT | nx | global;
	}
	spin_unlock(&iomap_lock);
	return (void *)(va + offset);
}
