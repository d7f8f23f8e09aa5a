/* SPDX-License-Identifier: MIT */
/* Names of hosts and services. Hosts are asked of DNS by lwIP; services are the few that matter. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/format.h"
#include "lwip/netdb.h"
#include "lwip/sockets.h"

/* Beside lwIP's errors; netdb.h has the same. */
#define EAI_AGAIN    205
#define EAI_BADFLAGS 206
#define EAI_SOCKTYPE 207
#define EAI_SYSTEM   208
#define EAI_OVERFLOW 209

#define NI_NUMERICHOST 0x01
#define NI_NUMERICSERV 0x02
#define NI_NAMEREQD    0x08
#define NI_DGRAM       0x10

struct servent {
	char *s_name;
	char **s_aliases;
	int s_port;
	char *s_proto;
};

struct protoent {
	char *p_name;
	char **p_aliases;
	int p_proto;
};

static const struct {
	char name[8];
	uint16_t port;
	bool tcp, udp;
} services[] = {
	{ "echo", 7, true, true },     { "ftp", 21, true, false },
	{ "ssh", 22, true, false },    { "telnet", 23, true, false },
	{ "smtp", 25, true, false },   { "domain", 53, true, true },
	{ "tftp", 69, false, true },   { "http", 80, true, false },
	{ "ntp", 123, false, true },   { "snmp", 161, false, true },
	{ "https", 443, true, false }, { "syslog", 514, false, true },
};

static bool speaks(size_t i, const char *protocol)
{
	return !protocol || (services[i].tcp && strcmp(protocol, "tcp") == 0) ||
	       (services[i].udp && strcmp(protocol, "udp") == 0);
}

static struct servent *service_entry(size_t i, const char *protocol)
{
	static struct servent entry;
	static char name[sizeof(services[0].name)];
	static char *no_aliases[] = { NULL };

	memcpy(name, services[i].name, sizeof(name));
	entry = (struct servent){
		.s_name = name,
		.s_aliases = no_aliases,
		.s_port = lwip_htons(services[i].port),
		.s_proto = protocol          ? (char *)protocol
			   : services[i].tcp ? "tcp"
					     : "udp",
	};
	return &entry;
}

struct servent *getservbyname(const char *name, const char *protocol)
{
	for (size_t i = 0; i < LWIP_ARRAYSIZE(services); i++)
		if (strcmp(services[i].name, name) == 0 && speaks(i, protocol))
			return service_entry(i, protocol);
	return NULL;
}

struct servent *getservbyport(int port, const char *protocol)
{
	for (size_t i = 0; i < LWIP_ARRAYSIZE(services); i++)
		if (lwip_htons(services[i].port) == port && speaks(i, protocol))
			return service_entry(i, protocol);
	return NULL;
}

struct protoent *getprotobyname(const char *name)
{
	static struct protoent entry;
	static char *no_aliases[] = { NULL };
	int number = strcmp(name, "tcp") == 0    ? IPPROTO_TCP
		     : strcmp(name, "udp") == 0  ? IPPROTO_UDP
		     : strcmp(name, "icmp") == 0 ? IPPROTO_ICMP
		     : strcmp(name, "ip") == 0   ? IPPROTO_IP
						 : -1;

	if (number < 0)
		return NULL;
	entry = (struct protoent){
		.p_name = (char *)name,
		.p_aliases = no_aliases,
		.p_proto = number,
	};
	return &entry;
}

/* lwIP wants the service as a number. */
int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
		struct addrinfo **result)
{
	char number[8];

	if (service && (*service < '0' || *service > '9')) {
		bool udp = hints && hints->ai_socktype == SOCK_DGRAM;
		const struct servent *entry = getservbyname(service, udp ? "udp" : "tcp");

		if (!entry || (hints && hints->ai_flags & AI_NUMERICSERV))
			return EAI_SERVICE;
		str_format(number, sizeof(number), "%u", lwip_ntohs((u16_t)entry->s_port));
		service = number;
	} else if (service && strcmp(service, "0") == 0) {
		service = node ? NULL : "0"; /* any port: lwIP calls that no service */
	}
	return lwip_getaddrinfo(node, service, hints, result);
}

void freeaddrinfo(struct addrinfo *list)
{
	lwip_freeaddrinfo(list);
}

struct hostent *gethostbyname(const char *name)
{
	return lwip_gethostbyname(name);
}

const char *gai_strerror(int error)
{
	static const char *const texts[] = {
		"Name or service not known",
		"Service not supported for this type",
		"Non-recoverable failure in name resolution",
		"Memory allocation failure",
		"Address family not supported",
		"Temporary failure in name resolution",
		"Bad value for flags",
		"Socket type not supported",
		"System error",
		"Argument buffer overflow",
	};

	if (error == 0)
		return "Success";
	if (error < EAI_NONAME || error >= EAI_NONAME + (int)LWIP_ARRAYSIZE(texts))
		return "Unknown error";
	return texts[error - EAI_NONAME];
}

/* --- Addresses back to text ------------------------------------------------------------------ */

static int put_host(const struct sockaddr *addr, char *host, socklen_t size)
{
	const void *ip = addr->sa_family == AF_INET
				 ? (const void *)&((const struct sockaddr_in *)addr)->sin_addr
				 : (const void *)&((const struct sockaddr_in6 *)addr)->sin6_addr;

	return lwip_inet_ntop(addr->sa_family, ip, host, size) ? 0 : EAI_OVERFLOW;
}

static int put_service(const struct sockaddr *addr, char *text, socklen_t size, int flags)
{
	u16_t port = addr->sa_family == AF_INET ? ((const struct sockaddr_in *)addr)->sin_port
						: ((const struct sockaddr_in6 *)addr)->sin6_port;
	const struct servent *entry = NULL;
	int len;

	if (!(flags & NI_NUMERICSERV))
		entry = getservbyport(port, flags & NI_DGRAM ? "udp" : "tcp");
	len = entry ? str_format(text, size, "%s", entry->s_name)
		    : str_format(text, size, "%u", lwip_ntohs(port));
	return len >= (int)size ? EAI_OVERFLOW : 0;
}

/* Names are not looked up: hosts come out as numbers, unless only a name would do. */
int getnameinfo(const struct sockaddr *addr, socklen_t len, char *host, socklen_t host_size,
		char *service, socklen_t service_size, int flags)
{
	bool v4 = addr->sa_family == AF_INET && len >= sizeof(struct sockaddr_in);
	bool v6 = addr->sa_family == AF_INET6 && len >= sizeof(struct sockaddr_in6);
	int err = 0;

	if (!v4 && !v6)
		return EAI_FAMILY;
	if (flags & NI_NAMEREQD)
		return EAI_NONAME;
	if (host && host_size)
		err = put_host(addr, host, host_size);
	if (!err && service && service_size)
		err = put_service(addr, service, service_size, flags);
	return err;
}
