/* SPDX-License-Identifier: MIT */
/*
 * What the hypervisor needs of ACPI's tables (ACPI 6.4, chapter 5): interrupt controllers (MADT),
 * power management ports and reset (FADT), how to turn off (the \_S5 package of the DSDT), the
 * HPET. Everything else is dom0's. Without tables a PC's usual addresses hold.
 */
#include "console.h"
#include "irq.h"
#include "lib/string.h"
#include "local.h"

#define LOW_4G         (1UL << 32)
#define RSDP_SIGNATURE 0x2052545020445352UL /* "RSD PTR " */

struct table {
	char signature[4];
	uint32_t length;
	uint8_t revision, checksum;
	char oem[6], oem_table[8];
	uint32_t oem_revision, creator, creator_revision;
} PACKED;

struct acpi acpi;

/* Firmware's memory below 4 GiB is mapped as a whole at this time of boot. */
static const void *at(uint64_t pa)
{
	return pa && pa < LOW_4G ? (const void *)(DIRECTMAP_VIRT + pa) : NULL;
}

static uint32_t field32(const void *base, unsigned offset)
{
	uint32_t v;

	memcpy(&v, (const char *)base + offset, 4);
	return v;
}

static bool sums_to_zero(const void *p, size_t n)
{
	const uint8_t *b = p;
	uint8_t sum = 0;

	while (n--)
		sum = (uint8_t)(sum + *b++);
	return !sum;
}

static const uint8_t *scan_rsdp(uint64_t from, uint64_t to)
{
	const uint64_t *p = at(from);

	for (; from < to; from += 16, p += 2)
		if (*p == RSDP_SIGNATURE && sums_to_zero(p, 20))
			return (const uint8_t *)p;
	return NULL;
}

static const uint8_t *find_rsdp(void)
{
	const uint8_t *p = boot_info.rsdp ? at(boot_info.rsdp) : NULL;
	uint64_t ebda = (uint64_t) * (const uint16_t *)at(0x40e) << 4;

	if (!p && ebda >= 0x80000 && ebda < 0xa0000)
		p = scan_rsdp(ebda, ebda + 1024);
	return p ? p : scan_rsdp(0xe0000, 0x100000);
}

static void add_ioapic(const uint8_t *e)
{
	if (acpi.nr_ioapics < ARRAY_SIZE(acpi.ioapic))
		acpi.ioapic[acpi.nr_ioapics++] = (struct ioapic_info){ .base = field32(e, 4),
								       .gsi = field32(e, 8),
								       .id = e[2] };
}

static void add_override(const uint8_t *e)
{
	unsigned polarity = e[8] & 3, trigger = e[8] >> 2 & 3;

	if (acpi.nr_overrides < ARRAY_SIZE(acpi.override))
		acpi.override[acpi.nr_overrides++] = (struct gsi_override){ .isa = e[3],
									    .gsi = field32(e, 4),
									    .low = polarity == 3,
									    .level = trigger == 3 };
}

static void read_madt(const struct table *t)
{
	const uint8_t *e = (const uint8_t *)t + 44, *end = (const uint8_t *)t + t->length;

	acpi.apic = field32(t, 36);
	for (; e + 2 <= end && e[1] >= 2 && e + e[1] <= end; e += e[1]) {
		if (e[0] == 0 && e[1] >= 8 && field32(e, 4) & 1 && acpi.nr_cpus < MAX_CPUS)
			acpi.lapic_ids[acpi.nr_cpus++] = e[3];
		else if (e[0] == 1 && e[1] >= 12)
			add_ioapic(e);
		else if (e[0] == 2 && e[1] >= 10)
			add_override(e);
	}
}

static void read_fadt(const struct table *t)
{
	acpi.dsdt = field32(t, 40);
	acpi.pm1a = (uint16_t)field32(t, 64);
	acpi.pm1b = (uint16_t)field32(t, 68);
	acpi.pm_timer = (uint16_t)field32(t, 76);
	/* RESET_REG: an I/O port, and the flag that says it is there. */
	if (t->length >= 129 && field32(t, 112) >> 10 & 1 && ((const uint8_t *)t)[116] == 1) {
		acpi.reset_port = (uint16_t)field32(t, 120);
		acpi.reset_value = ((const uint8_t *)t)[128];
	}
}

static void read_table(uint64_t pa)
{
	const struct table *t = at(pa);

	if (!t || t->length < sizeof(*t))
		return;
	if (!memcmp(t->signature, "APIC", 4))
		read_madt(t);
	else if (!memcmp(t->signature, "FACP", 4))
		read_fadt(t);
	else if (!memcmp(t->signature, "HPET", 4) && t->length >= 56 && !((const uint8_t *)t)[40])
		acpi.hpet = field32(t, 44);
}

static void assume_pc(void)
{
	printk(LOG_WARNING, "no ACPI tables: a PC's usual interrupt controllers are assumed\n");
	acpi.nr_ioapics = 1;
	acpi.ioapic[0] = (struct ioapic_info){ .base = 0xfec00000 };
	acpi.nr_overrides = 1;
	acpi.override[0] = (struct gsi_override){ .isa = 0, .gsi = 2 };
	acpi.apic = 0xfee00000;
	acpi.nr_cpus = 1;
}

void acpi_init(void)
{
	const uint8_t *rsdp = find_rsdp();
	const struct table *root = NULL;
	unsigned width = 4, i, n;
	uint64_t pa;

	if (rsdp && rsdp[15] >= 2) {
		root = at(field32(rsdp, 24) | (uint64_t)field32(rsdp, 28) << 32);
		width = root ? 8 : 4;
	}
	if (rsdp && !root)
		root = at(field32(rsdp, 16));
	if (!root) {
		assume_pc();
		return;
	}
	n = (root->length - sizeof(*root)) / width;
	for (i = 0; i < n; i++) {
		pa = 0;
		memcpy(&pa, (const char *)(root + 1) + i * width, width);
		read_table(pa);
	}
	if (!acpi.apic)
		assume_pc();
}

/* An integer of the package: ZeroOp, OneOp or BytePrefix (ACPI 6.4, 20.2.3). */
static uint8_t aml_byte(const uint8_t **p)
{
	if (**p == 0x0a)
		(*p)++;
	return *(*p)++;
}

/*
 * \_S5 is Name(_S5_, Package { SLP_TYPa, SLP_TYPb, ... }): found by its name, not by running AML.
 * Only the end of the machine asks for it, for the DSDT is long.
 */
bool acpi_read_s5(uint8_t *type_a, uint8_t *type_b)
{
	const struct table *dsdt = iomap(acpi.dsdt, sizeof(*dsdt));
	const uint8_t *p, *end;

	if (!acpi.dsdt || !dsdt || memcmp(dsdt->signature, "DSDT", 4))
		return false;
	p = iomap(acpi.dsdt, dsdt->length);
	if (!p)
		return false;
	end = p + dsdt->length;
	for (p += sizeof(*dsdt); p + 16 < end; p++) {
		if (p[0] != '_' || p[1] != 'S' || p[2] != '5' || p[3] != '_' || p[4] != 0x12)
			continue;
		p += 5;
		p += 1 + (*p >> 6); /* PkgLength takes up to three more bytes */
		p++; /* number of elements */
		*type_a = aml_byte(&p) & 7;
		*type_b = aml_byte(&p) & 7;
		return true;
	}
	return false;
}

unsigned isa_to_gsi(unsigned isa, bool *level, bool *low)
{
	unsigned i;

	*level = *low = false;
	for (i = 0; i < acpi.nr_overrides; i++)
		if (acpi.override[i].isa == isa) {
			*level = acpi.override[i].level;
			*low = acpi.override[i].low;
			return acpi.override[i].gsi;
		}
	return isa;
}
