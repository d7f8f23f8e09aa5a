/* SPDX-License-Identifier: MIT */
/* The machine's network: its cards and the domains' vifs are ports of one bridge, xenbr0. */
#include "guest/console.h"
#include "guest/init.h"
#include "net/netback.h"
#include "net/switch.h"
#include "net/virtio_net.h"

#define BRIDGE		 "xenbr0"
#define UPLINK_ADDRESSES 1024U

/* Every card is an uplink; a machine without any still connects its domains. */
static int network_start(void)
{
	struct net_switch *bridge = switch_create(BRIDGE);
	struct netdev *card;
	int err;

	if (!bridge)
		return -ENOMEM;
	while (!(err = virtio_net_open(&card))) {
		err = switch_attach(bridge, card, UPLINK_ADDRESSES);
		if (err)
			return err;
		console_print("%s: uplink of %s, %02x:%02x:%02x:%02x:%02x:%02x\n", card->name,
			      BRIDGE, card->mac[0], card->mac[1], card->mac[2], card->mac[3],
			      card->mac[4], card->mac[5]);
	}
	if (err != -ENODEV && err != -EPERM)
		return err;
	return netback_start(BRIDGE);
}
INITCALL(device, network_start);
