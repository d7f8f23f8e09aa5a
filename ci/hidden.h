/* SPDX-License-Identifier: MIT */
/* Included ahead of every hypervisor source: external declarations are hidden too, hence no GOT. */
#pragma once

#pragma GCC visibility push(hidden)
