/* SPDX-License-Identifier: MIT */
/*
 * Where the fields of struct cpu lie that single instructions reach through %gs. Also for entry.S.
 */
#pragma once

#define CPU_UPCALL_PENDING 0 /* of vcpu_info, which Xen writes */
#define CPU_UPCALL_MASK	   1
#define CPU_SELF	   64
#define CPU_CURRENT	   72
#define CPU_ID		   80
#define CPU_IDLE	   84
