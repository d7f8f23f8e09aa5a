/* SPDX-License-Identifier: MIT */
/* Numbers of virtual disks, which are their directories in the store (Xen's vbd-interface.7). */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define VDEV_NAME_MAX 16

/*
 * The name of a number, with its partition if it has one:
 *
 *	202 << 8 | disk << 4 | partition	the first 16 disks: 51712 is xvda, 51713 xvda1
 *	1 << 28 | disk << 8 | partition		any number of disks: disk 16 is xvdq, 26 xvdaa
 *
 * Any other becomes xvd-NUMBER. VDEV_NAME_MAX bytes are room for each of them, the NUL included.
 */
void vdev_name(uint32_t number, char *name, size_t size);
