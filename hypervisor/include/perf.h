/* SPDX-License-Identifier: MIT */
/*
 * What hypercalls cost, by domain and number: how many entries there were, always; how much time
 * they took and how that is distributed, while it is switched on.
 *
 * The entries are counted by the syscall stub in struct vcpu.calls, by one instruction. Time is
 * taken by another way in, on which a vcpu's kernel is sent by its hypercall_limit (CALLS_TIMED),
 * so that without it nothing is asked and nothing is paid. Not timed are set_trap_table, whose
 * number 0 passes below any limit, iret, which does not return, and the entries of a multicall,
 * which are the multicall's.
 */
#pragma once

#include "types.h"

struct vcpu;
struct xen_sysctl_perfc_op;
struct xen_sysctl_tbuf_op;

#define CALLS       64 /* NR_HYPERCALLS */
#define CALL_RANGES 32 /* range i: 2^i to 2^(i+1) - 1 ns; the first has 0 too, the last all above */

/* Written by the vcpu's own processor; others may read one number older than another. */
struct call_times {
	uint64_t ns[CALLS];
	uint32_t range[CALLS][CALL_RANGES];
};

/* A processor's hypercall_limit for a kernel whose hypercalls are timed: all but 0 go that way. */
#define CALLS_TIMED 1

/* The hypercall_limit where v's kernel runs. */
uint64_t perf_limit(const struct vcpu *v);
int perf_vcpu_init(struct vcpu *v); /* -ENOMEM */
void perf_vcpu_free(struct vcpu *v);

/* On a copy of sysctl's argument; with its lock. */
long sysctl_perfc(struct xen_sysctl_perfc_op *op); /* reads, sets to 0 */
/*
 * Xen's trace control stands for the switch: TRC_PV, the hypercalls, is the one class of events
 * that there is, and what is kept of them are sums, not records: the buffers' size is 0.
 */
long sysctl_tbuf(struct xen_sysctl_tbuf_op *op);
