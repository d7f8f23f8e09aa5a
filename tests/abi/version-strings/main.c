/* SPDX-License-Identifier: MIT */
/* Rule: xen_version's strings are ended, and say what a PV64 guest needs to find in them. */
#include "../kit/kit.h"

static struct xen_compile_info info;

static long build_id(struct xen_build_id *build, unsigned int room)
{
	build->len = room;
	return hypercall(xen_version, XENVER_build_id, build);
}

TEST
{
	static char text[1024];
	struct xen_build_id *build;
	long size;

	memset(text, 'x', sizeof(text));
	check("extraversion", hypercall(xen_version, XENVER_extraversion, text), 0);
	check_that("extraversion is ended within 16 bytes", strnlen(text, 16) < 16);
	check_that("and begins with a dot", text[0] == '.');
	check("the byte behind it", text[16], 'x');

	memset(text, 'x', sizeof(text));
	check("capabilities", hypercall(xen_version, XENVER_capabilities, text), 0);
	check_that("they are ended within 1024 bytes", strnlen(text, 1024) < 1024);
	text[1023] = 0;
	check_that("xen-3.0-x86_64 is among them", strstr(text, "xen-3.0-x86_64"));

	memset(text, 'x', sizeof(text));
	check("changeset", hypercall(xen_version, XENVER_changeset, text), 0);
	check_that("it is ended within 64 bytes", strnlen(text, 64) < 64);

	memset(&info, 'x', sizeof(info));
	check("compile_info", hypercall(xen_version, XENVER_compile_info, &info), 0);
	check_that("the compiler is ended and not empty", strnlen(info.compiler, 64) - 1 < 63);
	check_that("the author is ended", strnlen(info.compile_by, 16) < 16);
	check_that("the domain is ended", strnlen(info.compile_domain, 32) < 32);
	check_that("the date is ended", strnlen(info.compile_date, 32) < 32);

	memset(text, 'x', sizeof(text));
	check("commandline", hypercall(xen_version, XENVER_commandline, text), 0);
	check_that("it is ended within 1024 bytes", strnlen(text, 1024) < 1024);
	text[1023] = 0;
	check_that("dom0_mem=64M is in it", strstr(text, "dom0_mem=64M"));

	size = hypercall(xen_version, XENVER_build_id, 0);
	check("build_id's size, of a SHA-1", size, 20);
	build = page_alloc();
	check("build_id into no room", build_id(build, 0), -XEN_EINVAL);
	check("into one byte", build_id(build, 1), -XEN_ENOBUFS);
	check("into enough", build_id(build, 20), size);
	check_that("it is not empty", build->buf[0] | build->buf[1] | build->buf[2]);
	check("the byte behind it", build->buf[20], 0);
}
