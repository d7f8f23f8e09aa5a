/* SPDX-License-Identifier: MIT */
/* The 64 KiB of letters' cases that libext2fs wants for disks that fold case: mount.c refuses those. */
#include "blk/ext4/ext4.h"

#include <ext2fs/ext2fsP.h>

const struct ext2fs_nls_table *ext2fs_load_nls_table(int encoding)
{
	return NULL;
}
