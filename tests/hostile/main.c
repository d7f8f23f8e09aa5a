/* SPDX-License-Identifier: MIT */
/*
 * The arguments say what is done, in their order:
 *	vbd, vif	each breach of the device's protocol, with a good request behind each
 *	console		as many lines as the console takes, for some seconds
 *	vanish		requests in flight all the time, until somebody destroys the domain
 *	wide		from here on with several queues, rings of several pages, grants that stay
 *			mapped and lists of segments
 */
#include "hostile.h"

#include <stdio.h>
#include <string.h>

#define FLOOD_SECONDS 5

static void commit(const char *device, const struct breach *breaches, const char *(*behave)(void))
{
	const char *wrong = behave();
	unsigned int count = 0;

	if (wrong)
		printf("hostile: %s: FAILED before anything: %s\n", device, wrong);
	for (; breaches->name && !wrong; breaches++) {
		wrong = breaches->commit();
		if (!wrong)
			wrong = behave();
		if (wrong)
			printf("hostile: %s: FAILED: %s: %s\n", device, breaches->name, wrong);
		else
			count++;
	}
	printf("hostile: %s: %u breaches\n", device, count);
	fflush(stdout);
}

static void flood_console(void)
{
	ns_t end = clock_deadline(FLOOD_SECONDS * NS_PER_S);
	unsigned long lines = 0;

	while (clock_ns() < end)
		printf("hostile: flood %lu 0123456789 0123456789 0123456789\n", lines++);
	printf("hostile: console: %lu lines\n", lines);
	fflush(stdout);
}

static void vanish(void)
{
	const char *disk = vbd_behave(), *net = vif_behave();

	if (disk || net)
		printf("hostile: vanish: FAILED: %s\n", disk ? disk : net);
	else
		printf("hostile: vanish: ready\n");
	fflush(stdout);
	for (;;) {
		vbd_behave();
		vbd_flood();
		vif_flood();
	}
}

static void wide(void)
{
	vbd_wide();
	vif_wide();
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "vbd"))
			commit("vbd", vbd_breaches, vbd_behave);
		else if (!strcmp(argv[i], "vif"))
			commit("vif", vif_breaches, vif_behave);
		else if (!strcmp(argv[i], "console"))
			flood_console();
		else if (!strcmp(argv[i], "vanish"))
			vanish();
		else if (!strcmp(argv[i], "wide"))
			wide();
		else
			printf("hostile: %s: nothing of that name\n", argv[i]);
	}
	return 0;
}
