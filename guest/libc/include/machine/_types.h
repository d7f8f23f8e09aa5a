/* SPDX-License-Identifier: MIT */
/* Widths of the C library's numbers on this system, where newlib's defaults are 16 bits wide. */
#pragma once

#include <machine/_default_types.h>

#define __machine_dev_t_defined
typedef unsigned long __dev_t;

#define __machine_ino_t_defined
typedef unsigned long __ino_t;

#define __machine_uid_t_defined
typedef unsigned int __uid_t;

#define __machine_gid_t_defined
typedef unsigned int __gid_t;

#define __machine_fsfilcnt_t_defined
typedef unsigned long __fsfilcnt_t;

#define __machine_blksize_t_defined
typedef long __blksize_t;
