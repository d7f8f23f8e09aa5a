/* SPDX-License-Identifier: MIT */
/*
 * The C library's memory and string functions under their standard names, for code that has no C
 * library, and the fast ones of images that have one. lib/string.c uses no vector registers.
 */
#pragma once

#include <stddef.h>

void *memcpy(void *restrict dst, const void *restrict src, size_t size);
void *memmove(void *dst, const void *src, size_t size);
void *memset(void *dst, int byte, size_t size);
int memcmp(const void *a, const void *b, size_t size);
void *memchr(const void *s, int byte, size_t size);

size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t max);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);
char *strstr(const char *text, const char *word);

/* Copies at most size - 1 characters and always ends dst; returns strlen(src). size is not 0. */
size_t strlcpy(char *dst, const char *src, size_t size);
