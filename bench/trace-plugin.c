/* SPDX-License-Identifier: MIT */
/*
 * A TCG plugin that writes the address of each instruction of the benchmark's last sample:
 * -plugin trace.so,from=ADDRESS,to=ADDRESS,out=FILE. A sample is what is executed between two
 * addresses, `from` included, `to` not. Declares what it uses of qemu-plugin.h, which Debian lacks.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct qemu_plugin_tb;
struct qemu_plugin_insn;
typedef uint64_t plugin_id;

enum { CB_NO_REGS = 0 };

void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id id,
					   void (*cb)(plugin_id id, struct qemu_plugin_tb *tb));
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
					    void (*cb)(unsigned int vcpu, void *data), int flags,
					    void *data);
void qemu_plugin_register_atexit_cb(plugin_id id, void (*cb)(plugin_id id, void *data), void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t n);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv);

__attribute__((visibility("default"))) int qemu_plugin_version = 1;

#define SAMPLE_MAX (4U << 20)

static uint64_t sample[SAMPLE_MAX], from, to;
static size_t length;
static bool recording;
static const char *output = "/dev/stderr";

static void executed(unsigned int vcpu, void *data)
{
	uint64_t address = (uintptr_t)data;

	(void)vcpu;
	if (address == from) {
		recording = true;
		length = 0;
	} else if (address == to) {
		recording = false;
	}
	if (recording && length < SAMPLE_MAX)
		sample[length++] = address;
}

static void block_translated(plugin_id id, struct qemu_plugin_tb *tb)
{
	size_t i;

	(void)id;
	for (i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);

		qemu_plugin_register_vcpu_insn_exec_cb(insn, executed, CB_NO_REGS,
						       (void *)qemu_plugin_insn_vaddr(insn));
	}
}

static void report(plugin_id id, void *data)
{
	FILE *out = fopen(output, "w");
	size_t i;

	(void)id;
	(void)data;
	if (!out)
		return;
	for (i = 0; i < length; i++)
		fprintf(out, "%#" PRIx64 "\n", sample[i]);
	fclose(out);
}

__attribute__((visibility("default"))) int qemu_plugin_install(plugin_id id, const void *info,
							       int argc, char **argv)
{
	int i;

	(void)info;
	for (i = 0; i < argc; i++) {
		if (!strncmp(argv[i], "from=", 5))
			from = strtoull(argv[i] + 5, NULL, 0);
		else if (!strncmp(argv[i], "to=", 3))
			to = strtoull(argv[i] + 3, NULL, 0);
		else if (!strncmp(argv[i], "out=", 4))
			output = strdup(argv[i] + 4);
		else
			return -1;
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, block_translated);
	qemu_plugin_register_atexit_cb(id, report, NULL);
	return 0;
}
