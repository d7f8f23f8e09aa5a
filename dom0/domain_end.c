/* SPDX-License-Identifier: MIT */
/*
 * What follows an end that a domain chose, or was driven to. Xen tells of it by VIRQ_DOM_EXC,
 * xenstored by "@releaseDomain", which says of nobody in particular: so all are looked at. The
 * domain's configuration says what is done: destroy, restart, or preserve.
 */
#include "dom0/domain_core.h"

#include <stdlib.h>

#include "dom0/hyper.h"
#include "guest/clock.h"
#include "guest/console.h"
#include "guest/init.h"
#include "guest/thread.h"
#include "xenstore/client.h"

#include <xen/sched.h>

/* A domain that ended sooner than this after its start waits so long before it starts again. */
#define RESTART_TOO_FAST (1 * NS_PER_S)

static enum config_action action_of(const struct domain_config *config, unsigned int code)
{
	switch (code) {
	case SHUTDOWN_reboot:
		return config->on_reboot;
	case SHUTDOWN_crash:
		return config->on_crash;
	case SHUTDOWN_watchdog:
		return config->on_watchdog;
	default:
		return config->on_poweroff;
	}
}

static const char *end_text(unsigned int code)
{
	static const char *const text[] = {
		[SHUTDOWN_poweroff] = "has powered off", [SHUTDOWN_reboot] = "wants to reboot",
		[SHUTDOWN_suspend] = "has suspended",	 [SHUTDOWN_crash] = "has crashed",
		[SHUTDOWN_watchdog] = "was ended by its watchdog",
	};

	return code < ARRAY_SIZE(text) ? text[code] : "has ended";
}

/*
 * Under lock, which is let go while a quick restart waits: other domains can be looked at, made and
 * destroyed meanwhile. Whoever takes the name in that time keeps it.
 */
static void restart(const struct domain_config *config, bool too_fast)
{
	struct error error = { 0 };
	domid_t domid;

	if (too_fast) {
		mutex_unlock(&domains_lock);
		thread_sleep(RESTART_TOO_FAST);
		mutex_lock(&domains_lock);
	}
	if (domain_build(config, false, &domid, &error))
		console_print("dom0: %s\n", error.text);
}

/* Under lock. `d` is gone afterwards, or preserved. */
static void ended(struct domain *d, unsigned int code)
{
	enum config_action action = action_of(&d->config, code);
	bool too_fast = clock_ns() - d->started < RESTART_TOO_FAST;
	struct domain_config *config;

	consoled_flush(d->console); /* what it said last stands before what is said of it */
	console_print("%s (domain %u) %s: %s\n", d->config.name, d->domid, end_text(code),
		      action == CONFIG_RESTART ? "restarting" :
		      action == CONFIG_PRESERVE ? "preserved" : "destroyed");
	if (action == CONFIG_PRESERVE) {
		d->preserved = true;
		return;
	}
	config = action == CONFIG_RESTART ? malloc(sizeof(*config)) : NULL;
	if (config)
		*config = d->config;
	else if (action == CONFIG_RESTART)
		console_print("dom0: no memory left to restart %s\n", d->config.name);
	domain_tear_down(d);
	if (config)
		restart(config, too_fast);
	free(config);
}

/* Some domain that has ended and was not dealt with, and how. NULL: none. Under lock. */
static struct domain *next_ended(unsigned int *code)
{
	for (struct domain *d = domains; d; d = d->next) {
		xen_domctl_getdomaininfo_t info;

		if (d->preserved || hyper_info(d->domid, &info) ||
		    !(info.flags & XEN_DOMINF_shutdown))
			continue;
		*code = info.flags >> XEN_DOMINF_shutdownshift & XEN_DOMINF_shutdownmask;
		return d;
	}
	return NULL;
}

static WAIT_QUEUE(ends);
static bool look; /* set by the watch, cleared by the reaper before it looks */

static void reaper(void *arg)
{
	struct domain *d;
	unsigned int code;

	(void)arg;
	for (;;) {
		wait_event(&ends, READ_ONCE(look));
		WRITE_ONCE(look, false);
		mutex_lock(&domains_lock);
		/* From the start each time: a restart lets go of the lock. */
		while ((d = next_ended(&code)))
			ended(d, code);
		mutex_unlock(&domains_lock);
	}
}

static void released(struct xs_watch *watch, const char *changed)
{
	(void)watch, (void)changed;
	WRITE_ONCE(look, true);
	wake_one(&ends);
}

static struct xs_watch release_watch = { .path = "@releaseDomain", .fired = released };

static int domain_end_init(void)
{
	if (!thread_create("reaper", reaper, NULL, 0))
		return -ENOMEM;
	return xs_watch(&release_watch);
}
INITCALL(net, domain_end_init);
