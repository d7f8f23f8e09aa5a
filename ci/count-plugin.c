/* SPDX-License-Identifier: MIT */
/*
 * A TCG plugin that counts executed instructions, in all and up to given addresses:
 * -plugin count.so,NAME=0xADDRESS,... The marks come one after the other: each counts when the
 * processor reaches its address for the first time after the mark before. With rounds=N the first
 * comes after the last again, up to N times in all. Writes `NAME COUNT` lines to the file of the
 * argument out=FILE when QEMU ends, the last one named `end`.
 * Debian has no qemu-plugin.h; what is used of it is declared here (QEMU 7.2, API version 1).
 */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct qemu_plugin_tb;
typedef uint64_t plugin_id;

enum { CB_NO_REGS = 0 };
enum { INLINE_ADD_U64 = 0 };

void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id id,
					   void (*cb)(plugin_id id, struct qemu_plugin_tb *tb));
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb,
					  void (*cb)(unsigned int vcpu, void *data), int flags,
					  void *data);
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *tb, int op, void *ptr,
					      uint64_t imm);
void qemu_plugin_register_atexit_cb(plugin_id id, void (*cb)(plugin_id id, void *data), void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);
int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv);

__attribute__((visibility("default"))) int qemu_plugin_version = 1;

#define MARKS_MAX  8
#define ROUNDS_MAX 1024

static struct mark {
	char name[32];
	uint64_t address;
} marks[MARKS_MAX];
static size_t mark_count, rounds = 1;
static uint64_t counts[ROUNDS_MAX * MARKS_MAX]; /* as they were reached */
static size_t reached;
static uint64_t executed;
static const char *output = "/dev/stderr";

static void mark_reached(unsigned int vcpu, void *data)
{
	(void)vcpu;
	if (reached < mark_count * rounds && data == &marks[reached % mark_count])
		counts[reached++] = executed;
}

/* The mark is asked before the block's own instructions are added. */
static void block_translated(plugin_id id, struct qemu_plugin_tb *tb)
{
	size_t i;

	(void)id;
	for (i = 0; i < mark_count; i++)
		if (marks[i].address == qemu_plugin_tb_vaddr(tb))
			qemu_plugin_register_vcpu_tb_exec_cb(tb, mark_reached, CB_NO_REGS,
							     &marks[i]);
	qemu_plugin_register_vcpu_tb_exec_inline(tb, INLINE_ADD_U64, &executed,
						 qemu_plugin_tb_n_insns(tb));
}

static void report(plugin_id id, void *data)
{
	FILE *out = fopen(output, "w");
	size_t i;

	(void)id;
	(void)data;
	if (!out)
		return;
	for (i = 0; i < reached; i++)
		fprintf(out, "%s %" PRIu64 "\n", marks[i % mark_count].name, counts[i]);
	fprintf(out, "end %" PRIu64 "\n", executed);
	fclose(out);
}

__attribute__((visibility("default"))) int qemu_plugin_install(plugin_id id, const void *info,
							       int argc, char **argv)
{
	int i;

	(void)info;
	for (i = 0; i < argc; i++) {
		char *value = strchr(argv[i], '=');

		if (!value)
			return -1;
		*value++ = 0;
		if (!strcmp(argv[i], "out")) {
			output = strdup(value);
		} else if (!strcmp(argv[i], "rounds")) {
			rounds = strtoul(value, NULL, 0);
			if (!rounds || rounds > ROUNDS_MAX)
				return -1;
		} else if (mark_count < MARKS_MAX) {
			snprintf(marks[mark_count].name, sizeof(marks[0].name), "%s", argv[i]);
			marks[mark_count++].address = strtoull(value, NULL, 0);
		}
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, block_translated);
	qemu_plugin_register_atexit_cb(id, report, NULL);
	return 0;
}
