/* SPDX-License-Identifier: MIT */
/* Addresses to text and back. */

#include <errno.h>

#include "lwip/inet.h"
#include "lwip/sockets.h"

const struct in6_addr in6addr_any = IN6ADDR_ANY_INIT;
const struct in6_addr in6addr_loopback = IN6ADDR_LOOPBACK_INIT;

#undef inet_addr
#undef inet_aton
#undef inet_ntoa
#undef inet_ntop
#undef inet_pton

in_addr_t inet_addr(const char *text)
{
	return ipaddr_addr(text);
}

int inet_aton(const char *text, struct in_addr *addr)
{
	return ip4addr_aton(text, (ip4_addr_t *)addr);
}

char *inet_ntoa(struct in_addr addr)
{
	ip4_addr_t ip = { .addr = addr.s_addr };

	return ip4addr_ntoa(&ip);
}

const char *inet_ntop(int family, const void *addr, char *buf, socklen_t size)
{
	return lwip_inet_ntop(family, addr, buf, size);
}

/* lwIP's own parser takes "10" and "0x7f.1" for addresses; POSIX wants four decimal numbers. */
static int is_dotted_quad(const char *text)
{
	int dots = 0, digits = 0;

	for (; *text; text++) {
		if (*text == '.' && digits) {
			dots++;
			digits = 0;
		} else if (*text < '0' || *text > '9' || ++digits > 3) {
			return 0;
		}
	}
	return dots == 3 && digits;
}

int inet_pton(int family, const char *text, void *addr)
{
	if (family == AF_INET && !is_dotted_quad(text))
		return 0;
	return lwip_inet_pton(family, text, addr);
}
