/* SPDX-License-Identifier: MIT */
/*
 * The other processors. They are started one after the other, by INIT and STARTUP (SDM vol. 3,
 * 8.4), when the first one has made all that they need: block, tables, idle vcpu, queues. Each
 * takes its state over, says so, and idles; from then on it is one like the first.
 *
 * The page below 1 MiB that they begin in is firmware's or the loader's: it gets its content back.
 */
#include "console.h"
#include "frame.h"
#include "lib/string.h"
#include "local.h"
#include "offsets.h"
#include "sched.h"
#include "smp.h"
#include "timer.h"

#define MSR_EFER    0xc0000080
#define EFER_KEPT   0x901 /* SCE LME NXE */
#define INIT_NS     10000000UL
#define AGAIN_NS    200000UL
#define GIVE_UP_NS  1000000000UL
#define ALIVE_NS    10000000000UL /* it runs: the machine may be slow */
#define SYNC_ROUNDS 16

/* The words at the end of trampoline.S. */
struct start {
	uint64_t early_cr3, efer, final_cr3, stack, entry;
};

static unsigned wanted = 1; /* processors with a block */
static uint32_t apic_ids[MAX_CPUS];
static bool stopping;

/* One after the other, so one of each. Odd: the new processor asks for our TSC; even: answered. */
static uint32_t sync_step, online;
static uint64_t sync_tsc;

void smp_prepare(void)
{
	unsigned i, max = cpus_max();

	for (i = 0; i < acpi.nr_cpus && wanted < max; i++) {
		if (acpi.lapic_ids[i] == cpuid_apic_id())
			continue;
		paging_map_cpu(wanted);
		memset(cpu_of_block(wanted), 0, sizeof(struct cpu));
		apic_ids[wanted++] = acpi.lapic_ids[i];
	}
}

static void wait_until(const uint32_t *flag, uint32_t value, uint64_t ns)
{
	uint64_t end = time_now() + ns;

	while (__atomic_load_n(flag, __ATOMIC_ACQUIRE) != value && time_now() < end)
		__asm__ volatile("pause");
}

static void trampoline_fill(void *page, const struct cpu *c)
{
	extern const char trampoline_start[], trampoline_end[], trampoline_words[], smp_entry[];
	extern const char early_l4[];
	struct start *s = (struct start *)((char *)page + (trampoline_words - trampoline_start));

	memcpy(page, trampoline_start, (size_t)(trampoline_end - trampoline_start));
	s->early_cr3 = (uint64_t)early_l4 - IMAGE_VIRT + LOAD_PHYS;
	s->efer = rdmsr(MSR_EFER) & EFER_KEPT;
	s->final_cr3 = hyper_l4_mfn.n << PAGE_SHIFT;
	s->stack = (uint64_t)c;
	s->entry = (uint64_t)smp_entry;
}

/* All that may fail, or needs a lock, is done here by the first processor. */
static struct cpu *make(unsigned id)
{
	struct cpu *c = cpu_of_block(id), *me = this_cpu();

	c->id = id;
	c->apic_id = apic_ids[id];
	c->tsc_base = me->tsc_base;
	c->ns_base = me->ns_base;
	c->tsc_mul = me->tsc_mul;
	c->tsc_shift = me->tsc_shift;
	c->tss = heap_alloc(sizeof(*c->tss));
	c->gdt_page = hyper_alloc(0);
	BUG_ON(!c->tss || !c->gdt_page);
	c->gdt_mfn = virt_to_mfn(c->gdt_page);
	c->idle = vcpu_create_idle(c);
	cpu_set_current(c, c->idle);
	timer_init_cpu(c);
	sched_init_cpu(c);
	return c;
}

/* The new processor's TSC beside ours: each round it asks, and we answer what ours says. */
static void sync_answer(void)
{
	uint32_t step;

	for (step = 1; step < 2 * SYNC_ROUNDS; step += 2) {
		wait_until(&sync_step, step, ALIVE_NS);
		sync_tsc = rdtsc();
		__atomic_store_n(&sync_step, step + 1, __ATOMIC_RELEASE);
	}
}

/*
 * An answer that lies between question and receipt is as good as the same clock. Else this
 * processor's clock begins where the difference of the quickest round says.
 */
static void sync_ask(struct cpu *c)
{
	uint64_t before, after, best = ~0UL, offset = 0;
	uint32_t step;
	bool same = true;

	for (step = 1; step < 2 * SYNC_ROUNDS; step += 2) {
		before = rdtsc();
		__atomic_store_n(&sync_step, step, __ATOMIC_SEQ_CST);
		while (__atomic_load_n(&sync_step, __ATOMIC_ACQUIRE) != step + 1)
			__asm__ volatile("pause");
		after = rdtsc();
		same &= sync_tsc - before <= after - before;
		if (after - before < best) {
			best = after - before;
			offset = before + best / 2 - sync_tsc;
		}
	}
	if (!same)
		c->tsc_base += offset;
}

static bool start(unsigned id)
{
	void *page = (void *)(DIRECTMAP_VIRT + TRAMPOLINE);
	struct cpu *c = make(id);

	trampoline_fill(page, c);
	online = sync_step = 0;
	apic_startup(c->apic_id, TRAMPOLINE >> PAGE_SHIFT);
	wait_until(&sync_step, 1, AGAIN_NS);
	if (!READ_ONCE(sync_step)) /* the second of the two that the manual asks for */
		apic_startup(c->apic_id, TRAMPOLINE >> PAGE_SHIFT);
	wait_until(&sync_step, 1, GIVE_UP_NS);
	if (!READ_ONCE(sync_step))
		return false;
	sync_answer();
	wait_until(&online, id, ALIVE_NS);
	BUG_ON(online != id);
	if (c->tsc_base != this_cpu()->tsc_base) {
		time_tsc_differs();
		printk(LOG_WARNING, "processor %u: its TSC is %ld ticks off\n", id,
		       (int64_t)(c->tsc_base - this_cpu()->tsc_base));
	}
	cpus[id] = c;
	__atomic_store_n(&nr_cpus, id + 1, __ATOMIC_RELEASE);
	return true;
}

void smp_start(void)
{
	uint8_t *page = (void *)(DIRECTMAP_VIRT + TRAMPOLINE), *kept;
	uint32_t never = 0;
	unsigned id;

	if (wanted == 1)
		return;
	kept = heap_alloc(PAGE_SIZE);
	BUG_ON(!kept);
	memcpy(kept, page, PAGE_SIZE);
	for (id = 1; id < wanted; id++)
		apic_reset(apic_ids[id]);
	wait_until(&never, 1, INIT_NS);
	for (id = 1; id < wanted; id++)
		if (!start(id)) {
			/* It may still come to life: nobody else can use its block or the page. */
			printk(LOG_ERR, "processor %u (APIC %u) does not start\n", id,
			       apic_ids[id]);
			break;
		}
	if (id == wanted)
		memcpy(page, kept, PAGE_SIZE);
	heap_free(kept);
	printk(LOG_INFO, "%u processors\n", nr_cpus);
}

/* Called by trampoline.S. */
NORETURN void smp_started(void)
{
	struct cpu *c = this_cpu();

	cpu_init(c);
	apic_init_cpu();
	fpu_init_cpu();
	sync_ask(c);
	cpu_work(c, WORK_RESCHED);
	__atomic_store_n(&online, c->id, __ATOMIC_RELEASE);
	while (__atomic_load_n(&nr_cpus, __ATOMIC_ACQUIRE) <= c->id)
		__asm__ volatile("pause");
	enter_guest();
}

bool smp_stopping(void)
{
	return READ_ONCE(stopping);
}

/* By NMI, because whoever waits with interrupts off has to stop too. */
void smp_stop_others(void)
{
	if (nr_cpus == 1 || __atomic_exchange_n(&stopping, true, __ATOMIC_SEQ_CST))
		return;
	apic_nmi_others();
}
