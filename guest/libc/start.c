/* SPDX-License-Identifier: MIT */
/* Where libc begins and ends: constructors, main, exit status, the request to end. */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "guest/console.h"
#include "guest/init.h"
#include "guest/param.h"
#include "guest/shutdown.h"
#include "guest/libc/libc.h"
#include "guest/start.h"

char **environ = param_envp;

/* Applications that have no name of their own in the build. */
const char image_name[] WEAK = "app";

/* The application's, whose declaration may leave parameters out. */
int main(int argc, char **argv, char **envp);

void __libc_init_array(void);

/* Of crti.o elsewhere; the arrays are all there is here. */
void _init(void);
void _fini(void);

void _init(void) {}

void _fini(void) {}

void libc_start(void)
{
	__libc_init_array();
	exit(main(param_argc, param_argv, param_envp));
}

void _exit(int status)
{
	console_print("%s: exit status %d\n", image_name, status & 0xff);
	shutdown_now(shutdown_requested() ? shutdown_reason() : SHUTDOWN_poweroff);
}

NORETURN void libc_terminate(void);

/* shutdown.c's: the domain was asked to end. */
void libc_terminate(void)
{
	if (libc_signal_handled(SIGTERM)) {
		raise(SIGTERM);
		for (;;)
			pause();
	}
	/*
	 * exit takes the lock of every stdio stream: whoever waits for input with one must let
	 * go.
	 */
	shutdown_limit(shutdown_reason());
	console_input_close();
	exit(0);
}
