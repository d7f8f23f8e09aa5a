/* SPDX-License-Identifier: MIT */
/* The wire format: a header, then strings that each end in a NUL. Used by daemon and client. */
#pragma once

#include <errno.h> /* xs_wire.h names only the errors that it finds defined */
#include <stdint.h>

#include <xen/io/xs_wire.h>

#include "lib/types.h"

/* Numbers as text: the longest of 64 bits in decimal, a sign and a NUL. */
#define WIRE_NUMBER_ROOM 24

/*
 * Cut a payload into its NUL-terminated strings, at most `max`. Returns how many were found; what
 * follows the last NUL found, or the max-th, is *rest of *rest_len bytes (either may be NULL).
 */
unsigned int wire_strings(const char *payload, size_t len, const char *strings[], unsigned int max,
			  const char **rest, size_t *rest_len);

/* The payload's only string, ending with it; NULL if it is not one. */
const char *wire_string(const char *payload, size_t len);

/* The name of an errno (positive) as the protocol has it; "EINVAL" for one it does not know. */
const char *wire_error_name(int err);

/* The errno (positive) of a name that need not end in a NUL; EIO for an unknown one. */
int wire_error_number(const char *name, size_t len);

/* The name of a message type, for logs. */
const char *wire_type_name(uint32_t type);

/* A whole decimal number, nothing before or after it, at most `max`. False if it is not one. */
bool wire_number(const char *text, uint64_t max, uint64_t *value);
