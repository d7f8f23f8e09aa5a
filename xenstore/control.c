/* SPDX-License-Identifier: MIT */
/* The toolstack's wishes: the nodes control/shutdown and memory/target, carried out. */
#include <string.h>

#include "guest/balloon.h"
#include "guest/console.h"
#include "guest/init.h"
#include "guest/shutdown.h"
#include "guest/suspend.h"
#include "guest/vcpu.h"
#include "lib/format.h"
#include "xenstore/client.h"

/*
 * The toolstack writes what it wants into control/shutdown; the guest empties the node to say that
 * it has understood, and then does it. What it cannot do it says on the console, and
 * feature-* nodes tell the toolstack beforehand, which then does not ask.
 */

#define CONTROL   "control"
#define SHUTDOWN  "shutdown"
#define WORD_ROOM 16

static const struct {
	const char *word;
	unsigned int reason;
} requests[] = {
	{ "poweroff", SHUTDOWN_poweroff },
	{ "halt", SHUTDOWN_poweroff },
	{ "reboot", SHUTDOWN_reboot },
	{ "crash", SHUTDOWN_crash },
};

/*
 * Take the wish out of the node: an empty value says that it was seen. In a transaction, so that a
 * newer wish is not wiped away with the one that was read.
 */
static int take_request(xs_tx_t tx, void *arg)
{
	char *word = arg;
	int len;

	word[0] = 0;
	len = xs_read(tx, CONTROL, SHUTDOWN, word, WORD_ROOM);
	if (len <= 0)
		return len;
	return xs_write(tx, CONTROL, SHUTDOWN, "", 0);
}

static void control_fired(struct xs_watch *watch, const char *changed)
{
	char word[WORD_ROOM] = "";
	int rc = xs_read(XS_NO_TX, CONTROL, SHUTDOWN, word, sizeof(word));

	if (rc > 0) /* else there is no wish: the first event only says that the watch is set */
		rc = xs_transact(take_request, word);
	/* Whoever could not acknowledge it obeys all the same. */
	if (rc < 0 && rc != -ENOENT)
		console_print("control/shutdown: error %d\n", -rc);
	if (!*word)
		return;
	if (!strcmp(word, "suspend")) {
		suspend_request();
		return;
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(requests); i++) {
		if (strcmp(requests[i].word, word))
			continue;
		if (requests[i].reason == SHUTDOWN_crash)
			shutdown_crash();
		shutdown_request(requests[i].reason);
		return;
	}
	console_print("control/shutdown: this system cannot \"%s\"\n", word);
}

static struct xs_watch control_watch = {
	.path = CONTROL "/" SHUTDOWN,
	.fired = control_fired,
};

/* In KiB. A toolstack that does not tell does not want to change it. */
static void target_fired(struct xs_watch *watch, const char *changed)
{
	uint64_t kib;

	if (!xs_read_u64(XS_NO_TX, watch->path, NULL, &kib))
		balloon_set_target(kib / (PAGE_SIZE / 1024));
}

static struct xs_watch target_watch = {
	.path = "memory/target",
	.fired = target_fired,
};

/* A vcpu of which nothing is said is there to be used. */
static void cpus_fired(struct xs_watch *watch, const char *changed)
{
	vcpu_mask_t online = VCPU_ANY;
	char node[32], word[WORD_ROOM];

	for (unsigned int n = 1; n < vcpu_count(); n++) {
		str_format(node, sizeof(node), "%u/availability", n);
		if (xs_read(XS_NO_TX, watch->path, node, word, sizeof(word)) > 0 &&
		    !strcmp(word, "offline"))
			online &= ~VCPU_ONLY(n);
	}
	vcpus_want(online);
}

static struct xs_watch cpus_watch = {
	.path = "cpu",
	.fired = cpus_fired,
};

static const char *const features[] = {
	"feature-poweroff",
	"feature-reboot",
	"feature-halt",
	"feature-suspend",
};

static void tell_features(void)
{
	/* A toolstack that did not make the directory writable does not want to know. */
	xs_write_all(CONTROL, features, ARRAY_SIZE(features), "1", 1);
}

static int nothing_to_stop(void)
{
	return 0;
}

static void resume(bool lost)
{
	if (lost)
		tell_features();
}

static struct suspend_hook resume_hook = {
	.name = "control",
	.suspend = nothing_to_stop,
	.resume = resume,
};

/* Pulled into every image by the link; does nothing where there is no store. */
int control_start(void)
{
	if (!xs_available())
		return 0;
	tell_features();
	suspend_register(&resume_hook);
	xs_watch(&target_watch);
	if (vcpu_count() > 1)
		xs_watch(&cpus_watch);
	return xs_watch(&control_watch);
}
INITCALL(device, control_start);
