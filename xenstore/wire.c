/* SPDX-License-Identifier: MIT */
/* The wire format: cutting payloads into strings, names of errors and message types. */
#include <string.h>

#include "xenstore/wire.h"

/*
 * Nothing here trusts that a payload ends in a NUL, has any, or has no more than are wanted: a
 * string is one only if its NUL lies within the payload.
 */

unsigned int wire_strings(const char *payload, size_t len, const char *strings[], unsigned int max,
			  const char **rest, size_t *rest_len)
{
	const char *end = payload + len, *nul;
	unsigned int count = 0;

	while (count < max && payload < end && (nul = memchr(payload, 0, end - payload))) {
		strings[count++] = payload;
		payload = nul + 1;
	}
	if (rest)
		*rest = payload;
	if (rest_len)
		*rest_len = end - payload;
	return count;
}

const char *wire_string(const char *payload, size_t len)
{
	return len && memchr(payload, 0, len) == payload + len - 1 ? payload : NULL;
}

const char *wire_error_name(int err)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(xsd_errors); i++) {
		if (xsd_errors[i].errnum == err)
			return xsd_errors[i].errstring;
	}
	return "EINVAL";
}

int wire_error_number(const char *name, size_t len)
{
	len = strnlen(name, len);
	for (unsigned int i = 0; i < ARRAY_SIZE(xsd_errors); i++) {
		const char *known = xsd_errors[i].errstring;

		if (strlen(known) == len && !memcmp(known, name, len))
			return xsd_errors[i].errnum;
	}
	return EIO;
}

const char *wire_type_name(uint32_t type)
{
	static const char *const names[XS_TYPE_COUNT] = {
		[XS_CONTROL] = "CONTROL",
		[XS_DIRECTORY] = "DIRECTORY",
		[XS_READ] = "READ",
		[XS_GET_PERMS] = "GET_PERMS",
		[XS_WATCH] = "WATCH",
		[XS_UNWATCH] = "UNWATCH",
		[XS_TRANSACTION_START] = "TRANSACTION_START",
		[XS_TRANSACTION_END] = "TRANSACTION_END",
		[XS_INTRODUCE] = "INTRODUCE",
		[XS_RELEASE] = "RELEASE",
		[XS_GET_DOMAIN_PATH] = "GET_DOMAIN_PATH",
		[XS_WRITE] = "WRITE",
		[XS_MKDIR] = "MKDIR",
		[XS_RM] = "RM",
		[XS_SET_PERMS] = "SET_PERMS",
		[XS_WATCH_EVENT] = "WATCH_EVENT",
		[XS_ERROR] = "ERROR",
		[XS_IS_DOMAIN_INTRODUCED] = "IS_DOMAIN_INTRODUCED",
		[XS_RESUME] = "RESUME",
		[XS_SET_TARGET] = "SET_TARGET",
		[XS_RESET_WATCHES] = "RESET_WATCHES",
		[XS_DIRECTORY_PART] = "DIRECTORY_PART",
	};

	return type < XS_TYPE_COUNT && names[type] ? names[type] : "?";
}

bool wire_number(const char *text, uint64_t max, uint64_t *value)
{
	uint64_t number = 0;

	if (!*text)
		return false;
	for (; *text; text++) {
		unsigned int digit = (unsigned char)*text - '0';

		if (digit > 9 || digit > max || number > (max - digit) / 10)
			return false;
		number = number * 10 + digit;
	}
	*value = number;
	return true;
}
