/* SPDX-License-Identifier: MIT */
/* The start, from the builder's start_info to main. */
#include "guest/console.h"
#include "guest/cpu.h"
#include "guest/hypercall.h"
#include "guest/init.h"
#include "guest/irq.h"
#include "guest/page.h"
#include "guest/panic.h"
#include "guest/param.h"
#include "guest/start.h"
#include "guest/vmap.h"
#include "lib/string.h"

struct start_info start_info;

/* A page of the image, over which Xen's page is mapped: guest.lds puts nothing else into it. */
struct shared_info shared_info SECTION(".bss.shared_info") ALIGNED(PAGE_SIZE);
_Static_assert(sizeof(struct shared_info) <= PAGE_SIZE, "one page");

/* BOOT_STACK_SIZE in entry.S */
char boot_stack[2 * PAGE_SIZE] SECTION(".bss.page_aligned") ALIGNED(PAGE_SIZE);

/* Applications whose main needs more say so: const size_t main_stack_size = ...; */
extern const size_t main_stack_size WEAK;

/* The builder's page: where the toolstack looks for it when the domain is saved. */
static struct start_info *start_page;

static void start_info_take(struct start_info *given)
{
	start_page = given;
	start_info = *given;
	start_info.cmd_line[MAX_GUEST_CMDLINE - 1] = 0;
	if (memcmp(start_info.magic, "xen-", 4))
		panic("started by something that is not Xen");
}

static void shared_info_place(uint64_t maddr)
{
	long err = hypercall_update_va_mapping((unsigned long)&shared_info, maddr | PTE_RW,
					       UVMF_INVLPG);

	if (err)
		panic("cannot map shared_info: error %ld", err);
}

void shared_info_map(void)
{
	shared_info_place(start_info.shared_info);
	p2m_publish();
}

void shared_info_unmap(void)
{
	shared_info_place(pfn_to_mfn(virt_to_pfn(&shared_info)).n << PAGE_SHIFT);
}

mfn_t start_info_give(void)
{
	start_page->store_mfn = mfn_to_pfn(MFN(start_info.store_mfn)).n;
	start_page->console.domU.mfn = mfn_to_pfn(MFN(start_info.console.domU.mfn)).n;
	return virt_to_mfn(start_page);
}

void start_info_take_back(bool lost)
{
	if (lost) {
		start_info.shared_info = start_page->shared_info;
		start_info.flags = start_page->flags;
		start_info.store_mfn = start_page->store_mfn;
		start_info.store_evtchn = start_page->store_evtchn;
		start_info.console = start_page->console;
	} else {
		start_page->store_mfn = start_info.store_mfn;
		start_page->console = start_info.console;
	}
}

const void *start_module(size_t *len)
{
	*len = start_info.mod_len;
	return start_info.mod_len ? (const void *)start_info.mod_start : NULL;
}

/* The thread that becomes the application's. */
static void start_main(void *unused)
{
	enum init_level level;

	vcpu_start_all();
	for (level = INIT_core; level <= INIT_app; level++)
		initcalls_run(level);
	libc_start();
}

NORETURN void guest_start(struct start_info *given);

/*
 * From entry.S, with upcalls masked, on the boot stack. Each line needs those above it: memory
 * needs traps only to tell what went wrong; threads need memory; timers need events; the rest
 * happens in a thread, and this context becomes the idle one of vcpu 0.
 */
void guest_start(struct start_info *given)
{
	pfn_t first_free;

	vcpu_init();
	start_info_take(given);
	p2m_init();
	shared_info_map();
	vcpu_place_info();
	traps_init();
	first_free = linear_init();
	linear_protect(first_free);
	page_init(first_free);
	vmap_init();
	sched_init_cpu(cpu_self(), boot_stack, sizeof(boot_stack));
	param_parse((char *)start_info.cmd_line);
	initcalls_run(INIT_early);
	evtchn_init();
	timers_init();
	if (!thread_create("main", start_main, NULL, &main_stack_size ? main_stack_size : 0))
		panic("no memory for the first thread: %lu pages are free", page_free_count());
	sched_idle();
}
