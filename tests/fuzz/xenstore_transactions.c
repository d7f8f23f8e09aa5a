/* SPDX-License-Identifier: MIT */
/*
 * Transactions that interleave at random must have answered as if each had run alone: whatever
 * committed is run again, one after the other in the order of commits, on a fresh store, and every
 * answer and the final tree must come out the same.
 */
// uses: xenstore/store.c xenstore/node.c xenstore/perms.c xenstore/quota.c xenstore/path.c
// uses: xenstore/transaction.c lib/format.c

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "xenstore/transaction.h"

#define SESSIONS 4 /* the first works outside transactions */
#define OPS_MAX  256

struct op {
	uint8_t what, path, value;
	int answer;
};

/* What ran as one: a transaction, or a single operation outside any. */
struct unit {
	struct op op[OPS_MAX];
	unsigned int count, order;
	bool writes;
};

static const char *const paths[] = { "/a", "/b", "/a/b", "/a/c", "/a/b/c", "/d/e", "/d", "/" };
static const struct actor dom0 = { .privileged = true };
static struct quota quota;
static struct unit units[OPS_MAX];
static unsigned int unit_count, clock_now;

static int apply(struct store *store, struct transaction *tx, const struct change *change)
{
	int rc = tx ? transaction_apply(tx, &dom0, &quota, change)
		    : store_apply(store, &dom0, &quota, change);

	return rc < 0 ? rc : 0;
}

static int hash(int seed, const void *data, size_t len)
{
	const unsigned char *bytes = data;
	unsigned int h = seed;

	for (size_t i = 0; i < len; i++)
		h = h * 31 + bytes[i] + 1;
	return h & 0x7fffffff;
}

static int look(struct store *store, struct transaction *tx, const char *path, bool list)
{
	const struct node *node;
	int h = 1;

	if (tx && transaction_see(tx, &dom0, &quota, path, list ? SEEN_CHILDREN : SEEN_NODE))
		abort();
	node = store_find(tx ? &tx->work : store, path);
	if (!node)
		return -ENOENT;
	if (!list) {
		h = hash(h, node->value ? node->value->data : "", blob_len(node->value));
		return hash(h, node->perms->entry, sizeof(node->perms->entry[0]));
	}
	for (uint32_t i = 0; i < node->count; i++)
		h = hash(h, node->child[i]->name, node->child[i]->name_len);
	return h;
}

static int run(struct store *store, struct transaction *tx, const struct op *op)
{
	const char *path = paths[op->path % 8];
	const struct xs_perm perm = { .domid = 0, .access = op->value & 3 };
	struct change change = { .path = path };
	int rc;

	switch (op->what % 6) {
	case 0:
		return look(store, tx, path, false);
	case 1:
		return look(store, tx, path, true);
	case 2:
		change.kind = CHANGE_WRITE;
		change.value = blob_make(&op->value, 1);
		break;
	case 3:
		change.kind = CHANGE_MKDIR;
		break;
	case 4:
		change.kind = CHANGE_RM;
		break;
	default:
		change.kind = CHANGE_PERMS;
		change.perms = perms_make(&perm, 1);
	}
	rc = apply(store, tx, &change);
	blob_put(change.value);
	perms_put(change.perms);
	return rc;
}

static void record(struct unit *unit, struct op op, int answer)
{
	op.answer = answer;
	unit->writes |= op.what % 6 > 1;
	unit->op[unit->count++] = op;
}

static void finish(struct unit *unit, unsigned int order)
{
	units[unit_count] = *unit;
	units[unit_count++].order = order;
}

/* Records of: session and end, operation, path, value. */
static void interleave(struct store *store, const uint8_t *data, size_t size)
{
	static struct unit open[SESSIONS];
	struct transaction *tx[SESSIONS] = { 0 };
	unsigned int begun[SESSIONS] = { 0 };

	for (unsigned int n = 0; size >= 4 && n < OPS_MAX; n++, data += 4, size -= 4) {
		struct op op = { .what = data[1], .path = data[2], .value = data[3] };
		unsigned int s = data[0] % SESSIONS;

		clock_now++;
		if (!tx[s]) {
			open[s].count = 0;
			open[s].writes = false;
			begun[s] = clock_now;
			tx[s] = s ? transaction_start(store, 1) : NULL;
		}
		record(&open[s], op, run(store, tx[s], &op));
		if (!s) {
			finish(&open[0], clock_now);
		} else if (data[0] & 0x80) {
			bool changes = tx[s]->change_count;

			/* One that changed nothing saw the store as it was at its beginning. */
			if (!transaction_commit(tx[s], store, &dom0, &quota))
				finish(&open[s], changes ? clock_now : begun[s]);
			transaction_free(tx[s]);
			tx[s] = NULL;
		}
	}
	for (unsigned int s = 1; s < SESSIONS; s++) {
		if (tx[s])
			transaction_free(tx[s]);
	}
}

static void run_alone(struct store *store)
{
	for (unsigned int time = 0; time <= clock_now; time++) {
		for (unsigned int i = 0; i < unit_count; i++) {
			struct unit *unit = &units[i];

			for (unsigned int j = 0; unit->order == time && j < unit->count; j++) {
				if (run(store, NULL, &unit->op[j]) != unit->op[j].answer)
					abort();
			}
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct store store, again;

	unit_count = clock_now = 0;
	if (store_init(&store) || store_init(&again))
		abort();
	interleave(&store, data, size);
	run_alone(&again);
	for (unsigned int i = 0; i < 8; i++) {
		if (look(&store, NULL, paths[i], false) != look(&again, NULL, paths[i], false) ||
		    look(&store, NULL, paths[i], true) != look(&again, NULL, paths[i], true))
			abort();
	}
	store_free(&store);
	store_free(&again);
	return 0;
}
