/* SPDX-License-Identifier: MIT */
/*
 * The local APIC in xAPIC mode (SDM vol. 3, chapter 11): end of interrupt, IPIs, the one-shot
 * timer.
 */
#include "console.h"
#include "irq.h"
#include "local.h"

#define MSR_APIC_BASE 0x1b
#define BASE_ENABLE   (1u << 11)
#define BASE_X2APIC   (1u << 10)

#define REG_ID        0x20
#define REG_TPR       0x80
#define REG_EOI       0xb0
#define REG_SVR       0xf0
#define REG_ESR       0x280
#define REG_ICR_LOW   0x300
#define REG_ICR_HIGH  0x310
#define REG_LVT_TIMER 0x320
#define REG_LVT_LINT0 0x350
#define REG_LVT_LINT1 0x360
#define REG_LVT_ERROR 0x370
#define REG_INITIAL   0x380
#define REG_CURRENT   0x390
#define REG_DIVIDE    0x3e0

#define SVR_ENABLE   (1u << 8)
#define LVT_MASKED   (1u << 16)
#define LVT_NMI      (4u << 8)
#define ICR_NMI      (4u << 8)
#define ICR_INIT     (5u << 8)
#define ICR_STARTUP  (6u << 8)
#define ICR_PENDING  (1u << 12)
#define ICR_ASSERT   (1u << 14)
#define ICR_SELF     (1u << 18)
#define ICR_OTHERS   (3u << 18)
#define DIVIDE_BY_16 3

static volatile uint32_t *regs;
static bool emulated; /* an IPI is on its way when the write returns: no look at ICR_PENDING */

static uint32_t reg_read(unsigned reg)
{
	return regs[reg / 4];
}

static void reg_write(unsigned reg, uint32_t v)
{
	regs[reg / 4] = v;
}

static void timer_interrupt(void)
{
	cpu_work(this_cpu(), WORK_TIMER);
}

/* What it is kicked for is done on the way out. */
static void kick_interrupt(void)
{
}

static void error_interrupt(void)
{
	reg_write(REG_ESR, 0); /* a write latches what has gathered (SDM vol. 3, 11.5.3) */
	printk(LOG_WARNING, "local APIC error %x\n", reg_read(REG_ESR));
}

/* Returns where its registers are. */
static uint64_t enable(void)
{
	uint64_t base = rdmsr(MSR_APIC_BASE);

	if (base & BASE_X2APIC) {
		/* Firmware left x2APIC on: the way back leads through off (SDM vol. 3, 11.12.5). */
		base &= ~(uint64_t)(BASE_X2APIC | BASE_ENABLE);
		wrmsr(MSR_APIC_BASE, base);
	}
	wrmsr(MSR_APIC_BASE, base | BASE_ENABLE);
	return base & PTE_ADDR;
}

static void registers_init(void)
{
	reg_write(REG_SVR, SVR_ENABLE | VECTOR_SPURIOUS);
	reg_write(REG_TPR, 0);
	reg_write(REG_LVT_LINT0, LVT_MASKED); /* the PICs' line */
	reg_write(REG_LVT_LINT1, LVT_MASKED); /* the machine's NMI: the first processor's alone */
	reg_write(REG_LVT_ERROR, VECTOR_ERROR);
	reg_write(REG_DIVIDE, DIVIDE_BY_16);
	reg_write(REG_LVT_TIMER, VECTOR_TIMER);
	reg_write(REG_ESR, 0);
}

void apic_init_cpu(void)
{
	(void)enable();
	registers_init();
	this_cpu()->apic_id = apic_id();
}

void apic_init(void)
{
	emulated = hypervisor_is_there();
	regs = iomap(enable(), PAGE_SIZE);
	if (!regs)
		panic("no room to map the local APIC");
	registers_init();
	reg_write(REG_LVT_LINT1, LVT_NMI);
	irq_set_handler(VECTOR_TIMER, timer_interrupt);
	irq_set_handler(VECTOR_KICK, kick_interrupt);
	irq_set_handler(VECTOR_FLUSH, cpu_serve_interrupt);
	irq_set_handler(VECTOR_NMI_SEEN, trap_nmi_seen);
	irq_set_handler(VECTOR_ERROR, error_interrupt);
	this_cpu()->apic_id = apic_id();
}

void apic_eoi(void)
{
	reg_write(REG_EOI, 0);
}

uint32_t apic_id(void)
{
	return reg_read(REG_ID) >> 24;
}

/* Where the APIC is emulated each access takes long: the destination is written when it changes. */
static void send(uint32_t id, uint32_t what)
{
	struct cpu *c = this_cpu();

	while (!emulated && reg_read(REG_ICR_LOW) & ICR_PENDING)
		cpu_serve();
	if (c->ipi_to != id + 1) {
		reg_write(REG_ICR_HIGH, id << 24);
		c->ipi_to = id + 1;
	}
	reg_write(REG_ICR_LOW, ICR_ASSERT | what);
}

void apic_ipi(uint32_t id, uint8_t vector)
{
	send(id, vector);
}

void apic_reset(uint32_t id)
{
	send(id, ICR_INIT);
}

void apic_startup(uint32_t id, uint8_t page)
{
	send(id, ICR_STARTUP | page);
}

void apic_nmi_others(void)
{
	reg_write(REG_ICR_LOW, ICR_OTHERS | ICR_ASSERT | ICR_NMI);
}

/* From an NMI too. One write: it may come in the midst of the two of apic_ipi. */
void apic_ipi_self(uint8_t vector)
{
	reg_write(REG_ICR_LOW, ICR_SELF | ICR_ASSERT | vector);
}

void apic_timer_set(uint32_t ticks)
{
	reg_write(REG_INITIAL, ticks);
}

uint32_t apic_timer_left(void)
{
	return reg_read(REG_CURRENT);
}
