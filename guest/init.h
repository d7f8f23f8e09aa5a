/* SPDX-License-Identifier: MIT */
/* Initialisation: parts that are linked in start themselves, level by level. */
#pragma once

#include "guest/types.h"

/*
 * INITCALL(level, fn) puts fn into the table of its level. Before each level everything of the
 * lower ones has run. What is there:
 *
 *	early	memory and console_io; no threads, upcalls masked
 *	core	threads, timers, events and heap; here console, grants and libc's files start
 *	bus	all of guest/ and libc; here xenstore's client and PCI start
 *	device	buses; here drivers start
 *	fs	devices; here file systems are mounted
 *	net	file systems; here the network comes up
 *	app	everything; what the application itself registers, just before main
 *
 * Within a level the order is that of the functions' names. fn returns 0, or -errno, which is
 * printed with its name, and the start goes on: whoever cannot live without it panics itself.
 *
 * An init call runs in the images that its object is linked into: because something refers to the
 * object, or because the image names it among its parts (initcall_<function> is a global symbol
 * for that).
 */
enum init_level {
	INIT_early,
	INIT_core,
	INIT_bus,
	INIT_device,
	INIT_fs,
	INIT_net,
	INIT_app,
};

struct initcall {
	const char *name;
	int (*fn)(void);
	enum init_level level;
};

#define INITCALL(init_level, function)                                                 \
	extern const struct initcall initcall_##function;                              \
	const struct initcall initcall_##function                                      \
		__attribute__((section(".initcall." #function), used, aligned(8))) = { \
			.name = #function, .fn = function, .level = INIT_##init_level  \
		}

/* The name of the image ("hello"), from the build. */
extern const char image_name[];

/* What the domain builder told us; a copy, valid always. */
extern struct start_info start_info;

static inline bool is_privileged(void)
{
	return start_info.flags & SIF_PRIVILEGED;
}

static inline bool is_initdomain(void)
{
	return start_info.flags & SIF_INITDOMAIN;
}

/* The module (ramdisk) that came with the domain: NULL if none. It stays in memory for good. */
const void *start_module(size_t *len);
