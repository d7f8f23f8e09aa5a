/* SPDX-License-Identifier: MIT */
/* The toolstack's wishes: the node control/shutdown, acknowledged and carried out. */
#include <string.h>

#include "guest/console.h"
#include "guest/init.h"
#include "guest/shutdown.h"
#include "xenstore/client.h"

/*
 * The toolstack writes what it wants into control/shutdown; the guest empties the node to say that
 * it has understood, and then does it. What it cannot do (suspend) it says on the console, and
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
	int rc = xs_transact(take_request, word);

	/* Whoever could not acknowledge it obeys all the same. */
	if (rc < 0 && rc != -ENOENT)
		console_print("control/shutdown: error %d\n", -rc);
	if (!*word)
		return;
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

static const struct {
	const char *name;
	bool supported;
} features[] = {
	{ "feature-poweroff", true },
	{ "feature-reboot", true },
	{ "feature-halt", true },
	{ "feature-suspend", false },
};

/* Pulled into every image by the link; does nothing where there is no store. */
int control_start(void)
{
	if (!xs_available())
		return 0;
	/* A toolstack that did not make the directory writable does not want to know. */
	for (unsigned int i = 0; i < ARRAY_SIZE(features); i++)
		xs_printf(XS_NO_TX, CONTROL, features[i].name, "%d", features[i].supported);
	return xs_watch(&control_watch);
}
INITCALL(device, control_start);
