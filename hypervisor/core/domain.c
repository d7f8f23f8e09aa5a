/* SPDX-License-Identifier: MIT */
/*
 * Domains: their list, their references, their making. How one ends is in kill.c, how it stops and
 * goes on in pause.c.
 *
 * References: one from creation to domain_kill, one while it owns frames, one for each frame of the
 * hypervisor that it shares, one for each end of an event channel that leads to it, one for
 * each handle of a grant of it, and the temporary ones of those who look it up. The last one frees
 * the structure and its id. So a killed domain whose frames dom0 still maps stays in the list,
 * dying, as a reminder that somebody has to let go.
 */
#include "console.h"
#include "memory.h"
#include "pv.h"
#include "sched.h"
#include "lib/string.h"

#define GRANT_FRAMES_DEFAULT    64
#define MAPTRACK_FRAMES_DEFAULT 1024

static struct {
	spinlock_t lock; /* guards the list, domain_hash and leaving */
	struct domain *first;
	unsigned leaving; /* out of the list, and not yet freed */
	domid_t last_id; /* the last one given without being asked for */
} domains = { .lock = SPINLOCK(LOCK_DOMAINS) };
LOCK_NAMED(domains.lock, domains);

struct domain *dom0, *domain_hash[DOMAIN_HASH];

/* Without the last reference it is on its way out of the list. */
static bool hold_alive(struct domain *d)
{
	uint32_t refs = READ_ONCE(d->refs);

	while (refs)
		if (__atomic_compare_exchange_n(&d->refs, &refs, refs + 1, true, __ATOMIC_ACQUIRE,
						__ATOMIC_RELAXED))
			return true;
	return false;
}

struct domain *domain_get(domid_t id)
{
	struct domain *d;

	if (id == DOMID_SELF || id == current->domain->id) {
		d = current->domain;
		domain_hold(d);
		return d;
	}
	d = domain_find(id);
	return d && hold_alive(d) ? d : NULL;
}

/* For walks over all domains that may take time between one and the next. */
struct domain *domain_get_next(domid_t from)
{
	struct domain *d = domain_find(from);

	/* Ids mostly follow one another: a walk over n domains is no n walks over the list. */
	if (d && hold_alive(d))
		return d;
	spin_lock(&domains.lock);
	for (d = domains.first; d && (d->id < from || !hold_alive(d)); d = d->next)
		;
	spin_unlock(&domains.lock);
	return d;
}

int domain_lookup(domid_t id, struct domain **out)
{
	struct domain *d = domain_get(id);

	if (!d)
		return -ESRCH;
	if (d != current->domain && !current->domain->privileged) {
		domain_put(d);
		return -EPERM;
	}
	*out = d;
	return 0;
}

struct vcpu *domain_vcpu(struct domain *d, uint32_t id)
{
	return id < d->max_vcpus ? d->vcpu[index_nospec(id, MAX_VCPUS)] : NULL;
}

/* Domains locked. The list is in the order of ids, which toolstacks expect of getdomaininfolist. */
static void domain_insert(struct domain *d)
{
	struct domain **at;

	for (at = &domains.first; *at && (*at)->id < d->id; at = &(*at)->next)
		;
	d->next = *at;
	*at = d;
	d->hash_next = domain_hash[d->id % DOMAIN_HASH];
	/* domain_find takes no lock: the link stands before the domain is seen. */
	__atomic_store_n(&domain_hash[d->id % DOMAIN_HASH], d, __ATOMIC_RELEASE);
}

static void domain_remove(struct domain *d)
{
	struct domain **at;

	for (at = &domains.first; *at != d; at = &(*at)->next)
		;
	*at = d->next;
	for (at = &domain_hash[d->id % DOMAIN_HASH]; *at != d; at = &(*at)->hash_next)
		;
	*at = d->hash_next;
}

/* What creation gave, in reverse; any part may be missing. The domain is not in the list. */
static void domain_free(struct domain *d)
{
	unsigned i;

	for (i = 0; i < MAX_VCPUS; i++)
		if (d->vcpu[i])
			vcpu_destroy(d->vcpu[i]);
	cpupool_leave(d);
	pv_domain_destroy(d);
	evtchn_destroy(d);
	grant_destroy(d);
	range_clear(&d->ioports);
	range_clear(&d->iomem);
	range_clear(&d->irqs);
	if (d->shared)
		hyper_free(d->shared, 0);
	heap_free(d->map);
	heap_free(d->stats);
	heap_free(d);
}

static void free_quietly(struct quiet *q)
{
	domain_free(container_of(q, struct domain, quiet));
	spin_lock(&domains.lock);
	domains.leaving--;
	spin_unlock(&domains.lock);
}

/*
 * Out of the list first: from then on nobody finds it. Who found it before without a reference
 * (domain_find), or reads its vcpus and ports, is in the middle of an operation.
 */
void domain_last_put(struct domain *d)
{
	spin_lock(&domains.lock);
	domain_remove(d);
	domains.leaving++;
	spin_unlock(&domains.lock);
	quiet_call(&d->quiet, free_quietly);
}

unsigned domains_ending(void)
{
	struct domain *d;
	unsigned n;

	spin_lock(&domains.lock);
	n = domains.leaving;
	for (d = domains.first; d; d = d->next)
		n += d->shut_down || d->dying;
	spin_unlock(&domains.lock);
	return n;
}

/* As Xen's common and x86 checks of a PV domain's configuration. */
static int config_check(const struct xen_domctl_createdomain *c, bool privileged)
{
	const uint32_t known = (XEN_DOMCTL_CDF_MAX << 1) - 1;
	const uint32_t absent = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap | XEN_DOMCTL_CDF_iommu |
				XEN_DOMCTL_CDF_nested_virt | XEN_DOMCTL_CDF_vpmu;
	uint32_t version = XEN_DOMCTL_GRANT_version(c->grant_opts);

	if (c->flags & ~known || c->flags & absent || c->iommu_opts)
		return -EINVAL;
	if (c->max_vcpus < 1 || c->max_vcpus > MAX_VCPUS)
		return -EINVAL;
	if (c->grant_opts & ~XEN_DOMCTL_GRANT_version_mask || version != 1)
		return -EINVAL;
	if (c->vmtrace_size || c->arch.misc_flags & ~XEN_X86_MSR_RELAXED)
		return -EINVAL;
	if (c->arch.emulation_flags & ~(privileged ? XEN_X86_EMU_PIT : 0u))
		return -EOPNOTSUPP;
	return 0;
}

/* What may fail. A half-made domain is undone by domain_free. */
static int domain_init(struct domain *d, const struct xen_domctl_createdomain *c)
{
	int rc;

	d->shared = hyper_alloc(0);
	if (!d->shared)
		return -ENOMEM;
	rc = evtchn_init(d);
	if (rc)
		return rc;
	rc = grant_init(
		d, c->max_grant_frames < 0 ? GRANT_FRAMES_DEFAULT : (uint32_t)c->max_grant_frames,
		c->max_maptrack_frames < 0 ? MAPTRACK_FRAMES_DEFAULT
					   : (uint32_t)c->max_maptrack_frames);
	return rc ? rc : pv_domain_init(d);
}

/* The next free id after the last one given, round the whole space; 0: none. */
static domid_t free_id(void)
{
	domid_t id = domains.last_id;

	do {
		id = (domid_t)(id + 1) >= MAX_DOMID ? 1 : (domid_t)(id + 1);
		if (!domain_find(id))
			return domains.last_id = id;
	} while (id != domains.last_id);
	return 0;
}

static void locks_init(struct domain *d)
{
	spin_init(&d->lock, LOCK_DOMAIN);
	spin_init(&d->frames_lock, LOCK_FRAMES);
	spin_init(&d->cap_lock, LOCK_CAP);
	spin_init(&d->evtchn.lock, LOCK_EVTCHN);
	spin_init(&d->ioports.lock, LOCK_RANGE);
	spin_init(&d->iomem.lock, LOCK_RANGE);
	spin_init(&d->irqs.lock, LOCK_RANGE);
}

/*
 * The shared frames become the domain's last, once it is in the list: their release looks its owner
 * up.
 */
int domain_create(domid_t id, const struct xen_domctl_createdomain *config, bool privileged,
		  struct domain **out)
{
	struct domain *d;
	int rc = config_check(config, privileged);

	if (rc)
		return rc;
	if (!privileged && (!id || id >= MAX_DOMID))
		id = free_id();
	else if (domain_find(id))
		return -EEXIST;
	d = heap_alloc(sizeof(*d));
	if (!d || (!id && !privileged)) {
		heap_free(d);
		return -ENOMEM;
	}
	locks_init(d);
	d->id = id;
	d->privileged = privileged;
	d->refs = 1;
	d->shutdown_code = SHUTDOWN_NONE;
	d->pause_count = d->ctl_pause_count = 1;
	d->max_vcpus = config->max_vcpus;
	d->evtchn.limit = MIN(config->max_evtchn_port, ~0u - 1) + 1;
	d->evtchn.max = MIN(d->evtchn.limit, (uint32_t)EVTCHN_MAX);
	d->config_flags = config->flags;
	d->ssidref = config->ssidref;
	d->created = time_now();
	memcpy(d->handle, config->handle, sizeof(d->handle));
	rc = cpupool_enter(d, config->cpupool_id);
	if (!rc)
		rc = domain_init(d, config);
	if (rc) {
		domain_free(d);
		return rc;
	}
	spin_lock(&domains.lock);
	domain_insert(d);
	spin_unlock(&domains.lock);
	frame_share(d, d->shared, true);
	grant_share(d);
	time_update_wall(d);
	*out = d;
	return 0;
}

/* A second call goes on where the first ran out of memory. */
int domain_set_max_vcpus(struct domain *d, uint32_t n)
{
	uint32_t i;

	if (n != d->max_vcpus)
		return -EINVAL;
	for (i = 0; i < n; i++)
		if (!d->vcpu[i] && !vcpu_create(d, i))
			return -ENOMEM;
	return 0;
}
