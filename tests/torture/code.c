/* SPDX-License-Identifier: MIT */
/*
 * Instructions, and the state that they start from. A few bytes, often of privileged or rare
 * instructions, run with random registers in kernel or user mode until the first trap, or until a
 * timer ends them; at times the frame that they start from is a wild one itself. A second vcpu
 * gets contexts of that kind by VCPUOP_initialise.
 */
#include "instructions.h"
#include "torture.h"

#define CODE_MS  2
#define TRAP_NMI 2

bool watchpoints;

static uint8_t code[2 * PAGE_SIZE] ALIGNED(PAGE_SIZE);
static volatile bool running;
static char spare_stack[4 * PAGE_SIZE] ALIGNED(PAGE_SIZE);

static uint8_t *emit(uint8_t *at, const void *bytes, size_t n)
{
	memcpy(at, bytes, n);
	return at + n;
}

/* mov imm64 to a register */
static uint8_t *emit_load(uint8_t *at, unsigned int reg, uint64_t value)
{
	const uint8_t head[2] = { 0x48 | reg >> 3, 0xb8 | (reg & 7) };

	return emit(emit(at, head, 2), &value, 8);
}

static uint64_t register_value(unsigned int reg)
{
	if (reg == 1 && one_in(2))
		return pick(msrs);
	if (reg == 0 && one_in(2))
		return 0xf00 + random_below(256); /* as a hypercall, of no number */
	if (reg == 2 && one_in(2))
		return random_below(0x10000); /* a port */
	return one_in(2) ? (ulong)wild_pointer(64) : wild_number();
}

/*
 * Registers, then up to four instructions; the rest is int3. The stack pointer stays as it is in
 * kernel mode, most of the time: without a stack the domain ends.
 */
static void code_make(bool kernel)
{
	uint8_t *at = code;
	uint64_t random;

	memset(code, 0xcc, sizeof(code));
	for (unsigned int reg = 0; reg < 16; reg++)
		if (reg != 4 || (kernel ? one_in(256) : one_in(2)))
			at = emit_load(at, reg, register_value(reg));
	if (one_in(16))
		at = code + PAGE_SIZE - 3; /* over the border of two pages */
	for (unsigned int i = random_below(4); i < 4; i++) {
		const uint8_t *insn = pick(instructions);

		random = random_next();
		if (one_in(8))
			at = emit(at, "\x66\x67\xf2\xf3\x2e\x65\x48\xf0" + random_below(8), 1);
		if (one_in(256)) /* where TCG has a virtual-8086 mode */
			at = emit(at, "\xcf", 1);
		else if (!one_in(8))
			at = emit(at, insn + 1, insn[0]);
		if (!one_in(3))
			at = emit(at, &random, random_below(7));
	}
	if (one_in(16)) /* until the timer */
		emit(at, "\xeb\xfe", 2);
}

static ulong wild_address(void)
{
	static const ulong known[] = { 0x0000800000000000UL, 0x00007ffffffffffeUL,
				       0xffff800000000000UL, VA_HYPERVISOR,
				       VA_UNMAPPED,          0,
				       0xffffffff80000000UL, 0xffff880000000000UL };

	return one_in(4) ? random_next() : pick(known);
}

/* Where the code starts. A wild selector or address may well end the domain. */
static void frame_make(struct iret_context *c, bool kernel)
{
	static const uint16_t selectors[] = { FLAT_KERNEL_CS,
					      FLAT_USER_CS64,
					      FLAT_KERNEL_SS,
					      0xe008,
					      0xe010,
					      0xe019,
					      0xe023,
					      0,
					      3,
					      0x33,
					      0xe02b,
					      0xe040,
					      0xe050,
					      7,
					      0xf,
					      0xffff };

	user_context(c, (void (*)(void))(ulong)code);
	c->rsp = (ulong)(spare_stack + sizeof(spare_stack) - 256);
	if (kernel)
		c->cs = FLAT_KERNEL_CS, c->ss = FLAT_KERNEL_SS;
	c->flags = one_in(4) ? random_below(2) * VGCF_in_syscall : 0;
	if (one_in(2))
		c->rflags |= 1UL << random_below(22);
	if (one_in(32))
		c->rflags = random_next() | 0x200;
	if (one_in(32))
		c->rip = wild_address();
	if (one_in(64))
		c->cs = pick(selectors);
	if ((c->cs & 3) && one_in(8))
		c->rsp = wild_address();
	if (one_in(64))
		c->ss = pick(selectors);
}

/* A trap outside of `code` that the image can live with; the kit knows those of attempt(). */
static bool endure(struct cpu_user_regs *regs)
{
	switch (regs->entry_vector) {
	case TRAP_EVENT:
	case TRAP_FAILSAFE:
	case TRAP_db:
	case TRAP_NMI:
		return true;
	case TRAP_pf:
		if (arena_mend(vcpu->arch.cr2))
			return true;
	}
	if (!trap_resume)
		finish("ended by a trap of its own");
	return false;
}

/* Any trap, callback or the timer ends what runs. */
static bool end_code(struct cpu_user_regs *regs)
{
	if (regs->entry_vector == TRAP_EVENT)
		event_upcall();
	if (!running)
		return endure(regs);
	running = false;
	events_off();
	user_leave(regs->entry_vector);
}

static void run(void)
{
	struct iret_context context;
	bool kernel = one_in(3);

	code_make(kernel);
	frame_make(&context, kernel);
	hypercall_record(__HYPERVISOR_set_timer_op, time_now() + CODE_MS * MS, 0, 0, 0, 0);
	running = true;
	user_enter(&context);
	running = false;
	events_off();
}

static void selectors(void)
{
	ulong value = one_in(2) ? wild_number() : random_below(0x2000) * 8 | 3;

	switch (random_below(5)) {
	case 0:
		attempt("mov %w0, %%ds", : : "r"(value));
		break;
	case 1:
		attempt("mov %w0, %%es", : : "r"(value));
		break;
	case 2:
		attempt("mov %w0, %%fs", : : "r"(value));
		break;
	case 3:
		attempt("mov %w0, %%gs", : : "r"(value));
		break;
	default:
		hypercall_record(__HYPERVISOR_set_segment_base, random_below(5),
				 one_in(2) ? wild_address() : value, 0, 0, 0);
	}
}

static void debug_registers(void)
{
	unsigned int reg = random_below(9);
	bool control = reg == 5 || reg == 7;
	ulong value = control ? random_next() & 0xffff27ff : wild_address();

	if (one_in(2) && !control)
		value = (one_in(2) ? (ulong)code : (ulong)arena) + random_below(128);
	if (control && !watchpoints)
		value &= 0xffff;
	hypercall_record(__HYPERVISOR_set_debugreg, reg, value, 0, 0, 0);
	if (one_in(2))
		return;
	run();
	hypercall_record(__HYPERVISOR_set_debugreg, 7, 0, 0, 0, 0);
}

extern char second_ends[];
__asm__(".pushsection .text\n"
	"second_ends: mov $24, %eax; mov $2, %edi; mov $1, %esi; syscall; jmp second_ends\n"
	".popsection");

/* The second vcpu takes itself down at its first trap. */
static void second_vcpu(void)
{
	static struct vcpu_guest_context c;

	memset(&c, 0, sizeof(c));
	if (one_in(4))
		wild_fill(&c, sizeof(c));
	if (!watchpoints)
		c.debugreg[7] &= 0xffff;
	c.flags = one_in(4) ? wild_number() : VGCF_in_kernel | VGCF_online;
	for (unsigned int i = 0; i < 256; i++)
		c.trap_ctxt[i] =
			(struct trap_info){ (uint8_t)i, 0, FLAT_KERNEL_CS, (ulong)second_ends };
	c.user_regs.cs = one_in(8) ? (uint16_t)random_next() : FLAT_KERNEL_CS;
	c.user_regs.ss = c.kernel_ss = one_in(8) ? (uint16_t)random_next() : FLAT_KERNEL_SS;
	c.user_regs.rip = one_in(8) ? wild_address() : (ulong)code;
	c.user_regs.rsp = one_in(8) ? wild_address() : (ulong)(spare_stack + 2048);
	c.kernel_sp = one_in(8) ? wild_address() : (ulong)(spare_stack + 1024);
	c.user_regs.rflags = one_in(4) ? random_next() : 0x202;
	c.gdt_ents = one_in(4) ? wild_number() : 0;
	c.ldt_ents = one_in(4) ? wild_number() : 0;
	c.event_callback_eip = c.failsafe_callback_eip = c.syscall_callback_eip =
		(ulong)second_ends;
	c.ctrlreg[3] =
		xen_pfn_to_cr3(one_in(8) ? wild_frame() : mfn_of((void *)start_info->pt_base));
	c.ctrlreg[1] = one_in(8) ? xen_pfn_to_cr3(wild_frame()) : 0;
	if (one_in(4))
		c.gs_base_kernel = wild_address(), c.fs_base = wild_address();
	code_make(true);
	hypercall_record(__HYPERVISOR_vcpu_op, VCPUOP_initialise, 1, (ulong)&c, 0, 0);
	hypercall_record(__HYPERVISOR_vcpu_op, VCPUOP_up, 1, 0, 0, 0);
	hypercall_record(__HYPERVISOR_sched_op, SCHEDOP_yield, 0, 0, 0, 0);
}

void callbacks_restore(void)
{
	trap_init();
	hypercall(stack_switch, FLAT_KERNEL_SS64, spare_stack + 2 * PAGE_SIZE);
	events_off();
}

void code_step(void)
{
	switch (random_below(32)) {
	case 0 ... 1:
		debug_registers();
		break;
	case 2 ... 5:
		selectors();
		break;
	case 6:
		second_vcpu();
		break;
	default:
		run();
	}
}

void code_init(void)
{
	/* Both modes run on the same tables. */
	if (mmuext(MMUEXT_NEW_USER_BASEPTR, mfn_of((void *)start_info->pt_base), 0))
		error("no user page tables");
	callbacks_restore();
	event_virq(VIRQ_TIMER);
	trap_hook = end_code;
}
