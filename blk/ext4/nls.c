/* SPDX-License-Identifier: MIT */
/* libext2fs asks for tables of letters' cases, 64 KiB, for disks that fold case: mount.c refuses those. */
#include "blk/ext4/ext4.h"

#include <ext2fs/ext2fsP.h>

const struct ext2fs_nls_table *ext2fs_load_nls_table(int encoding)
{
	return NULL;
}
