/* SPDX-License-Identifier: MIT */
/*
 * The hypervisor's own end: what is wrong, how it came there, then the machine starts again (or
 * stops: noreboot).
 */
#include <stdarg.h>

#include "console.h"
#include "domain.h"
#include "lib/format.h"
#include "local.h"

void panic(const char *fmt, ...)
{
	static bool again;
	char text[256];
	va_list args;

	__asm__ volatile("cli");
	va_start(args, fmt);
	str_vformat(text, sizeof(text), fmt, args);
	va_end(args);
	printk(LOG_ERR, "PANIC on processor %u: %s\n", this_cpu()->id, text);
	if (!again) {
		again = true;
		backtrace((unsigned long)__builtin_frame_address(0), 0);
	}
	machine_reboot();
}
