/* SPDX-License-Identifier: MIT */
/* What start.S and the C code know of the trap stubs. */
#pragma once

#define TRAP_STUB_SIZE 32
#define TRAP_HAS_ERROR 0x00227d00 /* vectors 8, 10-14, 17, 21 */

/* Pseudo-vectors of the callbacks, behind the 256 of the trap table. */
#define TRAP_EVENT    256
#define TRAP_SYSCALL  257
#define TRAP_FAILSAFE 258
