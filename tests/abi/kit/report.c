/* SPDX-License-Identifier: MIT */
/* Results: one console line a check, the worst of them as the last line. */
#include "kit.h"

static enum result worst;

static void line(const char *fmt, ...) PRINTF(1, 2);
static void line(const char *fmt, ...)
{
	static const char folder[] = "tests/abi/";
	const char *name = strstr(test_file, folder)
				   ? strstr(test_file, folder) + sizeof(folder) - 1
				   : test_file;
	int name_len = strchr(name, '/') ? (int)(strchr(name, '/') - name) : (int)strlen(name);
	char text[256];
	size_t len = str_format(text, sizeof(text), "abi: %.*s: ", name_len, name);
	va_list args;

	va_start(args, fmt);
	len += str_vformat(text + len, sizeof(text) - len, fmt, args);
	va_end(args);
	len = MIN(len, sizeof(text) - 2);
	text[len++] = '\n';
	console_write(text, len);
}

static const char *value_name(long value, char *buf, size_t size)
{
	static const struct {
		const char *name;
		int value;
	} errors[] = {
#define XEN_ERRNO(name, value) { "-" #name, value },
#include <xen/errno.h>
		{ "-ERESTART", 85 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(errors); i++)
		if (value == -errors[i].value)
			return errors[i].name;
	if (value >= -65536 && value <= 65536)
		str_format(buf, size, "%ld", value);
	else
		str_format(buf, size, "%#lx", (ulong)value);
	return buf;
}

void check_value(const char *what, long got, long want)
{
	char one[24], two[24];

	if (got == want) {
		line("%s = %s", what, value_name(got, one, sizeof(one)));
		return;
	}
	line("%s = %s, want %s: FAILURE", what, value_name(got, one, sizeof(one)),
	     value_name(want, two, sizeof(two)));
	worst = FAILURE;
}

void check_status(const char *what, long got, long want)
{
	if (got == want) {
		line("%s = status %ld", what, got);
		return;
	}
	line("%s = status %ld, want %ld: FAILURE", what, got, want);
	worst = FAILURE;
}

void check_same_value(const char *what, long got, long want)
{
	if (got == want) {
		line("%s = as it should be", what);
		return;
	}
	line("%s = %#lx, want %#lx: FAILURE", what, (ulong)got, (ulong)want);
	worst = FAILURE;
}

void check_string(const char *what, const char *got, const char *want)
{
	if (!strcmp(got, want)) {
		line("%s = \"%s\"", what, got);
		return;
	}
	line("%s = \"%s\", want \"%s\": FAILURE", what, got, want);
	worst = FAILURE;
}

void test_end(void)
{
	static const char *const names[] = { "SUCCESS", "SKIP", "ERROR", "FAILURE" };
	struct sched_shutdown how = { .reason = SHUTDOWN_reboot };

	if (is_recording()) {
		peers_record();
		record_print();
	}
	line("%s", names[worst]);
	console_flush();
	hypercall_n(__HYPERVISOR_sched_op, SCHEDOP_shutdown, (ulong)&how, 0, 0, 0);
	for (;;)
		;
}

static void end_with(enum result result, const char *fmt, va_list args)
{
	char text[160];

	str_vformat(text, sizeof(text), fmt, args);
	line("%s", text);
	worst = MAX(worst, result);
	test_end();
}

void skip(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	end_with(SKIP, fmt, args);
	__builtin_unreachable();
}

void error(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	end_with(ERROR, fmt, args);
	__builtin_unreachable();
}
