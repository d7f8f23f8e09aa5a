/* SPDX-License-Identifier: MIT */
/* Shared rings: Xen's macros with the barriers that they leave to whoever includes them. */
#pragma once

#include "lib/string.h"
#include "lib/types.h"

#define xen_mb()  mb()
#define xen_rmb() rmb()
#define xen_wmb() wmb()

#include <xen/io/ring.h>
