/* SPDX-License-Identifier: MIT */
/*
 * Rule: a guest operates on its own tables and pages only, caches are for those that have devices,
 * and what belongs to the caller cannot be done for another.
 */
#include "../kit/kit.h"

static long ext(unsigned int cmd, ulong mfn, domid_t domid)
{
	struct mmuext_op op = { .cmd = cmd, .arg1.mfn = mfn };

	return hypercall(mmuext_op, &op, 1, 0, domid);
}

static const struct {
	const char *name;
	unsigned int command;
} ops[] = {
#define OP(name) { #name, MMUEXT_##name }
	OP(PIN_L1_TABLE), OP(PIN_L2_TABLE), OP(PIN_L3_TABLE), OP(PIN_L4_TABLE), OP(UNPIN_TABLE),
	OP(NEW_BASEPTR), OP(TLB_FLUSH_LOCAL), OP(INVLPG_LOCAL), OP(TLB_FLUSH_MULTI),
	OP(INVLPG_MULTI), OP(TLB_FLUSH_ALL), OP(INVLPG_ALL), OP(FLUSH_CACHE), OP(SET_LDT),
	OP(NEW_USER_BASEPTR), OP(CLEAR_PAGE), OP(COPY_PAGE), OP(FLUSH_CACHE_GLOBAL),
	OP(MARK_SUPER), OP(UNMARK_SUPER), { "command 99", 99 },
};

/* box.value[100]: a page of dom0's. */
static void peer_tries(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(ops); i++)
		box.value[i] = ext(ops[i].command, (ulong)box.value[100], 0);
	box.value[40] = ext(MMUEXT_FLUSH_CACHE, 0, DOMID_SELF);
	box.value[41] = ext(MMUEXT_FLUSH_CACHE_GLOBAL, 0, DOMID_SELF);
	box.value[42] = ext(MMUEXT_CLEAR_PAGE, (ulong)box.value[100], DOMID_SELF);
	box.value[43] = ext(MMUEXT_PIN_L1_TABLE, (ulong)box.value[100], DOMID_SELF);
	box.value[44] = ext(MMUEXT_TLB_FLUSH_LOCAL, 0, DOMID_IO);
	box.value[45] = ext(MMUEXT_TLB_FLUSH_LOCAL, 0, DOMID_XEN);
}

TEST
{
	static struct peer peer;
	char text[64], *page = page_alloc();

	peer_create(&peer, 1);
	peer_build(&peer, peer_tries);
	peer.box->value[100] = (long)mfn_of(page);
	peer_unpause(&peer);
	check("a peer ends", peer_wait(&peer, 10000), SHUTDOWN_poweroff);
	for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
		str_format(text, sizeof(text), "%s of dom0 by a guest", ops[i].name);
		check(text, peer.box->value[i], -XEN_EPERM);
	}
	check("FLUSH_CACHE by a guest", peer.box->value[40], -XEN_EACCES);
	check("FLUSH_CACHE_GLOBAL by a guest", peer.box->value[41], -XEN_EINVAL);
	check("CLEAR_PAGE of dom0's page", peer.box->value[42], -XEN_EINVAL);
	check("PIN_L1_TABLE of dom0's page", peer.box->value[43], -XEN_EINVAL);
	check("for DOMID_IO", peer.box->value[44], -XEN_EPERM);
	check("for DOMID_XEN", peer.box->value[45], -XEN_EPERM);
	for (size_t i = 5; i < 15; i++) {
		str_format(text, sizeof(text), "%s of a guest by dom0", ops[i].name);
		check(text, ext(ops[i].command, 0, peer.id), -XEN_EPERM);
	}
	check("PIN_L3_TABLE of a page of ours", ext(MMUEXT_PIN_L3_TABLE, mfn_of(page), DOMID_SELF),
	      -XEN_EINVAL);
	check("PIN_L2_TABLE of it", ext(MMUEXT_PIN_L2_TABLE, mfn_of(page), DOMID_SELF),
	      -XEN_EINVAL);
}
