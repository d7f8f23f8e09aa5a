/* SPDX-License-Identifier: MIT */
/*
 * What dom0 is given: memory by dom0_mem=, ports, device memory and interrupts, all but the
 * hypervisor's own.
 */
#include "console.h"
#include "hypervisor/pv/dom0.h"
#include "irq.h"
#include "lib/string.h"
#include "param.h"
#include "x86.h"

#define RESERVE_MAX (128UL << 20 >> PAGE_SHIFT) /* left free without dom0_mem=, at most */
#define MSI_FIRST   0xfee00UL /* frames of the local APICs and of message-signalled interrupts */
#define MSI_LAST    0xfeeffUL
#define HYPERTRANSPORT_FRAMES (12UL << 30 >> PAGE_SHIFT)
#define IOAPIC_FIRST 0xfec00UL
#define IOAPIC_LAST  0xfecffUL

/* dom0_mem=: bytes, negative: all but so much. */
struct amount {
	bool given, negative;
	uint64_t pages;
};
static struct {
	struct amount size, min, max;
} opt_mem;

static bool parse_amount(const char **s, struct amount *a)
{
	const char *start;

	a->negative = **s == '-';
	*s += a->negative;
	start = *s;
	a->pages = param_size(*s, s) >> PAGE_SHIFT;
	a->given = true;
	return *s != start;
}

/* size, min:size, max:size, separated by commas */
static int parse_dom0_mem(const char *s)
{
	struct amount *a;

	for (;; s++) {
		a = &opt_mem.size;
		if (!strncmp(s, "min:", 4) || !strncmp(s, "max:", 4)) {
			a = s[1] == 'i' ? &opt_mem.min : &opt_mem.max;
			s += 4;
		}
		if (!parse_amount(&s, a))
			return -EINVAL;
		if (*s != ',')
			return *s ? -EINVAL : 0;
	}
}
PARAM(dom0_mem, PARAM_FN, parse_dom0_mem,
      "dom0's memory: SIZE, min:SIZE, max:SIZE; a negative size is what to leave");

static uint64_t resolve(const struct amount *a, uint64_t all)
{
	if (!a->negative)
		return a->pages;
	return a->pages < all ? all - a->pages : 0;
}

uint64_t dom0_pages(uint64_t image_size)
{
	uint64_t all = frames_free() + (image_size >> PAGE_SHIFT),
		 n = all - MIN(all / 16, RESERVE_MAX);

	if (opt_mem.size.given)
		n = resolve(&opt_mem.size, all);
	if (opt_mem.min.given)
		n = MAX(n, resolve(&opt_mem.min, all));
	if (opt_mem.max.given)
		n = MIN(n, resolve(&opt_mem.max, all));
	return MIN(n, frames_free());
}

static int give_ports(struct domain *d)
{
	static const struct {
		uint16_t first, last;
	} kept[] = {
		{ 0x20, 0x21 }, { 0xa0, 0xa1 }, /* PIC */
		{ 0x40, 0x43 }, { 0x61, 0x61 }, /* PIT */
		{ 0x3f8, 0x3ff }, /* the hypervisor's serial line */
		{ 0xcf8, 0xcff }, /* PCI configuration: emulated */
	};
	int rc = range_add(&d->ioports, 0, 0xffff);
	unsigned i;

	for (i = 0; !rc && i < ARRAY_SIZE(kept); i++)
		rc = range_remove(&d->ioports, kept[i].first, kept[i].last);
	return rc;
}

/* AMD's last 12 GiB of the address space are HyperTransport's (below 1 TiB before family 17h). */
static uint64_t hypertransport_end(void)
{
	uint32_t r[4], family;

	cpuid(0, 0, r);
	if (r[2] != 0x444d4163) /* "cAMD" */
		return 0;
	cpuid(1, 0, r);
	family = (r[0] >> 8 & 15) + (r[0] >> 20 & 255);
	return 1UL << (family < 0x17 ? 40 : cpu_features.phys_bits) >> PAGE_SHIFT;
}

static int give_device_memory(struct domain *d)
{
	int rc = range_add(&d->iomem, 0, (1UL << (cpu_features.phys_bits - PAGE_SHIFT)) - 1);
	uint64_t mfn, end = hypertransport_end();

	if (!rc && end)
		rc = range_remove(&d->iomem, end - HYPERTRANSPORT_FRAMES, end - 1);
	if (!rc)
		rc = range_remove(&d->iomem, MSI_FIRST, MSI_LAST);
	for (mfn = IOAPIC_FIRST; !rc && mfn <= IOAPIC_LAST; mfn++)
		if (ioapic_is_page(mfn << PAGE_SHIFT))
			rc = range_remove(&d->iomem, mfn, mfn);
	return rc;
}

static uint64_t opt_max_vcpus; /* 0: one a processor */
PARAM(dom0_max_vcpus, PARAM_UINT, &opt_max_vcpus, "how many vcpus dom0 gets; else one a processor");

struct domain *dom0_create(void)
{
	uint32_t vcpus =
		(uint32_t)MIN(opt_max_vcpus ? opt_max_vcpus : nr_cpus, (uint64_t)MAX_VCPUS);
	struct xen_domctl_createdomain config = {
		.max_vcpus = vcpus,
		.max_evtchn_port = ~0u,
		.max_grant_frames = -1,
		.max_maptrack_frames = -1,
		.grant_opts = XEN_DOMCTL_GRANT_version(1),
	};
	struct domain *d;

	if (domain_create(0, &config, true, &d))
		panic("dom0: no memory for the domain");
	dom0 = d;
	d->max_pages = opt_mem.max.given ? resolve(&opt_mem.max, frames_free()) : UINT32_MAX;
	if (domain_set_max_vcpus(d, vcpus) || give_ports(d) || give_device_memory(d) ||
	    range_add(&d->irqs, 1, NR_GSI - 1))
		panic("dom0: no memory for its vcpus and rights");
	return d;
}
