/* SPDX-License-Identifier: MIT */
/*
 * System time: the TSC, scaled. The scale is the ABI's (<xen/xen.h>, vcpu_time_info), so guests
 * compute exactly what time_now() does.
 *
 * The TSC's frequency is what CPUID tells, or else measured: for a fifth of a millisecond at
 * boot, longer where there are several processors, and then over ever longer spans against the same
 * clock. A better value changes the rate from that moment on; the time itself never jumps.
 *
 * Several processors change it at a rendezvous, so nobody reads one time by the old scale and then
 * another by the new one. Where their TSCs are one clock (smp.c compares them) they share scale and
 * base: what one reads after another is never less. Where they are not, each has a base of its own,
 * set anew each time, so that they agree within what a rendezvous takes.
 */
#include "access.h"
#include "clocksource.h"
#include "console.h"
#include "domain.h"
#include "local.h"
#include "rendezvous.h"
#include "timer.h"
#include <xen/version.h>

#define SECOND 1000000000UL
#define MEASURE_NS 200000UL /* a millisecond for a clock as coarse as the PIT */
#define MEASURE_SMP_NS (5 * 1000000UL)
#define MISMEASURED 100 /* a frequency that is off by more than this part of it */
#define REFINE_FIRST (10 * 1000000UL)
#define REFINE_LAST  (2 * SECOND)
#define APIC_TICKS_MAX 0xffffffffUL

static uint64_t tsc_hz;
static uint64_t apic_mul; /* APIC timer ticks a ns, times 2^32 */
static bool tsc_told; /* CPUID says the frequency: nothing to measure */
static uint64_t wall_base;
static struct {
	uint64_t tsc, ref;
} first; /* read together at boot */
static struct timer refine_timer;
static uint64_t refine_interval;
static bool tsc_differs; /* between processors */

static uint64_t scale(uint64_t delta, uint32_t mul, int8_t shift)
{
	delta = shift < 0 ? delta >> -shift : delta << shift;
	return (uint64_t)((unsigned __int128)delta * mul >> 32);
}

uint64_t time_now(void)
{
	const struct cpu *c = this_cpu();

	return scale(rdtsc() - c->tsc_base, c->tsc_mul, c->tsc_shift) + c->ns_base;
}

uint64_t time_of_ticks(uint64_t ticks)
{
	return scale(ticks, this_cpu()->tsc_mul, this_cpu()->tsc_shift);
}

/* a * unit / b with the product in full; the quotient must fit. */
static uint64_t ratio(uint64_t a, uint64_t b, uint64_t unit)
{
	uint64_t low, high;

	__asm__("mul %3" : "=a"(low), "=d"(high) : "0"(a), "r"(unit) : "cc");
	__asm__("div %2" : "+a"(low), "+d"(high) : "r"(b) : "cc");
	return low;
}

static void set_scale(struct cpu *c, uint64_t hz)
{
	uint64_t rest = hz;
	int8_t shift = 0;

	for (; rest > 2 * SECOND; rest >>= 1)
		shift--;
	for (; rest <= SECOND; rest <<= 1)
		shift++;
	/* Divide with the bits that the shift would lose. */
	c->tsc_mul = (uint32_t)ratio(SECOND, shift < 0 ? hz : rest,
				     1UL << (shift < 0 ? 32 - shift : 32));
	c->tsc_shift = shift;
}

/* From now on, time goes on at this rate; what has passed stays. */
static void set_rate(struct cpu *c, uint64_t hz)
{
	uint64_t tsc = rdtsc();

	c->ns_base += scale(tsc - c->tsc_base, c->tsc_mul, c->tsc_shift);
	c->tsc_base = tsc;
	set_scale(c, hz);
	tsc_hz = hz;
}

/* One reading of both clocks, taken where the slow one took least. */
static void read_pair(uint64_t *tsc, uint64_t *ref)
{
	uint64_t best = ~0UL, before, r;
	unsigned i;

	for (i = 0; i < 4; i++) {
		before = rdtsc();
		r = clocksource_read();
		if (rdtsc() - before < best) {
			best = rdtsc() - before;
			*tsc = before + best / 2;
			*ref = r;
		}
	}
}

/* Frequency by CPUID: Intel's leaves, or a hypervisor's timing leaf; 0: it does not say. */
static uint64_t hz_by_cpuid(void)
{
	uint32_t r[4], max;

	cpuid(1, 0, r);
	if (r[2] >> 31) {
		cpuid(0x40000000, 0, r);
		if (r[0] >= 0x40000010 && r[0] < 0x40010000) {
			cpuid(0x40000010, 0, r);
			if (r[0])
				return r[0] * 1000UL;
		}
	}
	cpuid(0, 0, r);
	max = r[0];
	if (max >= 0x15) {
		cpuid(0x15, 0, r);
		if (r[0] && r[1] && r[2])
			return (uint64_t)r[2] * r[1] / r[0];
	}
	return 0;
}

static void measure(void)
{
	uint64_t span = acpi.nr_cpus > 1     ? MEASURE_SMP_NS
			: clocksource.lasting ? MEASURE_NS
					      : 5 * MEASURE_NS;
	uint64_t want = clocksource.hz * span / SECOND, told = hz_by_cpuid();
	uint64_t tsc, ref, apic;

	apic_timer_set(APIC_TICKS_MAX);
	read_pair(&first.tsc, &first.ref);
	apic = apic_timer_left();
	while (clocksource_read() - first.ref < want)
		;
	read_pair(&tsc, &ref);
	apic -= apic_timer_left();
	apic_timer_set(0);
	tsc_told = told;
	if (!told)
		told = ratio(tsc - first.tsc, ref - first.ref, clocksource.hz);
	apic_mul = ratio(ratio(apic, tsc - first.tsc, told), SECOND, 1UL << 32);
	set_rate(this_cpu(), told);
	this_cpu()->ns_base = ratio(tsc - first.tsc, told, SECOND);
}

static void rate_once(void *hz)
{
	set_rate(this_cpu(), *(const uint64_t *)hz);
}

/* As the processor that runs the refinement has it now. */
static void rate_each(void *unused)
{
	const struct cpu *from = refine_timer.cpu;
	struct cpu *c = this_cpu();
	uint64_t tsc = rdtsc(), now = time_now();

	if (c != from) {
		c->tsc_base = tsc_differs ? tsc : from->tsc_base;
		c->ns_base = tsc_differs ? MAX(now, from->ns_base) : from->ns_base;
		c->tsc_mul = from->tsc_mul;
		c->tsc_shift = from->tsc_shift;
	}
	if (!c->vcpu->is_idle)
		time_update_vcpu(c->vcpu);
}

/* A reference that was not read for a whole wrap of its count tells nonsense: begin anew. */
static void refine(void *unused)
{
	uint64_t tsc, ref, hz;

	read_pair(&tsc, &ref);
	hz = ref == first.ref ? 0 : ratio(tsc - first.tsc, ref - first.ref, clocksource.hz);
	if ((hz > tsc_hz ? hz - tsc_hz : tsc_hz - hz) > tsc_hz / MISMEASURED) {
		first.tsc = tsc;
		first.ref = ref;
	} else {
		rendezvous(&(struct rendezvous){ rate_once, rate_each, &hz, false });
	}
	refine_interval = MIN(refine_interval * 4, REFINE_LAST);
	timer_set(&refine_timer, time_now() + refine_interval);
}

void time_init(void)
{
	struct cpu *c = this_cpu();

	clocksource_init();
	c->tsc_base = rdtsc();
	c->ns_base = 0;
	measure();
	wall_base = rtc_read() * SECOND - time_now();
	printk(LOG_INFO, "time: TSC %lu.%03lu MHz, %s\n", tsc_hz / 1000000, tsc_hz / 1000 % 1000,
	       tsc_told ? "as the processor tells" : clocksource.name);
}

void time_start_refining(void)
{
	if (tsc_told || !clocksource.lasting)
		return;
	refine_interval = REFINE_FIRST;
	timer_setup(&refine_timer, refine, NULL);
	timer_set(&refine_timer, time_now() + refine_interval);
}

void time_set_deadline(uint64_t ns)
{
	uint64_t now, delta, ticks;

	if (!ns) {
		apic_timer_set(0);
		return;
	}
	now = time_now();
	delta = ns > now ? ns - now : 0;
	/* A deadline beyond the counter's reach is taken up again when it fires early. */
	ticks = delta >> 32 ? APIC_TICKS_MAX : (delta * apic_mul >> 32) + 1;
	apic_timer_set((uint32_t)MIN(ticks, APIC_TICKS_MAX));
}

void time_set_wall(uint64_t ns)
{
	struct domain *d, *next;

	wall_base = ns;
	for (d = domain_get_next(0); d; d = next) {
		next = domain_get_next((domid_t)(d->id + 1));
		time_update_wall(d);
		domain_put(d);
	}
}

uint32_t time_tsc_khz(void)
{
	return (uint32_t)(tsc_hz / 1000);
}

void time_tsc_differs(void)
{
	tsc_differs = true;
}

/* What a guest computes on one vcpu is never less than what it computed on another before. */
static bool tsc_is_stable(void)
{
	return nr_cpus == 1 || (cpu_features.invariant_tsc && !tsc_differs);
}

/* The version is odd while the rest changes; a reader that sees it odd or changed reads again. */
static void fill(struct vcpu_time_info *t, const struct cpu *c)
{
	WRITE_ONCE(t->version, t->version | 1);
	wmb();
	t->tsc_timestamp = c->tsc_base;
	t->system_time = c->ns_base;
	t->tsc_to_system_mul = c->tsc_mul;
	t->tsc_shift = c->tsc_shift;
	t->flags = tsc_is_stable() ? XEN_PVCLOCK_TSC_STABLE_BIT : 0;
	wmb();
	WRITE_ONCE(t->version, t->version + 1);
}

void time_update_vcpu(struct vcpu *v)
{
	struct vcpu_time_info *t = &v->info->time, copy;
	const struct cpu *c = v->cpu ? v->cpu : this_cpu();

	if (t->tsc_timestamp != c->tsc_base || t->tsc_to_system_mul != c->tsc_mul || !t->version)
		fill(t, c);
	if (likely(!v->time_guest) || v != current)
		return;
	/* Its own vcpu does not run now; still, the version comes first and last. */
	copy = *t;
	copy.version |= 1;
	if (copy_to_guest(v->time_guest, &copy.version, sizeof(copy.version)))
		return;
	copy.version = t->version;
	if (!copy_to_guest((char *)v->time_guest + sizeof(copy.version), &copy.version + 1,
			   sizeof(copy) - sizeof(copy.version)))
		(void)copy_to_guest(v->time_guest, &copy.version, sizeof(copy.version));
}

void time_update_wall(struct domain *d)
{
	struct shared_info *s = d->shared;
	uint64_t wall = wall_base + d->time_offset_ns;

	if (!s)
		return;
	WRITE_ONCE(s->wc_version, s->wc_version | 1);
	wmb();
	s->wc_sec = (uint32_t)(wall / SECOND);
	s->wc_sec_hi = (uint32_t)(wall / SECOND >> 32);
	s->wc_nsec = (uint32_t)(wall % SECOND);
	wmb();
	WRITE_ONCE(s->wc_version, s->wc_version + 1);
}
