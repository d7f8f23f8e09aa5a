/* SPDX-License-Identifier: MIT */
/* The 64 KiB of letter cases that libext2fs has for disks that fold case, which mount.c refuses. */
#include "blk/ext4/ext4.h"

#include <ext2fs/ext2fsP.h>

const struct ext2fs_nls_table *ext2fs_load_nls_table(int encoding)
{
	return NULL;
}
