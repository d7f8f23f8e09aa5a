/* SPDX-License-Identifier: MIT */
/* Runs the table that INITCALL fills; the linker script puts it in the order of the names. */
#include "guest/console.h"
#include "guest/init.h"
#include "guest/start.h"

extern const struct initcall initcalls_start[], initcalls_end[];

void initcalls_run(enum init_level level)
{
	const struct initcall *call;

	for (call = initcalls_start; call < initcalls_end; call++) {
		int err = call->level == level ? call->fn() : 0;

		if (err < 0)
			console_print("%s: error %d\n", call->name, -err);
	}
}
