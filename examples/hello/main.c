/* SPDX-License-Identifier: MIT */
/*
 * Prints its arguments and environment, and exits with the status that it was given. Three
 * arguments make it do more: status=N, sleep=SECONDS, and crash, which shows what a null pointer
 * leads to.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv, char **envp)
{
	int status = 0, i;

	printf("Hello from %s\n", argv[0]);
	for (i = 1; i < argc; i++) {
		printf("argument %d: %s\n", i, argv[i]);
		if (!strncmp(argv[i], "status=", 7))
			status = atoi(argv[i] + 7);
	}
	for (i = 0; envp[i]; i++)
		printf("environment: %s\n", envp[i]);
	for (i = 1; i < argc; i++) {
		if (!strncmp(argv[i], "sleep=", 6))
			sleep(atoi(argv[i] + 6));
		if (!strcmp(argv[i], "crash"))
			*(volatile int *)0 = 1;
	}
	return status;
}
