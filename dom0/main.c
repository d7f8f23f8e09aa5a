/* SPDX-License-Identifier: MIT */
/*
 * dom0: by the time main runs, xenstored, the backends, the console service and the drivers have
 * started themselves (guest/init.h). What is left is to start the configured domains, and to
 * listen to whoever sits at the console.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dom0/domain.h"
#include "dom0/ramdisk.h"
#include "dom0/shell.h"
#include "guest/init.h"

/* Every configuration in the ramdisk, in its order. */
static void start_domains(void)
{
	struct ramdisk_file file;
	size_t position = 0;

	while (ramdisk_next(&position, &file)) {
		size_t len = strlen(file.path);
		struct error error = { 0 };
		domid_t domid;

		if (strncmp(file.path, "etc/lamina/", 11) || len < 4 ||
		    strcmp(file.path + len - 4, ".cfg"))
			continue;
		if (domain_create(file.data, file.size, file.path, false, &domid, &error))
			printf("dom0: %s\n", error.text);
		else
			printf("dom0: %s started as domain %u\n", file.path, domid);
		fflush(stdout);
	}
}

int main(int argc, char **argv, char **envp)
{
	char seed;

	(void)argc, (void)argv, (void)envp;
	if (!is_initdomain()) {
		printf("dom0: this image is the first domain of a machine, and nothing else\n");
		return 1;
	}
	/* Gathering entropy takes its time: not that of the first domain that wants a uuid. */
	(void)getentropy(&seed, sizeof(seed));
	if (!ramdisk_open())
		start_domains();
	else
		printf("dom0: no domains to start: none came as a ramdisk\n");
	shell_run();
}
