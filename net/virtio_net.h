/* SPDX-License-Identifier: MIT */
/* The virtio network card as a netdev (virtio 1.0, 5.1), for a privileged domain. */
#pragma once

#include "net/netdev.h"

/*
 * Opens the next virtio network card in PCI order and registers it. -ENODEV when there is none
 * (left), -EPERM without the right to touch hardware, else why that card cannot be used.
 */
int virtio_net_open(struct netdev **dev);
