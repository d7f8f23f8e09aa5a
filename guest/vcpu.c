/* SPDX-License-Identifier: MIT */
/*
 * The vcpus of this domain. Vcpu 0 is running when we begin; each other one gets a struct cpu, an
 * idle thread and its ports, before Xen is told where it begins. It goes down, for a suspend or
 * because the toolstack wants it so, in its idle thread only: so nothing that it holds, and no
 * thread's registers, go with it, and in a restored domain it begins anew.
 */
#include "guest/console.h"
#include "guest/cpu.h"
#include "guest/hypercall.h"
#include "guest/init.h"
#include "guest/irq.h"
#include "guest/lock.h"
#include "guest/page.h"
#include "guest/panic.h"
#include "guest/start.h"
#include "guest/vmap.h"
#include "lib/bitops.h"
#include "lib/string.h"

#define IDLE_STACK (2 * PAGE_SIZE)
#define FCW_DEFAULT   0x037f
#define MXCSR_DEFAULT 0x1f80

extern char vcpu_entry[], upcall_entry[], failsafe_entry[];

static struct cpu boot_cpu = {
	.self = &boot_cpu,
	.current = &boot_cpu.idle_thread,
	.info.evtchn_upcall_mask = 1,
};

struct cpu *cpus[VCPUS_MAX] = { &boot_cpu };
static unsigned int count = 1;
static vcpu_mask_t up = VCPU_ONLY(0); /* atomic */
static vcpu_mask_t offline;	      /* atomic; shall be down: vcpu_set_online */
static MUTEX(changing); /* one suspend, or one vcpu that goes or comes, at a time */

unsigned int vcpu_count(void)
{
	return READ_ONCE(count);
}

vcpu_mask_t vcpus_up(void)
{
	return READ_ONCE(up);
}

vcpu_mask_t vcpus_offline(void)
{
	return __atomic_load_n(&offline, __ATOMIC_SEQ_CST);
}

void cpu_relax(void)
{
	__builtin_ia32_pause();
	hypercall_sched_op(SCHEDOP_yield, NULL);
}

/* --- What Xen has to know ----------------------------------------------- */

/* Xen copies what it had in the old place. Of another vcpu only while that is down. */
static int register_info(struct cpu *cpu)
{
	struct vcpu_register_vcpu_info info = {
		.mfn = virt_to_mfn(&cpu->info).n,
		.offset = (uint32_t)((uintptr_t)&cpu->info % PAGE_SIZE),
	};

	return (int)hypercall_vcpu_op(VCPUOP_register_vcpu_info, cpu->id, &info);
}

/* It polls this port only, and the port stays masked. */
static void kicked(evtchn_port_t port, void *arg) {}

static int bind_ipis(struct cpu *cpu)
{
	int call = evtchn_bind_ipi(cpu, sched_called, cpu);
	int kick = evtchn_bind_ipi(cpu, kicked, NULL);

	if (call < 0 || kick < 0)
		return MIN(call, kick);
	evtchn_mask((evtchn_port_t)kick);
	cpu->call_port = (evtchn_port_t)call;
	cpu->kick_port = (evtchn_port_t)kick;
	return 0;
}

/* -EEXIST: it only went down, and goes on where it did. */
static int initialise(struct cpu *cpu)
{
	struct vcpu_guest_context *context = page_alloc_zero(page_order(sizeof(*context)));
	uint16_t *fpu;
	long err;

	if (!context)
		return -ENOMEM;
	fpu = (uint16_t *)&context->fpu_ctxt;
	fpu[0] = FCW_DEFAULT;
	fpu[12] = MXCSR_DEFAULT;
	context->flags = VGCF_in_kernel | VGCF_I387_VALID;
	context->user_regs.rip = (unsigned long)vcpu_entry;
	context->user_regs.cs = FLAT_KERNEL_CS;
	context->user_regs.ss = context->kernel_ss = FLAT_KERNEL_SS;
	context->user_regs.rflags = 0x202;
	context->user_regs.rdi = (unsigned long)cpu;
	context->user_regs.rsp = context->kernel_sp =
		(unsigned long)cpu->idle_thread.stack + cpu->idle_thread.stack_size;
	context->gs_base_kernel = (unsigned long)cpu;
	context->event_callback_eip = (unsigned long)upcall_entry;
	context->failsafe_callback_eip = (unsigned long)failsafe_entry;
	context->ctrlreg[3] = xen_pfn_to_cr3(virt_to_mfn((void *)start_info.pt_base).n);
	traps_fill(context->trap_ctxt);
	err = hypercall_vcpu_op(VCPUOP_initialise, cpu->id, context);
	page_free(context, page_order(sizeof(*context)));
	return (int)err;
}

/* --- Up ----------------------------------------------------------------- */

/*
 * Who drives devices runs on any vcpu, and the level of privilege for ports is each vcpu's own.
 * Without it ring 3 gets #GP at the first one.
 */
static int ports_allow(void)
{
	struct physdev_set_iopl iopl = { .iopl = 1 };

	return is_privileged() ? (int)hypercall_physdev_op(PHYSDEVOP_set_iopl, &iopl) : 0;
}
INITCALL(core, ports_allow); /* of vcpu 0 */

NORETURN void vcpu_main(struct cpu *cpu);

/* From entry.S, on the idle thread's stack, masked. */
void vcpu_main(struct cpu *cpu)
{
	hypercall_vcpu_op(VCPUOP_stop_periodic_timer, cpu->id, NULL);
	ports_allow();
	cpu->tls = NULL;
	timers_resume(cpu);
	__atomic_fetch_or(&up, VCPU_ONLY(cpu->id), __ATOMIC_SEQ_CST);
	sched_idle();
}

/* A struct cpu is on pages of its own, so its vcpu_info crosses no page. */
static struct cpu *make(unsigned int id)
{
	struct cpu *cpu = page_alloc_zero(page_order(sizeof(*cpu)));
	void *stack = stack_alloc(IDLE_STACK);

	if (!cpu || !stack)
		return NULL;
	cpu->self = cpu;
	cpu->id = id;
	cpu->info.evtchn_upcall_mask = 1;
	sched_init_cpu(cpu, stack, IDLE_STACK);
	timers_init_cpu(cpu);
	return cpu;
}

static int tell(struct cpu *cpu)
{
	int err = register_info(cpu);

	if (!err)
		err = timers_bind(cpu);
	return err ? err : bind_ipis(cpu);
}

static int start(struct cpu *cpu)
{
	int err = initialise(cpu);

	if (!err || err == -EEXIST)
		err = (int)hypercall_vcpu_op(VCPUOP_up, cpu->id, NULL);
	return err;
}

static void wait_until_up(void)
{
	while (vcpus_up() != (VCPU_ANY >> (VCPUS_MAX - vcpu_count()) & ~vcpus_offline()))
		cpu_relax();
}

/* How many the domain has. */
static unsigned int probe(void)
{
	unsigned int n = 1;

	while (n < VCPUS_MAX && hypercall_vcpu_op(VCPUOP_is_up, n, NULL) >= 0)
		n++;
	if (n == VCPUS_MAX && hypercall_vcpu_op(VCPUOP_is_up, n, NULL) >= 0)
		console_print("vcpus: %u are used, the domain has more\n", n);
	return n;
}

/*
 * Counted before the first one starts: from then on spin locks are contended. Should one not start,
 * it and those behind it are counted out again; nobody can have met them.
 */
void vcpu_start_all(void)
{
	unsigned int n, want = probe();
	int err = 0;

	if (want == 1)
		return;
	for (n = 1; n < want && (cpus[n] = make(n)); n++)
		;
	WRITE_ONCE(count, n);
	err = bind_ipis(&boot_cpu);
	for (n = 1; !err && n < vcpu_count(); n++) {
		err = tell(cpus[n]);
		if (!err)
			err = start(cpus[n]);
	}
	if (err)
		WRITE_ONCE(count, MAX(n - 1, 1U));
	if (vcpu_count() < want)
		console_print("vcpus: %u of %u could be started: error %d\n", vcpu_count(), want,
			      err ? -err : ENOMEM);
	wait_until_up();
}

void vcpu_init(void)
{
	hypercall_set_segment_base(SEGBASE_GS_KERNEL, (unsigned long)&boot_cpu);
}

void vcpu_place_info(void)
{
	int err = register_info(&boot_cpu);

	if (err)
		panic("cannot place vcpu_info: error %d", err);
}

/* --- Down, and up again ------------------------------------------------- */

/* Threads that waited on its queue wait elsewhere. */
static void hand_over(struct cpu *cpu)
{
	struct thread *thread;

	for (;;) {
		spin_lock(&cpu->lock);
		thread = sched_pull(cpu);
		if (!thread)
			break;
		sched_place(cpu, thread);
	}
	spin_unlock(&cpu->lock);
}

void vcpu_rest(struct cpu *cpu)
{
	__atomic_fetch_and(&up, ~VCPU_ONLY(cpu->id), __ATOMIC_SEQ_CST);
	hand_over(cpu);
	hypercall_vcpu_op(VCPUOP_down, cpu->id, NULL);
	timers_resume(cpu);
	__atomic_fetch_or(&up, VCPU_ONLY(cpu->id), __ATOMIC_SEQ_CST);
}

static void ask_to_stop(struct cpu *cpu)
{
	WRITE_ONCE(cpu->stopping, true);
	sched_poke(cpu);
}

static void wait_until_down(const struct cpu *cpu)
{
	while (hypercall_vcpu_op(VCPUOP_is_up, cpu->id, NULL) > 0)
		cpu_relax();
}

static void start_again(struct cpu *cpu)
{
	int err;

	WRITE_ONCE(cpu->stopping, false);
	err = start(cpu);
	if (err)
		panic("vcpu %u does not start again: error %d", cpu->id, err);
}

void vcpu_stop_others(void)
{
	unsigned int n;

	ASSERT(this_vcpu() == 0);
	mutex_lock(&changing);
	for (n = 1; n < vcpu_count(); n++)
		ask_to_stop(cpus[n]);
	for (n = 1; n < vcpu_count(); n++)
		wait_until_down(cpus[n]);
}

void vcpu_start_others(void)
{
	unsigned int n;

	for (n = 1; n < vcpu_count(); n++)
		if (!(vcpus_offline() & VCPU_ONLY(n)))
			start_again(cpus[n]);
	wait_until_up();
	mutex_unlock(&changing);
}

/*
 * Down: first its ports go to vcpu 0, and those that ask for it from now on do, too (evtchn.c);
 * then, by itself, its threads; and when it is down its timers. Up: its ports come back.
 */
void vcpu_set_online(unsigned int n, bool online)
{
	struct cpu *cpu = cpus[n];

	ASSERT(this_vcpu() == 0 && n > 0 && n < vcpu_count());
	mutex_lock(&changing);
	if (online && vcpus_offline() & VCPU_ONLY(n)) {
		__atomic_fetch_and(&offline, ~VCPU_ONLY(n), __ATOMIC_SEQ_CST);
		start_again(cpu);
		wait_until_up();
		evtchn_return(cpu);
	} else if (!online && !(vcpus_offline() & VCPU_ONLY(n))) {
		__atomic_fetch_or(&offline, VCPU_ONLY(n), __ATOMIC_SEQ_CST);
		evtchn_leave(cpu);
		ask_to_stop(cpu);
		wait_until_down(cpu);
		timers_take(cpu);
	}
	mutex_unlock(&changing);
}

void vcpu_restore(void)
{
	struct cpu *cpu;
	unsigned int n;

	for_each_cpu(cpu, n) {
		int err = register_info(cpu);

		if (!err)
			err = timers_bind(cpu);
		if (!err && vcpu_count() > 1)
			err = bind_ipis(cpu);
		if (err)
			panic("vcpu %u does not come back: error %d", n, err);
	}
	clock_resume();
	timers_resume(&boot_cpu);
}

void vcpu_halt_others(void)
{
	unsigned int n;

	for (n = 0; n < vcpu_count(); n++)
		if (n != this_vcpu())
			hypercall_vcpu_op(VCPUOP_down, n, NULL);
}
