/* SPDX-License-Identifier: MIT */
/*
 * The serial line as dom0's console: console_io, and input. Ctrl-A three times gives what is typed
 * to the hypervisor, whose single keys then show its state, and again back to dom0.
 */
#include "access.h"
#include "audit.h"
#include "block.h"
#include "console.h"
#include "domain.h"
#include "evtchn.h"
#include "hypercall.h"
#include "irq.h"
#include "vcpu.h"

#define INPUT_SIZE   128 /* a power of two */
#define CHUNK        128
#define CHAR_COST    5 /* units of work: a port is written, another read */
#define SWITCH_CHAR  1 /* Ctrl-A */
#define SWITCH_TIMES 3

static struct {
	spinlock_t lock;
	char ring[INPUT_SIZE];
	uint32_t produced, consumed;
	unsigned switches; /* Ctrl-A in a row */
	bool to_hypervisor;
} input = { .lock = SPINLOCK(LOCK_INPUT) };
LOCK_NAMED(input.lock, input);

static void key_domains(void)
{
	struct domain *d;
	unsigned i;

	printk(LOG_ERR, "domains that end: %u", domains_ending());
	printk(LOG_ERR, "frames: %lu of %lu free, %lu of them dirty", frames_free(), frames_total(),
	       frames_dirty());
	for (d = dom0; d; d = d->next) {
		printk(LOG_ERR, "d%u: %lu frames of %lu, refs %u, ports %u, pauses %u%s%s", d->id,
		       d->tot_pages, d->max_pages, d->refs, d->evtchn.active, d->pause_count,
		       d->shut_down ? ", shut down" : "", d->dying ? ", dying" : "");
		for (i = 0; i < d->max_vcpus; i++) {
			struct vcpu *v = d->vcpu[i];

			if (v)
				printk(LOG_ERR, "  v%u: rip %016lx %s%s%s upcall %u mask %u", i,
				       v->regs.rip, v->running ? "running " : "",
				       v->blocked ? "blocked " : "", v->down ? "down " : "",
				       v->info->evtchn_upcall_pending, v->info->evtchn_upcall_mask);
		}
	}
}

void console_key(char c)
{
	switch (c) {
	case 'q':
		key_domains();
		break;
	case 'F':
		audit_frames();
		break;
	case 'i':
		irq_print();
		break;
	case 'R':
		machine_reboot();
	default:
		printk(LOG_ERR, "keys: q domains, i interrupts, F audit of frames, R reboot; "
				"Ctrl-A three times: input to dom0");
	}
}

static void switch_input(void)
{
	input.to_hypervisor = !input.to_hypervisor;
	printk(LOG_ERR, "serial input goes to %s (Ctrl-A three times to switch)",
	       input.to_hypervisor ? "the hypervisor" : "dom0");
}

/* Called with interrupts off; what dom0 does not fetch in time is lost, as with a UART. */
void console_input(char c)
{
	input.switches = c == SWITCH_CHAR ? input.switches + 1 : 0;
	if (input.switches == SWITCH_TIMES) {
		input.switches = 0;
		switch_input();
		return;
	}
	if (input.to_hypervisor) {
		if (c != SWITCH_CHAR)
			console_key(c);
		return;
	}
	spin_lock(&input.lock);
	if (input.produced - input.consumed < INPUT_SIZE)
		input.ring[input.produced++ % INPUT_SIZE] = c;
	spin_unlock(&input.lock);
	evtchn_send_global_virq(VIRQ_CONSOLE);
}

static long console_write(const char *from, unsigned count)
{
	char text[CHUNK];
	unsigned n;

	work_begin();
	for (; count; count -= n, from += n) {
		if (work_spent(CHUNK * CHAR_COST))
			return hypercall_continue(__HYPERVISOR_console_io, 3,
						  (unsigned long)CONSOLEIO_write,
						  (unsigned long)count, from);
		n = MIN(count, (unsigned)sizeof(text));
		if (copy_from_guest(text, from, n))
			return -EFAULT;
		console_put(text, n);
	}
	return 0;
}

/* As much as there is: the guest comes again at the next VIRQ_CONSOLE. */
static long console_read(char *to, unsigned count)
{
	long done = 0;
	char c;

	while (done < count && input.consumed != input.produced) {
		spin_lock(&input.lock);
		c = input.ring[input.consumed++ % INPUT_SIZE];
		spin_unlock(&input.lock);
		if (copy_to_guest(to + done, &c, 1))
			return -EFAULT;
		done++;
	}
	return done;
}

long do_console_io(unsigned cmd, unsigned count, char *buffer)
{
	if (!current->domain->privileged)
		return -EPERM;
	switch (cmd) {
	case CONSOLEIO_write:
		return console_write(buffer, count);
	case CONSOLEIO_read:
		return console_read(buffer, count);
	default:
		return -ENOSYS;
	}
}
