/* SPDX-License-Identifier: MIT */
/* The rule: xen_version's strings are ended, and say what a PV64 guest needs to find in them. */
#include "../kit/kit.h"

static struct xen_compile_info info;
static struct xen_build_id *build;

TEST
{
	static char text[1024];

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
	check_that("the date is ended and not empty", strnlen(info.compile_date, 32) - 1 < 31);

	memset(text, 'x', sizeof(text));
	check("commandline", hypercall(xen_version, XENVER_commandline, text), 0);
	check_that("it is ended within 1024 bytes", strnlen(text, 1024) < 1024);
	text[1023] = 0;
	check_that("dom0_mem=64M is in it", strstr(text, "dom0_mem=64M"));

	build = page_alloc();
	build->len = 0;
	check("build_id into no room", hypercall(xen_version, XENVER_build_id, build), -XEN_EINVAL);
	build->len = 1;
	check("build_id into one byte", hypercall(xen_version, XENVER_build_id, build), -XEN_ENOBUFS);
	build->len = 1024;
	check("build_id's length is that of its null query",
	      hypercall(xen_version, XENVER_build_id, build) ==
		      hypercall(xen_version, XENVER_build_id, 0), 1);
}
