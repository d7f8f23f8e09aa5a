/* SPDX-License-Identifier: MIT */
/* Store paths: which are valid, whom a relative one belongs to, who is below whom. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Room for the longest absolute path and its NUL. */
#define PATH_ROOM (3072 + 1)

/* "/local/domain/65535" and its NUL. */
#define PATH_DOMAIN_ROOM 20

/*
 * Absolute path of `path` as domain `domid` means it: unchanged if absolute, else below its
 * /local/domain/<domid>. Returns 0, or -EINVAL for a path that the protocol forbids (characters,
 * doubled or trailing slashes, length, special names). `out` has PATH_ROOM bytes.
 */
int store_path_resolve(char *out, uint16_t domid, const char *path);

/* True for "@name" of a special watch; any syntax, up to the length of a relative path. */
bool store_path_is_special(const char *path);

/* Writes /local/domain/<domid>, PATH_DOMAIN_ROOM bytes at most. Returns its length. */
size_t store_path_domain(char *out, uint16_t domid);

/* True if `path` is `above` or below it, both absolute (or both special: then equal). */
bool store_path_is_below(const char *path, const char *above);

/*
 * Walk over components: *at points into a valid absolute path, at its start or where the last call
 * left it. Returns the next component and its length, or NULL at the end ("/" has none).
 */
const char *store_path_component(const char **at, size_t *len);
