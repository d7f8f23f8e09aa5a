/* SPDX-License-Identifier: MIT */
/*
 * Starts the IP stack and gives each device its addresses, as the ip= parameters say: the nth for
 * the nth device, DHCP for the rest. A privileged domain without a frontend of its own uses a
 * virtio card, or stays out when dom0's parts have taken that for their bridge.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "guest/clock.h"
#include "guest/console.h"
#include "guest/init.h"
#include "guest/lock.h"
#include "guest/param.h"
#include "guest/wait.h"
#include "lib/string.h"
#include "lwip/dhcp.h"
#include "lwip/dns.h"
#include "lwip/netifapi.h"
#include "lwip/tcpip.h"
#include "net/lwip/lwipopts.h"
#include "net/netif.h"
#include "net/virtio_net.h"

PARAM(ip,
      "dhcp | off | ADDRESS/BITS[,GATEWAY[,DNS]]: address of the next interface (default dhcp)");

#define DHCP_WAIT (5 * NS_PER_S)

static WAIT_QUEUE(configured);
static u8_t shown; /* where an interface keeps the IPv4 address that was printed last */

/* Called by lwIP with its core's lock when an address or state of the interface has changed. */
static void status_changed(struct netif *netif)
{
	char address[IP4ADDR_STRLEN_MAX], gateway[IP4ADDR_STRLEN_MAX];
	uintptr_t ip = netif_ip4_addr(netif)->addr;
	unsigned int bits = 32;

	if (!netif_is_up(netif) || !ip)
		return;
	wake_all(&configured);
	if (netif_get_client_data(netif, shown) == (void *)ip)
		return;
	netif_set_client_data(netif, shown, (void *)ip);
	while (bits && !(lwip_ntohl(netif_ip4_netmask(netif)->addr) >> (32 - bits) & 1))
		bits--;
	console_print("net: %s: %s/%u, gateway %s\n", stack_device(netif)->name,
		      ip4addr_ntoa_r(netif_ip4_addr(netif), address, sizeof(address)), bits,
		      ip4addr_ntoa_r(netif_ip4_gw(netif), gateway, sizeof(gateway)));
}

/* --- Static addresses ------------------------------------------------------------------------ */

struct address {
	ip_addr_t ip, gateway, dns;
	unsigned long bits;
};

static bool parse_ip(const char *text, ip_addr_t *ip)
{
	return text && *text && ipaddr_aton(text, ip);
}

/* ADDRESS/BITS[,GATEWAY[,DNS]]; what is not given stays zero. */
static bool parse_address(const char *text, struct address *a)
{
	char copy[160], *rest = copy, *word, *slash, *end;

	memset(a, 0, sizeof(*a));
	if (strlcpy(copy, text, sizeof(copy)) >= sizeof(copy))
		return false;
	word = strsep(&rest, ",");
	slash = strchr(word, '/');
	if (!slash)
		return false;
	*slash = '\0';
	a->bits = strtoul(slash + 1, &end, 10);
	if (!parse_ip(word, &a->ip) || end == slash + 1 || *end ||
	    a->bits > (IP_IS_V4(&a->ip) ? 32U : 128U))
		return false;
	word = strsep(&rest, ",");
	if (word && (!parse_ip(word, &a->gateway) || IP_IS_V4(&a->gateway) != IP_IS_V4(&a->ip)))
		return false;
	word = strsep(&rest, ",");
	return (!word || parse_ip(word, &a->dns)) && !rest;
}

static void set_ipv4(struct netif *netif, const struct address *a)
{
	ip4_addr_t mask = { .addr = a->bits ? lwip_htonl(~0U << (32 - a->bits)) : 0 };

	netif_set_addr(netif, ip_2_ip4(&a->ip), &mask, ip_2_ip4(&a->gateway));
}

/* lwIP knows 64-bit prefixes on the link only; the default route comes from router advertisements.
 */
static void set_ipv6(struct netif *netif, const struct address *a)
{
	s8_t index;

	if (netif_add_ip6_address(netif, ip_2_ip6(&a->ip), &index) == ERR_OK)
		netif_ip6_addr_set_state(netif, index, IP6_ADDR_PREFERRED);
}

static bool set_static(struct netif *netif, const char *text)
{
	struct address a;

	if (!parse_address(text, &a))
		return false;
	net_core_lock();
	netif_set_status_callback(netif, status_changed);
	if (IP_IS_V4(&a.ip))
		set_ipv4(netif, &a);
	else
		set_ipv6(netif, &a);
	if (!ip_addr_isany(&a.dns))
		dns_setserver(0, &a.dns);
	net_core_unlock();
	return true;
}

/* --- DHCP ------------------------------------------------------------------------------------ */

static int start_dhcp(struct netif *netif)
{
	err_t err;

	net_core_lock();
	netif_set_status_callback(netif, status_changed);
	err = dhcp_start(netif);
	net_core_unlock();
	return err ? -ENOMEM : 0;
}

/* Whether DHCP has answered wherever it was asked. */
static bool all_answered(void)
{
	struct netif *netif;
	bool all = true;

	net_core_lock();
	NETIF_FOREACH(netif)
	all &= !netif_dhcp_data(netif) || dhcp_supplied_address(netif);
	net_core_unlock();
	return all;
}

/* --- Start ----------------------------------------------------------------------------------- */

static int add_device(struct netdev *dev, const char *ip)
{
	struct netif *netif;

	if (strcmp(ip, "off") == 0)
		return 0;
	netif = stack_add_device(dev);
	if (!netif)
		return -ENOMEM;
	if (strcmp(ip, "dhcp") == 0)
		return start_dhcp(netif);
	if (set_static(netif, ip))
		return 0;
	console_print("ip=%s: not ADDRESS/BITS[,GATEWAY[,DNS]], dhcp or off\n", ip);
	return -EINVAL;
}

/* The next device; a card that nobody claimed when there is none at all. */
static struct netdev *next_device(bool first)
{
	struct netdev *dev = netdev_find_free();

	if (!dev && first && is_privileged() && virtio_net_open(&dev))
		return NULL;
	return dev;
}

static void stack_ready(void *arg)
{
	semaphore_up(arg);
}

static int stack_start(void)
{
	struct semaphore ready;
	const char *ip = NULL;
	struct netdev *dev;
	bool more = true;
	int err = 0;

	semaphore_init(&ready, 0);
	net_core_lock();
	shown = netif_alloc_client_data_id();
	tcpip_init(stack_ready, &ready);
	net_core_unlock();
	semaphore_down(&ready);
	for (bool first = true; !err && (dev = next_device(first)); first = false) {
		ip = more ? param_next("ip", ip) : NULL;
		more = ip;
		if (!ip && dev->optional)
			break;
		err = add_device(dev, ip ? ip : "dhcp");
	}
	if (!wait_event_timeout(&configured, all_answered(), DHCP_WAIT))
		console_print("net: no answer from DHCP yet\n");
	return err;
}

INITCALL(net, stack_start);
