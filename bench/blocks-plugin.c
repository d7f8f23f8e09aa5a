/* SPDX-License-Identifier: MIT */
/*
 * A TCG plugin that counts how often each processor executes each block of code: -plugin
 * blocks.so,out=FILE. The counts lie in FILE, which others may read while QEMU runs
 * (bench/blocks.py). One processor counts in line; with threads=on, for QEMU's multi-threaded TCG,
 * each adds to a count of its own by a call, which takes about as long as the block. A block that
 * is translated again goes on with its record. Declares what it uses of qemu-plugin.h, which Debian
 * lacks.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct qemu_plugin_tb;
struct qemu_plugin_insn;
typedef uint64_t plugin_id;

enum { INLINE_ADD_U64 = 0, CB_NO_REGS = 0 };

void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id id,
					   void (*cb)(plugin_id id, struct qemu_plugin_tb *tb));
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *tb, int op, void *ptr,
					      uint64_t imm);
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb,
					  void (*cb)(unsigned int vcpu, void *data), int flags,
					  void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t n);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv);

__attribute__((visibility("default"))) int qemu_plugin_version = 1;

#define RECORDS    (1U << 20)
#define SLOTS      (2 * RECORDS)
#define PROCESSORS 4

/* Images that are linked to the same addresses are told apart by a block's first bytes. */
struct record {
	uint64_t address, instructions;
	uint8_t bytes[16];
	uint64_t executed[PROCESSORS];
};

/* All zero at first; `used` grows once a record is complete. */
static struct counts {
	uint64_t used, pad[7];
	struct record records[RECORDS];
} *counts;

static uint32_t slots[SLOTS]; /* hash to record + 1 */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* several threads translate */
static int threads;

static uint64_t mix(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * 0x9e3779b97f4a7c15ULL;
	return hash ^ hash >> 29;
}

static struct record describe(const struct qemu_plugin_tb *tb)
{
	struct record record = { .address = qemu_plugin_tb_vaddr(tb),
				 .instructions = qemu_plugin_tb_n_insns(tb) };
	size_t have = 0, i;

	for (i = 0; i < record.instructions && have < sizeof(record.bytes); i++) {
		const struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		size_t size = qemu_plugin_insn_size(insn);

		if (size > sizeof(record.bytes) - have)
			size = sizeof(record.bytes) - have;
		memcpy(record.bytes + have, qemu_plugin_insn_data(insn), size);
		have += size;
	}
	return record;
}

static int same(const struct record *a, const struct record *b)
{
	return a->address == b->address && a->instructions == b->instructions &&
	       !memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

/* With the lock. */
static struct record *find(const struct record *wanted)
{
	uint64_t bytes[2], hash;

	memcpy(bytes, wanted->bytes, sizeof(bytes));
	hash = mix(mix(mix(mix(0, wanted->address), wanted->instructions), bytes[0]), bytes[1]);
	for (;; hash++) {
		uint32_t *slot = &slots[hash % SLOTS];

		if (*slot && same(&counts->records[*slot - 1], wanted))
			return &counts->records[*slot - 1];
		if (*slot)
			continue;
		if (counts->used == RECORDS)
			return NULL;
		counts->records[counts->used] = *wanted;
		*slot = (uint32_t)++counts->used;
		return &counts->records[*slot - 1];
	}
}

/* Each processor is one thread, so nobody else adds to its count. */
static void block_executed(unsigned int vcpu, void *record)
{
	if (vcpu < PROCESSORS)
		((struct record *)record)->executed[vcpu]++;
}

static void block_translated(plugin_id id, struct qemu_plugin_tb *tb)
{
	struct record wanted = describe(tb), *record;

	(void)id;
	pthread_mutex_lock(&lock);
	record = find(&wanted);
	pthread_mutex_unlock(&lock);
	if (record && threads)
		qemu_plugin_register_vcpu_tb_exec_cb(tb, block_executed, CB_NO_REGS, record);
	else if (record)
		qemu_plugin_register_vcpu_tb_exec_inline(tb, INLINE_ADD_U64, record->executed, 1);
}

__attribute__((visibility("default"))) int qemu_plugin_install(plugin_id id, const void *info,
							       int argc, char **argv)
{
	int fd;

	(void)info;
	if (argc < 1 || strncmp(argv[0], "out=", 4))
		return -1;
	threads = argc > 1 && !strcmp(argv[1], "threads=on");
	if (argc - threads != 1)
		return -1;
	fd = open(argv[0] + 4, O_RDWR | O_CREAT | O_TRUNC, 0644);
	if (fd < 0 || ftruncate(fd, sizeof(*counts)))
		return -1;
	counts = mmap(NULL, sizeof(*counts), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (counts == MAP_FAILED)
		return -1;
	qemu_plugin_register_vcpu_tb_trans_cb(id, block_translated);
	return 0;
}
