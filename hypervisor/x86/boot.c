/* SPDX-License-Identifier: MIT */
/* Boot, from the loader's hands to dom0's first instruction. */
#include "console.h"
#include "hypercall.h"
#include "irq.h"
#include "local.h"
#include "memory.h"
#include "param.h"
#include "pv.h"
#include "sched.h"
#include "smp.h"

static const void *module_data(const struct module *m)
{
	return (const void *)(DIRECTMAP_VIRT + m->start);
}

static void dom0_build(void)
{
	const struct module *m = boot_info.modules;
	unsigned n = boot_info.nr_modules;

	if (!n)
		panic("no boot module: the first one is dom0's kernel, the second its ramdisk");
	pv_build_dom0(module_data(&m[0]), m[0].size, n > 1 ? module_data(&m[1]) : NULL,
		      n > 1 ? m[1].size : 0, m[0].args);
	memory_free_modules();
}

/* magic and info are what the loader left in eax and ebx; see loader.c. */
NORETURN void boot(uint32_t magic, uint64_t info)
{
	struct cpu *c;

	loader_read(magic, info);
	param_parse(boot_info.cmdline);
	console_init();
	printk(LOG_INFO, "Lamina, a hypervisor for Xen's ABI\n");
	if (!e820_count)
		panic("the loader gave no memory map");

	/* While the early tables map all of the first 4 GiB: firmware's tables are in there. */
	memory_init();
	acpi_init();
	features_find();
	cpu_init_boot();
	c = this_cpu();
	/* The final address space, and who may have its memory. */
	paging_init();
	smp_prepare();
	frame_init(memory_top() >> PAGE_SHIFT);
	memory_give_all();

	/* Sources of interrupts. None is taken before a guest or the idle vcpu runs. */
	ioapic_init(); /* also silences the PICs */
	apic_init();
	irq_init();
	fpu_init();
	c->idle = vcpu_create_idle(c);
	cpu_set_current(c, c->idle);
	timer_init_cpu(c);
	sched_init_cpu(c);
	time_init();
	uart_enable_irq();
	smp_start();

	dom0_build();
	time_start_refining();
	/* Until now this was the idle vcpu; the way out of the hypervisor chooses dom0's. */
	cpu_work(c, WORK_RESCHED);
	enter_guest();
}
