/* SPDX-License-Identifier: MIT */
/* What the files of x86/ share among themselves. */
#pragma once

#include "x86.h"

/* lamina.lds */
extern const char image_start[], rodata_start[], data_start[], image_end[];

/* loader.c: what the loader left, whichever it was. Physical addresses. */
struct module {
	uint64_t start, size;
	const char *args; /* in the directmap */
};
#define MAX_MODULES 8
struct boot_info {
	const char *cmdline;
	uint64_t rsdp; /* 0: look for it */
	unsigned nr_modules;
	struct module modules[MAX_MODULES];
};
extern struct boot_info boot_info;
void loader_read(uint32_t magic, uint64_t info); /* fills boot_info and e820 */

#define LOW_MEMORY_END 0x100000UL /* never allocated */

/* memory.c: RAM until the frame allocator takes over. */
void memory_init(void); /* free = e820's RAM without low memory, image and modules */
/* From the top, below limit; its content is undefined. Panics when there is none. */
paddr_t memory_take(uint64_t size, uint64_t align, uint64_t limit);
void memory_give_all(void); /* the rest to the frame allocator */
void memory_free_modules(void);
uint64_t memory_top(void); /* first address above all RAM */

/* paging.c */
void paging_init(void);
/* A processor's block at its place, without guard pages; the first one's is the image's. */
void paging_map_cpu(unsigned id);
static inline struct cpu *cpu_of_block(unsigned id)
{
	return (struct cpu *)(CPUS_VIRT + (id + 1) * CPU_BLOCK_SIZE -
			      ROUND_UP(sizeof(struct cpu), 64));
}

/* cpu.c, idt.c */
struct tss {
	uint32_t reserved0;
	uint64_t rsp0, rsp1, rsp2, reserved1, ist[7], reserved2;
	uint16_t reserved3, iobitmap;
} PACKED;
#define IST_NMI 1
#define IST_DB  2 /* #DB and #DF */
struct table_pointer {
	uint16_t limit;
	uint64_t base;
} PACKED;
/* What a waiting processor does for others: flushes only; what an interrupt asks for. */
void tlb_serve(void);
void cpu_serve_interrupt(void);
void rendezvous_join(bool between); /* rendezvous.c; between: two operations */
extern uint32_t rendezvous_round; /* odd: somebody calls */
void features_find(void);
/* The first processor: its block, and what is done once for all. */
void cpu_init_boot(void);
void cpu_init(struct cpu *c); /* this one: descriptor tables, control registers, MSRs */
unsigned cpus_max(void);      /* maxcpus= */
void cpu_load_own_gdt(struct cpu *c); /* outside of any domain's area */
void idt_init(void);
void idt_load(void);
extern const char syscall_stub[], syscall_stub_compat[], syscall_stub_table[], syscall_stub_end[];
void syscall_stub_copy(void *page);

/* traps.c: called by entry.S */
void trap_guest(struct regs *r);
void trap_v8086_c(struct regs *r);
void trap_hyper(struct regs *r);
void trap_nmi_seen(void);
struct cpu *trap_own_stack_c(struct regs *r);

/* access.S and inline assembly: where a fault at `pc` goes on; 0: nowhere. */
uint64_t extable_find(uint64_t pc);
/* apic.c */
#define VECTOR_TIMER    0xf0
#define VECTOR_KICK     0xf1
#define VECTOR_NMI_SEEN 0xf2
#define VECTOR_FLUSH    0xf3
#define VECTOR_ERROR    0xfe
#define VECTOR_SPURIOUS 0xff
void apic_init(void);
void apic_init_cpu(void); /* this processor's own */
void apic_eoi(void);
uint32_t apic_id(void);
void apic_reset(uint32_t id); /* INIT */
void apic_startup(uint32_t id, uint8_t page); /* STARTUP: real mode at page * 4096 */
void apic_nmi_others(void);
void apic_ipi(uint32_t apic_id, uint8_t vector);
void apic_ipi_self(uint8_t vector); /* from an NMI too */
void apic_timer_set(uint32_t ticks); /* one shot; 0 stops it */
uint32_t apic_timer_left(void);

/* rtc.c */
uint64_t rtc_read(void); /* seconds since 1970; 0: nonsense */
/* time.c */
void time_start_refining(void);
void time_tsc_differs(void); /* not the same on all processors */

/* ioapic.c */
void ioapic_init(void);
unsigned ioapic_lines(void); /* number of GSIs */
/* To the first processor, masked. */
void ioapic_route(unsigned gsi, uint8_t vector, bool level, bool low);
void ioapic_mask(unsigned gsi, bool mask);
void ioapic_aim(unsigned gsi, uint32_t apic); /* which local APIC it interrupts */
void ioapic_eoi(unsigned gsi);
bool ioapic_is_page(paddr_t pa); /* any interrupt controller's registers lie there */

/* irq.c */
void irq_init(void);
void irq_dispatch(unsigned vector);
void gsi_use(unsigned gsi, uint8_t vector); /* for the hypervisor itself, unmasked */

/* msi.c: one vector of a function, found and checked. */
struct msi {
	uint8_t bus, devfn, cap;
	bool msix;
	uint16_t entry;
	volatile uint32_t *table; /* MSI-X: this entry's four words */
};
/* 0, -ENODEV, -EINVAL, -ENXIO, -ENOMEM. Pirqs locked. */
int msi_find(struct msi *m, uint8_t bus, uint8_t devfn, bool msix, uint16_t entry);
/* The capability enabled, this entry masked. */
void msi_program(const struct msi *m, uint8_t vector, uint32_t apic);
void msi_mask(const struct msi *m, bool mask);
void msi_aim(const struct msi *m, uint32_t apic, bool masked); /* and it stays masked, or not */
void msi_release(const struct msi *m);
/* msix.c, pirqs locked */
int msix_find(struct msi *m); /* its entry of the table */
void msix_use(const struct msi *m, bool more); /* a vector more, or one less */
int msix_prepare(const struct msi *m, bool end); /* -EBUSY, or as msi_find */
void msix_forget(uint8_t bus, uint8_t devfn);
uint32_t pci_read(uint8_t bus, uint8_t devfn, unsigned reg);
void pci_write(uint8_t bus, uint8_t devfn, unsigned reg, uint32_t val);

/* acpi.c */
struct acpi {
	paddr_t apic, hpet;
	struct ioapic_info {
		paddr_t base;
		uint32_t gsi;
		uint8_t id;
	} ioapic[8];
	unsigned nr_ioapics;
	struct gsi_override {
		uint8_t isa;
		bool level, low;
		uint32_t gsi;
	} override[16];
	unsigned nr_overrides;
	uint16_t pm1a, pm1b; /* control ports; 0: none */
	uint16_t pm_timer;
	paddr_t dsdt;
	uint8_t reset_value;
	uint16_t reset_port; /* 0: none */
	uint32_t lapic_ids[MAX_CPUS];
	unsigned nr_cpus;
};
extern struct acpi acpi;
bool acpi_read_s5(uint8_t *type_a, uint8_t *type_b); /* the sleep types that turn the machine off */
unsigned isa_to_gsi(unsigned isa, bool *level, bool *low);
void acpi_init(void); /* while the first 4 GiB are mapped whole */

/* switch.c, fpu.c */
void fpu_init(void);
void fpu_init_cpu(void);
void fpu_switch(struct vcpu *prev, struct vcpu *next);

/* cpuid.c */
void cpuid_init(void);
bool hypervisor_is_tcg(void);
bool hypervisor_is_there(void); /* any: the machine is virtual */
uint32_t cpuid_apic_id(void); /* of this processor, before its APIC is mapped */
