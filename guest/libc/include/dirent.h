/* SPDX-License-Identifier: MIT */
/* Directories. */
#pragma once

#include <sys/dirent.h>
