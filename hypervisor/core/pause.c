/* SPDX-License-Identifier: MIT */
/*
 * Stopping a domain and letting it go on: pauses of the hypervisor and of the toolstack, shutdown
 * by the guest or for it, and the crash of one that did what cannot be forgiven. A shut-down domain
 * is paused once more, until domain_resume or its end.
 */
#include <stdarg.h>

#include "access.h"
#include "console.h"
#include "lib/format.h"
#include "sched.h"
#include "x86.h"

static void pause_begin(struct domain *d)
{
	__atomic_add_fetch(&d->pause_count, 1, __ATOMIC_SEQ_CST);
}

/* Without waiting: the current vcpu may be among them, and leaves on the way out. */
static void sleep_all(struct domain *d)
{
	uint32_t i;

	for (i = 0; i < d->max_vcpus; i++)
		if (d->vcpu[i])
			sched_sleep(d->vcpu[i]);
}

void domain_pause(struct domain *d)
{
	uint32_t i;

	pause_begin(d);
	for (i = 0; i < d->max_vcpus; i++)
		if (d->vcpu[i])
			sched_sleep_sync(d->vcpu[i]);
}

void domain_unpause(struct domain *d)
{
	uint32_t i;

	if (__atomic_sub_fetch(&d->pause_count, 1, __ATOMIC_SEQ_CST))
		return;
	for (i = 0; i < d->max_vcpus; i++)
		if (d->vcpu[i])
			sched_wake(d->vcpu[i]);
}

int domain_ctl_pause(struct domain *d)
{
	spin_lock(&d->lock);
	if (d->ctl_pause_count >= 255) {
		spin_unlock(&d->lock);
		return -EOVERFLOW;
	}
	d->ctl_pause_count++;
	spin_unlock(&d->lock);
	domain_pause(d);
	return 0;
}

int domain_ctl_unpause(struct domain *d)
{
	spin_lock(&d->lock);
	if (!d->ctl_pause_count) {
		spin_unlock(&d->lock);
		return -EINVAL;
	}
	d->ctl_pause_count--;
	spin_unlock(&d->lock);
	domain_unpause(d);
	return 0;
}

/* The hardware domain is the machine: when it goes, all goes. */
static NORETURN void machine_ends(uint8_t reason)
{
	switch (reason) {
	case SHUTDOWN_poweroff:
		printk(LOG_INFO, "dom0 powers off");
		machine_poweroff();
	case SHUTDOWN_reboot:
		printk(LOG_INFO, "dom0 reboots");
		machine_reboot();
	case SHUTDOWN_watchdog:
		panic("dom0's watchdog fired");
	case SHUTDOWN_crash:
		panic("dom0 crashed");
	default:
		panic("dom0 shut down with reason %u", reason);
	}
}

/*
 * The first reason stays, also one that the guest announced with SCHEDOP_shutdown_code. The domain
 * keeps all that it has: the toolstack decides what becomes of it.
 */
void domain_shutdown(struct domain *d, uint8_t reason)
{
	spin_lock(&d->lock);
	if (d->shutdown_code == SHUTDOWN_NONE)
		d->shutdown_code = reason;
	reason = d->shutdown_code;
	if (d == dom0) {
		spin_unlock(&d->lock);
		machine_ends(reason);
	}
	if (d->shut_down) {
		spin_unlock(&d->lock);
		return;
	}
	d->shut_down = true;
	pause_begin(d);
	spin_unlock(&d->lock);
	sleep_all(d);
	if (d->suspend_port)
		evtchn_send(d, d->suspend_port);
	evtchn_send_global_virq(VIRQ_DOM_EXC);
}

void domain_resume(struct domain *d)
{
	spin_lock(&d->lock);
	if (!d->shut_down) {
		spin_unlock(&d->lock);
		return;
	}
	d->shut_down = false;
	d->shutdown_code = SHUTDOWN_NONE;
	spin_unlock(&d->lock);
	domain_unpause(d);
}

/* Of current. */
static void bases_print(const struct vcpu *v)
{
	printk(LOG_ERR, "fsb %016lx gsb %016lx gss %016lx", read_fs_base(), read_gs_base(),
	       read_gs_shadow());
	printk(LOG_ERR, "cr3 %016lx cr2 %016lx, %s mode", v->pv.cr3, v->pv.ctrlreg[2],
	       v->pv.user_mode ? "user" : "kernel");
}

#define STACK_LINES 8

/*
 * Read through the guest's own addresses, with faults forgiven: the stack pointer may be the bug.
 */
static void stack_print(const struct regs *r)
{
	uint64_t word[4];
	unsigned i;

	printk(LOG_ERR, "guest stack at rsp %016lx:", r->rsp);
	for (i = 0; i < STACK_LINES; i++) {
		if (copy_from_guest(word, (void *)(r->rsp + i * sizeof(word)), sizeof(word))) {
			printk(LOG_ERR, "  (not readable beyond)");
			return;
		}
		printk(LOG_ERR, "  %016lx %016lx %016lx %016lx", word[0], word[1], word[2],
		       word[3]);
	}
}

void domain_crash(struct domain *d, const char *fmt, ...)
{
	struct vcpu *v = current;
	char why[160];
	va_list args;

	va_start(args, fmt);
	str_vformat(why, sizeof(why), fmt, args);
	va_end(args);
	if (d->shut_down)
		return;
	printk(LOG_ERR, "d%u crashed: %s", d->id, why);
	if (v->domain == d) {
		printk(LOG_ERR, "d%uv%u on CPU %u:", d->id, v->id, this_cpu()->id);
		regs_print(&v->regs);
		bases_print(v);
		stack_print(&v->regs);
	}
	domain_shutdown(d, SHUTDOWN_crash);
}
