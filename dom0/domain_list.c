/* SPDX-License-Identifier: MIT */
/* The domains that this toolstack made: a list, and names for its members. */
#include "dom0/domain_core.h"

#include <stdlib.h>
#include <string.h>

#include "dom0/hyper.h"

MUTEX(domains_lock);
struct domain *domains;

struct domain *domains_by_id(domid_t domid)
{
	struct domain *d = domains;

	while (d && d->domid != domid)
		d = d->next;
	return d;
}

struct domain *domains_by_name(const char *name)
{
	struct domain *d = domains;

	while (d && strcmp(d->config.name, name))
		d = d->next;
	return d;
}

void domains_add(struct domain *d)
{
	d->next = domains;
	domains = d;
}

void domains_remove(struct domain *d)
{
	struct domain **at = &domains;

	while (*at && *at != d)
		at = &(*at)->next;
	if (*at)
		*at = d->next;
}

int domain_find(const char *name, domid_t *domid, struct error *error)
{
	xen_domctl_getdomaininfo_t info;
	struct domain *d;
	char *end;
	unsigned long id = strtoul(name, &end, 10);

	mutex_lock(&domains_lock);
	d = domains_by_name(name);
	if (d)
		*domid = d->domid;
	mutex_unlock(&domains_lock);
	if (d)
		return 0;
	if (!strcmp(name, "Domain-0")) {
		*domid = 0;
		return 0;
	}
	if (*name && !*end && id < DOMID_FIRST_RESERVED && !hyper_info((domid_t)id, &info)) {
		*domid = (domid_t)id;
		return 0;
	}
	return error_set(error, -ESRCH, "%s: there is no such domain; `list` shows those there are",
			 name);
}

void domain_name(domid_t domid, char *name, size_t size)
{
	struct domain *d;

	mutex_lock(&domains_lock);
	d = domains_by_id(domid);
	strlcpy(name, d ? d->config.name : domid ? "?" : "Domain-0", size);
	mutex_unlock(&domains_lock);
}

unsigned int domain_count(void)
{
	unsigned int count = 0;

	mutex_lock(&domains_lock);
	for (struct domain *d = domains; d; d = d->next)
		count++;
	mutex_unlock(&domains_lock);
	return count;
}
