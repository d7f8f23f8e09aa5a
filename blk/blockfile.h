/* SPDX-License-Identifier: MIT */
/* A block device as the file /dev/NAME. */
#pragma once

struct block_device;

void blockfile_register(struct block_device *dev);
