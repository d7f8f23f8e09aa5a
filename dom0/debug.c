/* SPDX-License-Identifier: MIT */
#include "dom0/debug.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dom0/hyper.h"

#define SPARE 32 /* locks that may be made between two calls */

int verb_debug_keys(char **words, unsigned int count, struct error *error)
{
	int err;

	if (count != 2)
		return error_set(error, -EINVAL, "debug-keys KEYS: letters, as `debug-keys q`");
	err = hyper_debug_keys(words[1]);
	return err ? error_set(error, err, "debug-keys: %s", strerror(-err)) : 0;
}

static int more_waited(const void *a, const void *b)
{
	const xen_sysctl_lockprof_data_t *x = a, *y = b;

	return (y->block_cnt > x->block_cnt) - (y->block_cnt < x->block_cnt);
}

static void print_all(xen_sysctl_lockprof_data_t *locks, unsigned int n, uint64_t ns)
{
	char name[64], whose[16];

	qsort(locks, n, sizeof(*locks), more_waited);
	printf("in %llu.%03llu s:        taken   waited for     for us\n",
	       (unsigned long long)(ns / 1000000000), (unsigned long long)(ns / 1000000 % 1000));
	for (unsigned int i = 0; i < n && locks[i].block_cnt; i++) {
		snprintf(name, sizeof(name), locks[i].name, locks[i].idx);
		snprintf(whose, sizeof(whose), locks[i].type == LOCKPROF_TYPE_PERDOM ? "d%d " : "",
			 locks[i].idx);
		printf("%s%-*s %10llu %12llu %10llu\n", whose, 20 - (int)strlen(whose), name,
		       (unsigned long long)locks[i].lock_cnt,
		       (unsigned long long)locks[i].block_cnt,
		       (unsigned long long)locks[i].block_time / 1000);
	}
}

int verb_lockprof(char **words, unsigned int count, struct error *error)
{
	xen_sysctl_lockprof_data_t *locks = NULL;
	unsigned int n = 0, room;
	uint64_t ns;
	int err;

	if (count > 1 && !strcmp(words[1], "-r")) {
		err = hyper_lockprof_reset();
		return err ? error_set(error, err, "lockprof: %s", strerror(-err)) : 0;
	}
	err = hyper_lockprof(NULL, 0, &n, &ns);
	if (err)
		return error_set(error, err, "lockprof: the hypervisor does not tell: %s",
				 strerror(-err));
	room = n + SPARE;
	locks = calloc(room, sizeof(*locks));
	if (!locks)
		return error_set(error, -ENOMEM, "lockprof: no memory for %u locks", n);
	err = hyper_lockprof(locks, room, &n, &ns);
	if (!err)
		print_all(locks, n < room ? n : room, ns);
	free(locks);
	return err ? error_set(error, err, "lockprof: %s", strerror(-err)) : 0;
}
