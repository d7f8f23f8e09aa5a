/* SPDX-License-Identifier: MIT */
/* The process that an image is: its number, names, limits; and what one process cannot do. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/times.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest/clock.h"
#include "guest/hypercall.h"
#include "guest/libc/libc.h"
#include "guest/page.h"
#include "guest/param.h"
#include "guest/vcpu.h"

#define HOSTNAME_DEFAULT "lamina"

PARAM(hostname, "name of this system, for gethostname");

static const char *hostname(void)
{
	const char *name = param_get("hostname");

	return name ? name : HOSTNAME_DEFAULT;
}

pid_t getpid(void)
{
	return 1;
}

pid_t getppid(void)
{
	return 0;
}

uid_t getuid(void)
{
	return 0;
}

uid_t geteuid(void)
{
	return 0;
}

gid_t getgid(void)
{
	return 0;
}

gid_t getegid(void)
{
	return 0;
}

/* Kept for who asks; files get the mode that open names. */
mode_t umask(mode_t mask)
{
	static mode_t current = 022;
	mode_t old = current;

	current = mask & 0777;
	return old;
}

int gethostname(char *name, size_t size)
{
	if (strlcpy(name, hostname(), size) >= size)
		return (int)libc_result(-ENAMETOOLONG);
	return 0;
}

int uname(struct utsname *name)
{
	long version = hypercall_xen_version(XENVER_version, NULL);

	memset(name, 0, sizeof(*name));
	strlcpy(name->sysname, "Lamina", sizeof(name->sysname));
	strlcpy(name->nodename, hostname(), sizeof(name->nodename));
	strlcpy(name->release, "1", sizeof(name->release));
	snprintf(name->version, sizeof(name->version), "Xen %ld.%ld", version >> 16,
		 version & 0xffff);
	strlcpy(name->machine, "x86_64", sizeof(name->machine));
	return 0;
}

long sysconf(int name)
{
	switch (name) {
	case _SC_PAGESIZE:
		return PAGE_SIZE;
	case _SC_PHYS_PAGES:
		return (long)page_total_count();
	case _SC_AVPHYS_PAGES:
		return (long)page_free_count();
	case _SC_NPROCESSORS_CONF:
		return vcpu_count();
	case _SC_NPROCESSORS_ONLN:
		return __builtin_popcount(vcpus_up());
	case _SC_CLK_TCK:
		return CLOCKS_PER_SEC;
	case _SC_OPEN_MAX:
		return OPEN_MAX;
	case _SC_HOST_NAME_MAX:
		return 63;
	case _SC_IOV_MAX:
		return 1024;
	case _SC_THREADS:
	case _SC_TIMERS:
	case _SC_MONOTONIC_CLOCK:
	case _SC_SEMAPHORES:
	case _SC_BARRIERS:
	case _SC_READER_WRITER_LOCKS:
	case _SC_SPIN_LOCKS:
		return 200809L;
	default:
		return libc_result(-EINVAL);
	}
}

int getpagesize(void)
{
	return PAGE_SIZE;
}

/*
 * Processor time is not told apart from elapsed time: there is one process, and nothing else
 * runs.
 */
clock_t times(struct tms *buf)
{
	clock_t now = (clock_t)(clock_ns() / (NS_PER_S / CLOCKS_PER_SEC));

	*buf = (struct tms){ .tms_utime = now };
	return now;
}

int getrusage(int who, struct rusage *usage)
{
	ns_t now = clock_ns();

	memset(usage, 0, sizeof(*usage));
	usage->ru_utime.tv_sec = (time_t)(now / NS_PER_S);
	usage->ru_utime.tv_usec = (suseconds_t)(now % NS_PER_S / NS_PER_US);
	return 0;
}

/* --- What needs a second process ---------------------------------------- */

pid_t fork(void)
{
	return (pid_t)libc_result(-ENOSYS);
}

int execve(const char *path, char *const argv[], char *const envp[])
{
	return (int)libc_result(-ENOSYS);
}

pid_t wait(int *status)
{
	return (pid_t)libc_result(-ECHILD);
}

pid_t waitpid(pid_t pid, int *status, int options)
{
	return (pid_t)libc_result(-ECHILD);
}
