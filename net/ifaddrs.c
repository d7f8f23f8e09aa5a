/* SPDX-License-Identifier: MIT */
/* The interfaces and their addresses, as applications ask for them. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/string.h"
#include "lwip/netif.h"
#include "lwip/sockets.h"
#include "net/netif.h"

/* The numbers of net/if.h. */
#define IFF_UP        0x0001
#define IFF_BROADCAST 0x0002
#define IFF_LOOPBACK  0x0008
#define IFF_RUNNING   0x0040
#define IFF_MULTICAST 0x1000

struct ifaddrs {
	struct ifaddrs *ifa_next;
	char *ifa_name;
	unsigned int ifa_flags;
	struct sockaddr *ifa_addr;
	struct sockaddr *ifa_netmask;
	struct sockaddr *ifa_broadaddr;
	struct sockaddr *ifa_dstaddr;
	void *ifa_data;
};

/* One entry with all that it points to. */
struct entry {
	struct ifaddrs ifa;
	struct sockaddr_storage addr, netmask, broadcast;
	char name[NETDEV_NAME_MAX];
};

static void put_name(const struct netif *netif, char *buf)
{
	struct netdev *dev = stack_device(netif);

	strlcpy(buf, dev ? dev->name : "lo", NETDEV_NAME_MAX);
}

static unsigned int flags_of(const struct netif *netif)
{
	const struct netdev *dev = stack_device(netif);
	bool running = dev ? dev->up : netif_is_link_up(netif);

	return (netif_is_up(netif) ? IFF_UP : 0) | (running ? IFF_RUNNING : 0) |
	       (dev ? IFF_BROADCAST | IFF_MULTICAST : IFF_LOOPBACK);
}

static void put_ipv4(struct sockaddr_storage *at, u32_t ip)
{
	struct sockaddr_in *sin = (struct sockaddr_in *)at;

	sin->sin_len = sizeof(*sin);
	sin->sin_family = AF_INET;
	sin->sin_addr.s_addr = ip;
}

static void put_ipv6(struct sockaddr_storage *at, const u32_t ip[4], u32_t scope)
{
	struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)at;

	sin6->sin6_len = sizeof(*sin6);
	sin6->sin6_family = AF_INET6;
	memcpy(&sin6->sin6_addr, ip, 16);
	sin6->sin6_scope_id = scope;
}

static struct entry *add_entry(const struct netif *netif, struct ifaddrs ***tail)
{
	struct entry *entry = calloc(1, sizeof(*entry));

	if (!entry)
		return NULL;
	put_name(netif, entry->name);
	entry->ifa.ifa_name = entry->name;
	entry->ifa.ifa_flags = flags_of(netif);
	entry->ifa.ifa_addr = (struct sockaddr *)&entry->addr;
	entry->ifa.ifa_netmask = (struct sockaddr *)&entry->netmask;
	**tail = &entry->ifa;
	*tail = &entry->ifa.ifa_next;
	return entry;
}

static bool add_ipv4(const struct netif *netif, struct ifaddrs ***tail)
{
	u32_t ip = netif_ip4_addr(netif)->addr, mask = netif_ip4_netmask(netif)->addr;
	struct entry *entry;

	if (!ip)
		return true;
	entry = add_entry(netif, tail);
	if (!entry)
		return false;
	put_ipv4(&entry->addr, ip);
	put_ipv4(&entry->netmask, mask);
	put_ipv4(&entry->broadcast, ip | ~mask);
	if (entry->ifa.ifa_flags & IFF_BROADCAST)
		entry->ifa.ifa_broadaddr = (struct sockaddr *)&entry->broadcast;
	return true;
}

static bool add_ipv6(const struct netif *netif, struct ifaddrs ***tail)
{
	static const u32_t prefix64[4] = { ~0U, ~0U, 0, 0 }, prefix128[4] = { ~0U, ~0U, ~0U, ~0U };
	bool loopback = !stack_device(netif);

	for (s8_t i = 0; i < LWIP_IPV6_NUM_ADDRESSES; i++) {
		const ip6_addr_t *ip = netif_ip6_addr(netif, i);
		struct entry *entry;

		if (!ip6_addr_isvalid(netif_ip6_addr_state(netif, i)))
			continue;
		entry = add_entry(netif, tail);
		if (!entry)
			return false;
		put_ipv6(&entry->addr, ip->addr,
			 ip6_addr_islinklocal(ip) ? netif_get_index((struct netif *)netif) : 0);
		put_ipv6(&entry->netmask, loopback ? prefix128 : prefix64, 0);
	}
	return true;
}

void freeifaddrs(struct ifaddrs *list)
{
	while (list) {
		struct ifaddrs *next = list->ifa_next;

		free(container_of(list, struct entry, ifa));
		list = next;
	}
}

int getifaddrs(struct ifaddrs **list)
{
	struct ifaddrs **tail = list;
	struct netif *netif;
	bool fine = true;

	*list = NULL;
	net_core_lock();
	NETIF_FOREACH(netif)
	fine = fine && add_ipv4(netif, &tail) && add_ipv6(netif, &tail);
	net_core_unlock();
	if (fine)
		return 0;
	freeifaddrs(*list);
	*list = NULL;
	errno = ENOMEM;
	return -1;
}

/* --- Names and numbers ----------------------------------------------------------------------- */

unsigned int if_nametoindex(const char *name)
{
	struct netif *netif;
	unsigned int index = 0;
	char own[NETDEV_NAME_MAX];

	net_core_lock();
	NETIF_FOREACH(netif)
	{
		put_name(netif, own);
		if (strcmp(own, name) == 0)
			index = netif_get_index(netif);
	}
	net_core_unlock();
	if (!index)
		errno = ENODEV;
	return index;
}

char *if_indextoname(unsigned int index, char *name)
{
	struct netif *netif;

	net_core_lock();
	netif = index <= 255 ? netif_get_by_index((u8_t)index) : NULL;
	if (netif)
		put_name(netif, name);
	net_core_unlock();
	if (!netif)
		errno = ENXIO;
	return netif ? name : NULL;
}
