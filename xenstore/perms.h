/* SPDX-License-Identifier: MIT */
/* Permissions of a store node: who may read and write it, and how the wire spells that. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define XS_PERM_NONE	0u
#define XS_PERM_READ	1u
#define XS_PERM_WRITE	2u

/* "r12\0" and "b65535\0" fit. */
#define XS_PERM_STRLEN	8

/*
 * One entry of a node's list. In the first entry `domid` is the owner, who may do everything, and
 * `access` what domains without an entry of their own may do. Every other entry is about its domid.
 */
struct xs_perm {
	uint16_t domid;
	uint16_t access;	/* XS_PERM_* */
};
