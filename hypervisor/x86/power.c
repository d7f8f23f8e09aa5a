/* SPDX-License-Identifier: MIT */
/* The end of the machine: off by ACPI's S5, or anew by every way that some machine knows. */
#include "console.h"
#include "domain.h"
#include "local.h"
#include "param.h"
#include "smp.h"

#define SLP_EN     (1u << 13)
#define SLP_TYP    10
#define SLP_MASK   (7u << SLP_TYP)
#define QEMU_DEBUG_EXIT 0x501 /* isa-debug-exit's usual place */
#define KBD_STATUS  0x64
#define KBD_BUSY    2
#define KBD_RESET   0xfe
#define RESET_PORT  0xcf9
#define SPIN_MAX    10000
#define DELAY_PORT  0x80 /* an access takes about a microsecond */
#define SETTLE_US   100000

static bool opt_noreboot;
PARAM(noreboot, PARAM_BOOL, &opt_noreboot, "stop instead of starting again, after a panic too");

static NORETURN void stop(void)
{
	for (;;)
		__asm__ volatile("cli; hlt");
}

static void sleep_port(uint16_t port, uint8_t type)
{
	if (port)
		outw(port,
		     (uint16_t)((inw(port) & ~SLP_MASK) | (uint32_t)type << SLP_TYP | SLP_EN));
}

/* What turns the machine off may take its time. */
static void settle(void)
{
	unsigned i;

	for (i = 0; i < SETTLE_US; i++)
		outb(DELAY_PORT, 0);
}

void machine_poweroff(void)
{
	uint8_t type_a, type_b;

	printk(LOG_INFO, "powering off\n");
	smp_stop_others();
	if (acpi_read_s5(&type_a, &type_b)) {
		sleep_port(acpi.pm1a, type_a);
		sleep_port(acpi.pm1b, type_b);
	}
	settle();
	outb(QEMU_DEBUG_EXIT, 0);
	printk(LOG_WARNING, "the machine does not turn off: stopped\n");
	stop();
}

static void keyboard_reset(void)
{
	unsigned i;

	for (i = 0; i < SPIN_MAX && inb(KBD_STATUS) & KBD_BUSY; i++)
		__asm__ volatile("pause");
	outb(KBD_STATUS, KBD_RESET);
}

void machine_reboot(void)
{
	struct {
		uint16_t limit;
		uint64_t base;
	} PACKED none = { 0, 0 };

	if (opt_noreboot) {
		printk(LOG_INFO, "noreboot: stopped\n");
		smp_stop_others();
		stop();
	}
	printk(LOG_INFO, "rebooting\n");
	smp_stop_others();
	if (acpi.reset_port)
		outb(acpi.reset_port, acpi.reset_value);
	outb(RESET_PORT, 0x02);
	outb(RESET_PORT, 0x06);
	settle();
	keyboard_reset();
	settle();
	/* No interrupt table: the exception becomes a triple fault. */
	__asm__ volatile("lidt %0; int3" ::"m"(none));
	stop();
}
