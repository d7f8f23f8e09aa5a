/* SPDX-License-Identifier: MIT */
/* The IP stack's side of a network device, and the lock of the stack's core. */
#pragma once

#include "net/netdev.h"

struct netif;

/*
 * Puts a device under the stack as an interface named by its last letters and number; up, without
 * an IPv4 address, with an IPv6 link-local one. NULL without memory.
 */
struct netif *stack_add_device(struct netdev *dev);

/* The device under an interface; NULL for the loopback. */
struct netdev *stack_device(const struct netif *netif);
