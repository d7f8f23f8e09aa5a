/* SPDX-License-Identifier: MIT */
/*
 * Into the hypervisor and out again.
 *
 * A guest's registers go straight into its vcpu's frame (regs.h). Between the entry and `call`
 * the stack pointer walks through struct vcpu; no exception but NMI, #MC and #DB can come
 * meanwhile, and these have stacks of their own (IST). C code runs on the processor's stack,
 * whose top is struct cpu: at every label below that says "on the CPU stack", rsp is the address
 * of struct cpu.
 *
 * Ways in                                       saved
 *   syscall, guest kernel, valid number         rdi rsi rdx r10 r8 r9 rip rflags rsp, nothing else
 *     where hypercalls are timed (perf.h)       the same
 *   syscall, guest user mode                    everything
 *   exception, INT n, interrupt from a guest    everything
 *   exception or interrupt in the hypervisor    everything, on the stack it ran on
 *
 * Ways out
 *   fast      Of a hypercall: no work waits, no event. Arguments come back from the frame (a
 *             continuation may have changed them and rip), callee-saved registers were never
 *             touched, sysret.
 *   slow      Of a hypercall: the frame is completed first with what only the registers hold,
 *             unless the handler has said WORK_FRAME (iret): then it has written rax, rcx, r11,
 *             rip, cs, ss and entry itself.
 *   direct    To a handler of the guest's kernel, and from it by the iret hypercall, in the usual
 *             case: direct.S.
 *   exit_*    From the complete frame. By sysret where the frame's entry is ENTRY_SYSCALL: then
 *             rcx and r11 are void and cs, ss flat (a hypercall, a bounce to a handler, iret with
 *             VGCF_in_syscall). Else by iretq, executed on the CPU stack. Should it fault (the
 *             guest's cs, ss or rip are bad), the exception becomes the guest's own, as if it had
 *             been raised at the target.
 */
#define __ASSEMBLY__
#include "offsets.h"

/* clac where SMAP is on; patched by cpu.c. An exception does not clear a guest's AC. */
.macro clac_site
8:	.byte	0x0f, 0x1f, 0x00
	.pushsection .smap_sites, "a"
	.balign	4
	.long	8b - ., 0
	.popsection
.endm

/*
 * The syscall entry, copied to the first page of each processor's block: what is addressed relative
 * to rip is that block's struct cpu, so neither swapgs nor a guest-visible segment base is needed.
 */
	.section .rodata.stub, "a"
	.balign	64
	.globl	syscall_stub, syscall_stub_compat, syscall_stub_table, syscall_stub_end
	.set	stub_cpu, syscall_stub + CPU_BLOCK - CPU_SIZE

/*
 * What the handler may overwrite, and what syscall put into rcx and r11. Leaves rsp at the frame's
 * rsp, from where FRAME reaches a field of the vcpu.
 */
#define FRAME(field) (field - VCPU_RSP)(%rsp)
.macro enter_from_syscall
	mov	%rsp, stub_cpu + CPU_SCRATCH(%rip)
	mov	stub_cpu + CPU_ENTRY_SP(%rip), %rsp
	pushq	stub_cpu + CPU_SCRATCH(%rip)
	mov	%rcx, FRAME(VCPU_RIP)
	mov	%r11, FRAME(VCPU_RFLAGS)
	mov	%rdi, FRAME(VCPU_RDI)
	mov	%rsi, FRAME(VCPU_RSI)
	mov	%rdx, FRAME(VCPU_RDX)
	mov	%r10, FRAME(VCPU_R10)
	mov	%r8, FRAME(VCPU_R8)
	mov	%r9, FRAME(VCPU_R9)
.endm

syscall_stub:
	enter_from_syscall
	cmp	stub_cpu + CPU_LIMIT(%rip), %rax
	jae	stub_refused
	sbb	%r11, %r11 /* all ones: the compare said below; a wrong guess gets number 0 */
	and	%r11, %rax
	incq	(VCPU_CALLS - VCPU_RSP)(%rsp, %rax, 8)
	lea	stub_cpu(%rip), %rsp
	mov	%r10, %rcx
	call	*(syscall_stub_table - stub_cpu)(%rsp, %rax, 8)
stub_leave: /* on the CPU stack, rax: result */
	cmpl	$0, CPU_WORK(%rsp)
	mov	CPU_CURRENT(%rsp), %rcx
	jne	stub_slow
	mov	VCPU_INFO(%rcx), %rdx
	cmpb	$0, (%rdx) /* evtchn_upcall_pending */
	jne	stub_event
stub_fast:
	mov	VCPU_RDI(%rcx), %rdi
	mov	VCPU_RSI(%rcx), %rsi
	mov	VCPU_RDX(%rcx), %rdx
	mov	VCPU_R10(%rcx), %r10
	mov	VCPU_R8(%rcx), %r8
	mov	VCPU_R9(%rcx), %r9
	mov	VCPU_RFLAGS(%rcx), %r11
	mov	VCPU_RSP(%rcx), %rsp
	mov	VCPU_RIP(%rcx), %rcx
	/*
	 * The one non-canonical address behind a syscall instruction: Intel's sysret would fault
	 * in ring 0.
	 */
	cmp	stub_hole(%rip), %rcx
	je	stub_hole_hit
	sysretq
	int3
stub_event:
	cmpb	$0, 1(%rdx) /* evtchn_upcall_mask */
	jne	stub_fast
	jmp	*stub_hypercall_upcall(%rip)
stub_slow:
	jmp	*stub_hypercall_slow(%rip)
stub_hole_hit:
	lea	stub_cpu(%rip), %rsp
	mov	CPU_CURRENT(%rsp), %rcx
	jmp	*stub_hypercall_slow(%rip)

/* No such hypercall, or guest user mode. rsp: at the frame's; nothing but it was touched. */
stub_refused:
	cmpq	$CALLS_TIMED, stub_cpu + CPU_LIMIT(%rip)
	jb	stub_user
	je	stub_timed
stub_unknown:
	mov	$-38, %rax /* -ENOSYS */
	cmpl	$0, stub_cpu + CPU_WORK(%rip)
	jne	stub_hole_hit
	mov	FRAME(VCPU_INFO), %rcx
	cmpb	$0, (%rcx)
	jne	stub_hole_hit
	mov	FRAME(VCPU_RIP), %rcx
	cmp	stub_hole(%rip), %rcx
	je	stub_hole_hit
	mov	FRAME(VCPU_RSP), %rsp
	sysretq
	int3
/* perf.h. A valid number counts as on the usual way. */
stub_timed:
	cmp	$NR_CALLS, %rax
	jae	stub_unknown
	sbb	%r11, %r11
	and	%r11, %rax
	incq	(VCPU_CALLS - VCPU_RSP)(%rsp, %rax, 8)
	lea	stub_cpu(%rip), %rsp
	mov	%r10, %rcx
	cmp	$CALL_IRET, %eax
	je	1f
	call	*stub_hypercall_timed(%rip)
	jmp	stub_leave
1:	call	*(syscall_stub_table - stub_cpu)(%rsp, %rax, 8)
	jmp	stub_leave
stub_user:
	movq	$RING3_CS64, FRAME(VCPU_CS)
stub_user_any:
	lea	FRAME(0), %rcx
	lea	stub_cpu(%rip), %rsp
	jmp	*stub_syscall_user(%rip)

/* From compatibility mode: only guest user mode can be there. */
syscall_stub_compat:
	enter_from_syscall
	movq	$RING3_CS32, FRAME(VCPU_CS)
	jmp	stub_user_any

	.balign	8
stub_hypercall_slow:
	.quad	hypercall_slow
stub_hypercall_timed:
	.quad	hypercall_timed
stub_hypercall_upcall:
	.quad	hypercall_upcall
stub_syscall_user:
	.quad	syscall_user
stub_hole:
	.quad	0x0000800000000000
syscall_stub_table:
	.skip	8 * NR_CALLS /* filled when the stub is copied */
syscall_stub_end:

	.text

/* rcx: vcpu. */
.macro save_callee_saved
	mov	%rbx, VCPU_RBX(%rcx)
	mov	%rbp, VCPU_RBP(%rcx)
	mov	%r12, VCPU_R12(%rcx)
	mov	%r13, VCPU_R13(%rcx)
	mov	%r14, VCPU_R14(%rcx)
	mov	%r15, VCPU_R15(%rcx)
.endm
/* rax: vcpu. */
.macro load_callee_saved
	mov	VCPU_R15(%rax), %r15
	mov	VCPU_R14(%rax), %r14
	mov	VCPU_R13(%rax), %r13
	mov	VCPU_R12(%rax), %r12
	mov	VCPU_RBP(%rax), %rbp
	mov	VCPU_RBX(%rax), %rbx
.endm
/* rax, the two that syscall has overwritten, and how it came. */
.macro save_syscall_rest
	movl	$FRAME_ENTRY_SYSCALL, VCPU_ENTRY(%rcx)
	movq	$RING3_SS, VCPU_SS(%rcx)
	mov	%rax, VCPU_RAX(%rcx)
	mov	VCPU_RIP(%rcx), %rax
	mov	%rax, VCPU_RCX(%rcx)
	mov	VCPU_RFLAGS(%rcx), %rax
	mov	%rax, VCPU_R11(%rcx)
.endm

/* rax: number, bounded and clamped; the rest is the handler's. Keeps what a function keeps. */
hypercall_timed:
	push	%rbx
	push	%rax
	mov	%rdx, %rbx
	rdtsc
	shl	$32, %rdx
	or	%rax, %rdx
	xchg	%rdx, %rbx /* the argument again; when it began */
	mov	(%rsp), %rax
	lea	hypercall_table(%rip), %r11
	call	*(%r11, %rax, 8)
	pop	%rdi
	mov	%rbx, %rsi
	mov	%rax, %rbx
	call	hypercall_timed_end
	mov	%rbx, %rax
	pop	%rbx
	ret

/* On the CPU stack; rcx: vcpu; rax: result. */
	.globl	hypercall_slow
hypercall_slow:
	cmpl	$CPU_WORK_FRAME, CPU_WORK(%rsp)
	je	hypercall_replaced
	save_callee_saved
	testl	$CPU_WORK_FRAME, CPU_WORK(%rsp)
	jnz	1f
	movq	$RING3_CS64, VCPU_CS(%rcx)
	save_syscall_rest
	jmp	exit_work_first
1:	lock andl $~CPU_WORK_FRAME, CPU_WORK(%rsp)
	jmp	exit_check

/* The frame is another, and nothing else waits: callee-saved registers are still the guest's. */
hypercall_replaced:
	lock andl $~CPU_WORK_FRAME, CPU_WORK(%rsp)
	mov	%rcx, %rax
	mov	VCPU_INFO(%rcx), %rcx
	cmpb	$0, (%rcx)
	jne	2f
	cmpl	$FRAME_ENTRY_SYSCALL, VCPU_ENTRY(%rax)
	jne	exit_iret_rest
2:	mov	%rax, %rcx
	save_callee_saved
	jmp	exit_check

/* On the CPU stack; rcx: vcpu. */
syscall_user:
	save_callee_saved
	save_syscall_rest
	lea	VCPU_REGS(%rcx), %rdi
	call	pv_syscall_user

/* On the CPU stack, the frame of current complete. */
	.globl	exit_check
exit_check:
	cmpl	$0, CPU_WORK(%rsp)
	mov	CPU_CURRENT(%rsp), %rax
	jne	exit_work_first
	mov	VCPU_INFO(%rax), %rcx
	cmpb	$0, (%rcx)
	jne	exit_event
exit_restore:
	cmpl	$FRAME_ENTRY_SYSCALL, VCPU_ENTRY(%rax)
	jne	exit_iret
	mov	VCPU_RIP(%rax), %rcx
	mov	%rcx, %rdx
	shl	$16, %rdx
	sar	$16, %rdx
	cmp	%rdx, %rcx
	jne	exit_iret
	load_callee_saved
	mov	VCPU_R10(%rax), %r10
	mov	VCPU_R9(%rax), %r9
	mov	VCPU_R8(%rax), %r8
	mov	VCPU_RDX(%rax), %rdx
	mov	VCPU_RSI(%rax), %rsi
	mov	VCPU_RDI(%rax), %rdi
	mov	VCPU_RFLAGS(%rax), %r11
	mov	VCPU_RSP(%rax), %rsp
	mov	VCPU_RAX(%rax), %rax
	sysretq
	int3
exit_iret:
	load_callee_saved
exit_iret_rest:
	pushq	VCPU_SS(%rax)
	pushq	VCPU_RSP(%rax)
	pushq	VCPU_RFLAGS(%rax)
	pushq	VCPU_CS(%rax)
	pushq	VCPU_RIP(%rax)
	mov	VCPU_R11(%rax), %r11
	mov	VCPU_R10(%rax), %r10
	mov	VCPU_R9(%rax), %r9
	mov	VCPU_R8(%rax), %r8
	mov	VCPU_RCX(%rax), %rcx
	mov	VCPU_RDX(%rax), %rdx
	mov	VCPU_RSI(%rax), %rsi
	mov	VCPU_RDI(%rax), %rdi
	mov	VCPU_RAX(%rax), %rax
	.globl	guest_iretq
guest_iretq:
	iretq
	EXTABLE(guest_iretq, guest_iretq_fault)

exit_event:
	cmpb	$0, 1(%rcx)
	jne	exit_restore
exit_work_first:
	call	exit_work
	mov	CPU_CURRENT(%rsp), %rax
	jmp	exit_restore

/*
 * trap_hyper has put vector and error code into the frame of current. Every register is the
 * guest's; rsp: at the five words of iretq.
 */
	.globl	guest_iretq_fault
guest_iretq_fault:
	push	%rax
	mov	%rsp, %rax
	or	$(CPU_BLOCK - 1), %rax
	mov	CPU_CURRENT - CPU_SIZE + 1(%rax), %rax
	mov	%rcx, VCPU_RCX(%rax)
	mov	%rax, %rcx
	save_callee_saved
	mov	%rdi, VCPU_RDI(%rax)
	mov	%rsi, VCPU_RSI(%rax)
	mov	%rdx, VCPU_RDX(%rax)
	mov	%r8, VCPU_R8(%rax)
	mov	%r9, VCPU_R9(%rax)
	mov	%r10, VCPU_R10(%rax)
	mov	%r11, VCPU_R11(%rax)
	popq	VCPU_RAX(%rax)
	popq	VCPU_RIP(%rax)
	popq	VCPU_CS(%rax)
	popq	VCPU_RFLAGS(%rax)
	popq	VCPU_RSP(%rax)
	popq	VCPU_SS(%rax)
	or	$(CPU_BLOCK - 1), %rsp
	sub	$(CPU_SIZE - 1), %rsp
	lea	VCPU_REGS(%rax), %rdi
	call	trap_guest
	jmp	exit_check

/* void enter_guest(void): of a processor's first time; rsp is somewhere on its main stack. */
	.globl	enter_guest
enter_guest:
	or	$(CPU_BLOCK - 1), %rsp
	sub	$(CPU_SIZE - 1), %rsp
	jmp	exit_work_first

.macro push_registers
	push	%rdi
	push	%rsi
	push	%rdx
	push	%rcx
	push	%rax
	push	%r8
	push	%r9
	push	%r10
	push	%r11
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
.endm

/* Every exception and interrupt but those with stacks of their own, and of direct.S. */
	.globl	trap_common
trap_common:
	push_registers
	cld
	clac_site
	mov	%rsp, %rdi
	testb	$3, REGS_CS(%rsp)
	jz	trap_in_hypervisor
	mov	VCPU_CPU - VCPU_REGS(%rsp), %rsp
	call	trap_guest
	jmp	exit_check

trap_in_hypervisor:
	testl	$RFLAGS_VM, REGS_RFLAGS(%rsp)
	jnz	trap_v8086
	mov	%rsp, %rbp
	and	$-16, %rsp
	call	trap_hyper
	mov	%rbp, %rsp
trap_return:
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	pop	%r11
	pop	%r10
	pop	%r9
	pop	%r8
	pop	%rax
	pop	%rcx
	pop	%rdx
	pop	%rsi
	pop	%rdi
	add	$8, %rsp
	iretq

/* A guest's frame, whose cs means nothing. */
trap_v8086:
	mov	VCPU_CPU - VCPU_REGS(%rsp), %rsp
	call	trap_v8086_c
	jmp	exit_check

/*
 * #DB, NMI, #DF, #MC: C tells whether it goes on as a guest's exception (its frame copied), or
 * returns.
 */
trap_own_stack:
	push_registers
	cld
	clac_site
	mov	%rsp, %rdi
	mov	%rsp, %rbp
	and	$-16, %rsp
	call	trap_own_stack_c
	mov	%rbp, %rsp
	test	%rax, %rax
	jz	trap_return
	mov	%rax, %rsp
	mov	CPU_CURRENT(%rsp), %rax
	lea	VCPU_REGS(%rax), %rdi
	call	trap_guest
	jmp	exit_check

/* Sixteen bytes a vector; idt.c counts on it. */
	.balign	16
	.globl	trap_stubs
trap_stubs:
	.set	vector, 0
	.rept	256
	.balign	16
	/* 8, 10-14, 17, 21, 29, 30: the processor pushes an error code. */
	.if	vector >= 32 || !((1 << (vector & 31)) & 0x60227d00)
	push	$0
	.endif
	movl	$vector, 4(%rsp)
	.if	vector == 1 || vector == 2 || vector == 8 || vector == 18
	jmp	trap_own_stack
	.elseif vector == 0 || vector == 3 || vector == 4 || vector == 16 || vector == 19
	jmp	trap_direct
	.elseif vector == 14
	jmp	trap_direct_fault
	.else
	jmp	trap_common
	.endif
	.set	vector, vector + 1
	.endr
	.section .note.GNU-stack, "", @progbits
