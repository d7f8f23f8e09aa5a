/* SPDX-License-Identifier: MIT */
/* The store: tree, permissions, quotas, and what transactions may and may not commit. */
// uses: xenstore/store.c xenstore/node.c xenstore/perms.c xenstore/quota.c xenstore/path.c
// uses: xenstore/transaction.c lib/format.c

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xenstore/path.h"
#include "xenstore/transaction.h"

static const struct actor dom0 = { .privileged = true };
static const struct actor dom1 = { .domid = 1, .target = 1 };
static const struct actor dom2 = { .domid = 2, .target = 2 };

static struct store store;
static struct quota quota;
static struct transaction *tx; /* where changes go, if not NULL */

static int apply(const struct actor *who, const struct change *change)
{
	return tx ? transaction_apply(tx, who, &quota, change)
		  : store_apply(&store, who, &quota, change);
}

static int put(const struct actor *who, const char *path, const char *value)
{
	struct blob *blob = blob_make(value, strlen(value));
	const struct change change = { .kind = CHANGE_WRITE, .path = path, .value = blob };
	int rc = apply(who, &change);

	blob_put(blob);
	return rc;
}

static int do_mkdir(const struct actor *who, const char *path)
{
	const struct change change = { .kind = CHANGE_MKDIR, .path = path };

	return apply(who, &change);
}

static int rm(const struct actor *who, const char *path)
{
	const struct change change = { .kind = CHANGE_RM, .path = path };

	return apply(who, &change);
}

/* Permissions as words: "n0 r1". */
static int chperm(const struct actor *who, const char *path, const char *words)
{
	struct xs_perm entry[8];
	unsigned int count = 0;
	char copy[64];

	strcpy(copy, words);
	for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
		assert(perm_parse(word, &entry[count++]));

	struct perms *perms = perms_make(entry, count);
	const struct change change = { .kind = CHANGE_PERMS, .path = path, .perms = perms };
	int rc = apply(who, &change);

	perms_put(perms);
	return rc;
}

/* Whether the node has this value; NULL: is not there. Within a transaction it counts as seen. */
static bool has(const char *path, const char *value)
{
	const struct node *node;

	if (tx)
		assert(!transaction_see(tx, &dom0, &quota, path, SEEN_NODE));
	node = store_find(tx ? &tx->work : &store, path);
	if (!node || !value)
		return !node && !value;
	return blob_len(node->value) == strlen(value) &&
	       !memcmp(node->value ? node->value->data : "", value, strlen(value));
}

static unsigned int children(const char *path)
{
	if (tx)
		assert(!transaction_see(tx, &dom0, &quota, path, SEEN_CHILDREN));
	return store_find(tx ? &tx->work : &store, path)->count;
}

static void start(void)
{
	tx = NULL;
	store_free(&store);
	assert(!store_init(&store));
	quota_init(&quota);
}

/* A directory that is dom1's own. */
static void start_dom1(void)
{
	start();
	assert(do_mkdir(&dom0, "/local/domain/1") == 1);
	assert(chperm(&dom0, "/local/domain/1", "n1") == 1);
}

static void test_tree(void)
{
	start();
	assert(has("/", "") && has("/a", NULL));
	assert(put(&dom0, "/a/b/c", "x") == 1);
	assert(has("/a", "") && has("/a/b", "") && has("/a/b/c", "x"));
	assert(put(&dom0, "/a/b/c", "") == 1 && has("/a/b/c", ""));
	assert(do_mkdir(&dom0, "/a") == 0);
	assert(tally_nodes(&store.tally, 0) == 3);

	for (int i = 0; i < 100; i++) {
		char path[20];

		snprintf(path, sizeof(path), "/n/%d", i * 37 % 100);
		assert(put(&dom0, path, path) == 1);
	}
	const struct node *n = store_find(&store, "/n");
	for (uint32_t i = 1; i < n->count; i++)
		assert(strcmp(n->child[i - 1]->name, n->child[i]->name) < 0);
	assert(n->count == 100 && has("/n/73", "/n/73"));

	assert(rm(&dom0, "/n/73") == 1 && has("/n/73", NULL) && children("/n") == 99);
	assert(rm(&dom0, "/n/73") == 0);
	assert(rm(&dom0, "/n/73/x") == -ENOENT);
	assert(rm(&dom0, "/") == -EINVAL);
	assert(rm(&dom0, "/n") == 1 && tally_nodes(&store.tally, 0) == 3);
}

static void test_deep(void)
{
	char path[PATH_ROOM] = "";

	start();
	for (size_t i = 0; i + 2 < PATH_ROOM; i += 2)
		strcat(path, "/d");
	assert(put(&dom0, path, "deep") == 1 && has(path, "deep"));
	assert(tally_nodes(&store.tally, 0) == (PATH_ROOM - 1) / 2);
	assert(rm(&dom0, "/d") == 1 && !store.tally.count);
}

static void test_perms(void)
{
	const struct actor model = { .domid = 2, .target = 1 };
	const struct node *node;

	start_dom1();
	assert(put(&dom1, "/local/domain/1/x", "1") == 1);
	assert(put(&dom2, "/local/domain/1/x", "2") == -EACCES);
	assert(put(&dom1, "/local/domain/2/x", "2") == -EACCES);
	assert(rm(&dom2, "/local/domain/1/x") == -EACCES);
	assert(store_access(&store, &dom2, "/local/domain/1/x", XS_PERM_READ, &node) == -EACCES);
	assert(store_access(&store, &dom2, "/local/domain/1/y", XS_PERM_READ, &node) == -EACCES);
	assert(store_access(&store, &dom1, "/local/domain/1/y", XS_PERM_READ, &node) == -ENOENT);
	assert(put(&model, "/local/domain/1/x", "3") == 1);

	assert(chperm(&dom1, "/local/domain/1/x", "n1 r2") == 1);
	assert(store_access(&store, &dom2, "/local/domain/1/x", XS_PERM_READ, &node) == 0);
	assert(put(&dom2, "/local/domain/1/x", "4") == -EACCES);
	assert(chperm(&dom1, "/local/domain/1/x", "n2") == -EPERM);
	assert(chperm(&dom2, "/local/domain/1/x", "n2") == -EACCES);
	assert(chperm(&dom1, "/local/domain/1/none", "n1") == -ENOENT);
	assert(chperm(&dom1, "/local/domain/1/x", "b1 n2") == 1);
	assert(put(&dom2, "/local/domain/1/x", "5") == -EACCES);

	/* What a domain makes belongs to it, whoever owns the directory. */
	assert(chperm(&dom0, "/local/domain/1", "b1") == 1);
	assert(put(&dom2, "/local/domain/1/two", "") == 1);
	assert(perms_owner(store_find(&store, "/local/domain/1/two")->perms) == 2);
	assert(tally_nodes(&store.tally, 2) == 1);
	assert(chperm(&dom0, "/local/domain/1/two", "n1") == 1);
	assert(tally_nodes(&store.tally, 2) == 0 && tally_nodes(&store.tally, 1) == 3);
}

static void test_quota(void)
{
	char path[40], big[4000] = "";

	start_dom1();
	quota.nodes = 5; /* one is the directory itself */
	for (int i = 0; i < 4; i++) {
		snprintf(path, sizeof(path), "/local/domain/1/%d", i);
		assert(put(&dom1, path, "") == 1);
	}
	assert(put(&dom1, "/local/domain/1/4", "") == -ENOSPC);
	assert(put(&dom1, "/local/domain/1/3", "again") == 1);
	assert(rm(&dom1, "/local/domain/1/0") == 1);
	assert(put(&dom1, "/local/domain/1/a/b", "") == -ENOSPC);
	assert(has("/local/domain/1/a", NULL));
	assert(put(&dom1, "/local/domain/1/a", "") == 1);
	assert(put(&dom0, "/local/domain/1/by-dom0", "") == 1);

	memset(big, 'x', 2045);
	assert(put(&dom1, "/local/domain/1/a", big) == -ENOSPC);
	assert(put(&dom0, "/local/domain/1/a", big) == 1);
	assert(chperm(&dom1, "/local/domain/1/3", "n1 n2 n3 n4 n5 n6") == -ENOSPC);
}

static struct transaction *begin(void)
{
	tx = transaction_start(&store, 1);
	assert(tx);
	return tx;
}

static int commit(struct transaction *which)
{
	int rc = transaction_commit(which, &store, &dom0, &quota);

	transaction_free(which);
	tx = NULL;
	return rc;
}

/* The example that is told at the head of transaction.c. */
static void test_worked_example(void)
{
	start();
	put(&dom0, "/a", "1");
	put(&dom0, "/b", "1");

	struct transaction *t1 = begin();
	assert(has("/a", "1"));
	put(&dom0, "/b", "2");

	struct transaction *t2 = begin();
	assert(has("/b", "1"));
	put(&dom0, "/a", "2");

	struct transaction *t3 = begin();
	put(&dom0, "/c/x", "3");

	struct transaction *t4 = begin();
	assert(children("/") == 2);
	put(&dom0, "/n", "2");

	tx = NULL;
	assert(has("/b", "1") && has("/c", NULL));
	assert(commit(t1) == 0 && has("/b", "2"));
	assert(commit(t2) == -EAGAIN && has("/a", "1"));
	assert(commit(t3) == 0 && has("/c/x", "3") && has("/b", "2"));
	assert(commit(t4) == -EAGAIN && has("/n", NULL));
	assert(tally_nodes(&store.tally, 0) == 4);
}

static void test_conflicts(void)
{
	struct transaction *mine;

	start();
	put(&dom0, "/a/b", "1");
	put(&dom0, "/a/c", "1");

	mine = begin(); /* both write the same */
	put(&dom0, "/a/b", "2");
	tx = NULL;
	put(&dom0, "/a/b", "3");
	assert(commit(mine) == -EAGAIN && has("/a/b", "3"));

	mine = begin(); /* neighbours */
	put(&dom0, "/a/b", "2");
	tx = NULL;
	put(&dom0, "/a/c", "3");
	assert(commit(mine) == 0 && has("/a/b", "2") && has("/a/c", "3"));

	mine = begin(); /* saw that it was not there */
	assert(has("/a/d", NULL));
	put(&dom0, "/x", "");
	tx = NULL;
	put(&dom0, "/a/d", "");
	assert(commit(mine) == -EAGAIN);

	mine = begin(); /* removed what another one changed below */
	rm(&dom0, "/a");
	tx = NULL;
	put(&dom0, "/a/c", "4");
	assert(commit(mine) == -EAGAIN && has("/a/c", "4"));

	mine = begin(); /* permissions are part of what was seen */
	assert(has("/a/c", "4"));
	put(&dom0, "/x", "");
	tx = NULL;
	chperm(&dom0, "/a/c", "r0");
	assert(commit(mine) == -EAGAIN);

	mine = begin(); /* only read: true when it began */
	assert(has("/a/c", "4"));
	tx = NULL;
	put(&dom0, "/a/c", "5");
	assert(commit(mine) == 0);
}

static void test_rollback(void)
{
	struct transaction *mine;

	start_dom1();
	quota.nodes = 4;
	mine = begin();
	assert(put(&dom1, "/local/domain/1/a", "") == 1);
	assert(put(&dom1, "/local/domain/1/b", "") == 1);
	tx = NULL;
	assert(put(&dom1, "/local/domain/1/c", "") == 1);
	assert(put(&dom1, "/local/domain/1/d", "") == 1);

	/* Each for itself was within the quota; together they are not: neither a nor b appears. */
	assert(transaction_commit(mine, &store, &dom1, &quota) == -ENOSPC);
	transaction_free(mine);
	assert(children("/local/domain/1") == 2 && tally_nodes(&store.tally, 1) == 3);

	quota.tx_nodes = 2;
	mine = begin();
	assert(!transaction_see(mine, &dom1, &quota, "/1", SEEN_NODE));
	assert(!transaction_see(mine, &dom1, &quota, "/1", SEEN_CHILDREN));
	assert(!transaction_see(mine, &dom1, &quota, "/2", SEEN_NODE));
	assert(transaction_see(mine, &dom1, &quota, "/3", SEEN_NODE) == -ENOSPC);
	transaction_free(mine);
	tx = NULL;
}

int main(void)
{
	test_tree();
	test_deep();
	test_perms();
	test_quota();
	test_worked_example();
	test_conflicts();
	test_rollback();
	store_free(&store);
	puts("ok store");
	return 0;
}
