/* SPDX-License-Identifier: MIT */
/*
 * A bridge at work: devices as ports, packets forwarded by net/bridge.c's decisions, and one port
 * into this domain, through which its own IP stack may take part. Forwarding runs on the network
 * threads, all of them at once.
 */
#pragma once

#include "net/netdev.h"

struct net_switch;

/* A new switch; the name is copied. NULL without memory. It lives as long as the image. */
struct net_switch *switch_create(const char *name);

/* The switch of that name, or NULL. */
struct net_switch *switch_find(const char *name);

/*
 * The device becomes a port that may have up to `addresses` MAC addresses behind it (an uplink has
 * many, a guest a few). 0 or -ENOSPC. Not from a network thread, as the next.
 */
int switch_attach(struct net_switch *sw, struct netdev *dev, uint16_t addresses);
void switch_detach(struct net_switch *sw, struct netdev *dev);

/* The device that is this domain's end; registered, and without an upper layer at first. */
struct netdev *switch_local(struct net_switch *sw);
