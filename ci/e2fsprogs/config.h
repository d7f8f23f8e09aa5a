/* SPDX-License-Identifier: MIT */
/* What libext2fs may count on in a guest; its own configure would ask the build host. */
#pragma once

#define HAVE_ERRNO_H	   1
#define HAVE_FSYNC	   1
#define HAVE_INTTYPES_H	   1
#define HAVE_POSIX_MEMALIGN 1
#define HAVE_STDINT_H	   1
#define HAVE_STDLIB_H	   1
#define HAVE_STRDUP	   1
#define HAVE_STRINGS_H	   1
#define HAVE_SYS_STAT_H	   1
#define HAVE_SYS_TIME_H	   1
#define HAVE_SYS_TYPES_H   1
#define HAVE_UNISTD_H	   1

#define SIZEOF_SHORT	 2
#define SIZEOF_INT	 4
#define SIZEOF_LONG	 8
#define SIZEOF_LONG_LONG 8
#define SIZEOF_OFF_T	 8
#define SIZEOF_TIME_T	 8
