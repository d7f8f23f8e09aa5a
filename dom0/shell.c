/* SPDX-License-Identifier: MIT */
/* The shell on dom0's console: splits a line into words and calls the verb. The verbs are xl's. */
#include "dom0/shell.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dom0/consoled.h"
#include "dom0/debug.h"
#include "dom0/cpupool.h"
#include "dom0/domain.h"
#include "dom0/hyper.h"
#include "dom0/perf.h"
#include "dom0/ramdisk.h"
#include "dom0/sched.h"
#include "guest/console.h"
#include "guest/evtchn.h"
#include "guest/page.h"
#include "guest/shutdown.h"
#include "guest/thread.h"
#include "xenstore/client.h"

#include <xen/sched.h>

#define WORDS_MAX 16
#define PAGES_PER_MIB 256U
#define PORTS	      4096U /* of a two-level table */

/* --- Telling --------------------------------------------------------------------------------- */

static const char *state_text(const xen_domctl_getdomaininfo_t *info, char out[7])
{
	static const char letters[] = "rbpscd";
	const uint32_t bits[] = { XEN_DOMINF_running, XEN_DOMINF_blocked, XEN_DOMINF_paused,
				  XEN_DOMINF_shutdown, 0, XEN_DOMINF_dying };
	unsigned int code = info->flags >> XEN_DOMINF_shutdownshift & XEN_DOMINF_shutdownmask;

	for (unsigned int i = 0; i < 6; i++)
		out[i] = info->flags & bits[i] ? letters[i] : '-';
	if (info->flags & XEN_DOMINF_shutdown && code == SHUTDOWN_crash)
		out[4] = 'c';
	out[6] = 0;
	return out;
}

static int verb_list(char **words, unsigned int count, struct error *error)
{
	xen_domctl_getdomaininfo_t info;
	domid_t next = 0;
	char name[CONFIG_NAME_MAX], state[7];

	(void)words, (void)count, (void)error;
	printf("%-32s %5s %5s %5s %6s %10s\n", "Name", "ID", "Mem", "VCPUs", "State", "Time(s)");
	while (hyper_list(next, &info, 1) == 1) {
		domain_name(info.domain, name, sizeof(name));
		printf("%-32s %5u %5lu %5u %6s %8lu.%lu\n", name, info.domain,
		       (unsigned long)(info.tot_pages / PAGES_PER_MIB), info.nr_online_vcpus,
		       state_text(&info, state), (unsigned long)(info.cpu_time / NS_PER_S),
		       (unsigned long)(info.cpu_time % NS_PER_S / (100 * NS_PER_MS)));
		next = info.domain + 1;
	}
	return 0;
}

/* Nodes at and below a path of the store. */
static unsigned int count_nodes(const char *path)
{
	char child[256];
	char **names;
	int n = xs_directory(XS_NO_TX, path, NULL, &names);
	unsigned int count = 1;

	if (n < 0)
		return count;
	for (int i = 0; i < n; i++) {
		snprintf(child, sizeof(child), "%s/%s", strcmp(path, "/") ? path : "", names[i]);
		count += count_nodes(child);
	}
	free(names);
	return count;
}

/* What dom0 itself holds: numbers that stand still where nothing leaks. */
static void show_own(void)
{
	struct evtchn_status status;
	unsigned int ports = 0;

	for (evtchn_port_t port = 1; port < PORTS && !evtchn_status(port, &status); port++)
		ports += status.status != EVTCHNSTAT_closed;
	printf("event_channels         : %u\n", ports);
	printf("store_nodes            : %u\n", count_nodes("/"));
	printf("dom0_free_pages        : %lu\n", (unsigned long)page_free_count());
}

static int verb_info(char **words, unsigned int count, struct error *error)
{
	struct xen_sysctl_physinfo physinfo;
	struct ramdisk_file file;
	size_t position = 0;
	int err = hyper_physinfo(&physinfo);

	(void)words, (void)count;
	if (err)
		return error_set(error, err, "info: the hypervisor does not tell: %s",
				 strerror(-err));
	printf("nr_cpus                : %u\n", physinfo.nr_cpus);
	printf("cpu_mhz                : %u\n", physinfo.cpu_khz / 1000);
	printf("total_memory           : %lu\n",
	       (unsigned long)(physinfo.total_pages / PAGES_PER_MIB));
	printf("free_memory            : %lu\n",
	       (unsigned long)(physinfo.free_pages / PAGES_PER_MIB));
	printf("free_pages             : %lu\n", (unsigned long)physinfo.free_pages);
	printf("domains                : %u\n", domain_count());
	show_own();
	while (ramdisk_next(&position, &file))
		if (!strncmp(file.path, "etc/lamina/", 11))
			printf("configuration          : %s\n", file.path);
	return 0;
}

static int verb_dmesg(char **words, unsigned int count, struct error *error)
{
	static char log[32768];
	bool clear = count > 1 && !strcmp(words[1], "-c");
	int n = hyper_read_log(log, sizeof(log), clear);

	if (n < 0)
		return error_set(error, n, "dmesg: the hypervisor does not tell: %s", strerror(-n));
	console_write(log, (size_t)n);
	return 0;
}

/* --- Domains --------------------------------------------------------------------------------- */

static int verb_create(char **words, unsigned int count, struct error *error)
{
	bool paused = false, attach = false;
	const char *file = NULL;
	domid_t domid;
	int err;

	for (unsigned int i = 1; i < count; i++) {
		if (!strcmp(words[i], "-p"))
			paused = true;
		else if (!strcmp(words[i], "-c"))
			attach = true;
		else if (*words[i] != '-' && !file)
			file = words[i];
		else
			return error_set(error, -EINVAL,
					 "create: what is %s? usage: create [-p] [-c] FILE",
					 words[i]);
	}
	if (!file)
		return error_set(error, -EINVAL, "create: which? usage: create [-p] [-c] FILE");
	err = domain_create_file(file, paused, &domid, error);
	if (!err && attach)
		consoled_attach(domid);
	return err;
}

/* The verbs that take one domain and nothing else. */
static int one_domain(char **words, unsigned int count, domid_t *domid, struct error *error)
{
	if (count != 2)
		return error_set(error, -EINVAL, "%s: one domain, please: %s NAME or ID", words[0],
				 words[0]);
	return domain_find(words[1], domid, error);
}

static int verb_console(char **words, unsigned int count, struct error *error)
{
	domid_t domid;
	int err = one_domain(words, count, &domid, error);

	if (err)
		return err;
	printf("(Ctrl-] leaves the console)\n");
	if (!consoled_attach(domid))
		return error_set(error, -ENOENT, "%s: its console is gone", words[1]);
	printf("\n");
	return 0;
}

static int verb_pause(char **words, unsigned int count, struct error *error)
{
	domid_t domid;
	int err = one_domain(words, count, &domid, error);

	return err ? err : domain_pause(domid, true, error);
}

static int verb_unpause(char **words, unsigned int count, struct error *error)
{
	domid_t domid;
	int err = one_domain(words, count, &domid, error);

	return err ? err : domain_pause(domid, false, error);
}

static int verb_shutdown(char **words, unsigned int count, struct error *error)
{
	domid_t domid;
	int err = one_domain(words, count, &domid, error);

	return err ? err : domain_shutdown(domid, "poweroff", error);
}

static int verb_reboot(char **words, unsigned int count, struct error *error)
{
	domid_t domid;
	int err = one_domain(words, count, &domid, error);

	return err ? err : domain_shutdown(domid, "reboot", error);
}

static int verb_destroy(char **words, unsigned int count, struct error *error)
{
	domid_t domid;
	int err = one_domain(words, count, &domid, error);

	return err ? err : domain_destroy(domid, error);
}

/* A number of MiB, or with b, k, m, g behind it, as xl takes it. 0: it is none. */
static uint64_t parse_kib(const char *text)
{
	static const char units[] = "bkmg";
	char *end;
	uint64_t n = strtoull(text, &end, 10), kib;
	const char *unit = strchr(units, *end ? *end | 0x20 : 'm');

	if (end == text || *text == '-' || !unit || (*end && end[1]))
		return 0;
	if (unit == units)
		return n / 1024;
	kib = n << 10 * (unit - units - 1);
	return kib >> 10 * (unit - units - 1) == n ? kib : 0;
}

static int verb_mem_set(char **words, unsigned int count, struct error *error)
{
	uint64_t kib = count == 3 ? parse_kib(words[2]) : 0;
	domid_t domid;
	int err;

	if (!kib)
		return error_set(error, -EINVAL,
				 "mem-set: how much? usage: mem-set DOMAIN MIB (or 4096k, 1g)");
	err = domain_find(words[1], &domid, error);
	return err ? err : domain_set_memory(domid, kib, error);
}

static int verb_domid(char **words, unsigned int count, struct error *error)
{
	domid_t domid;
	int err = one_domain(words, count, &domid, error);

	if (!err)
		printf("%u\n", domid);
	return err;
}

static int verb_poweroff(char **words, unsigned int count, struct error *error)
{
	(void)words, (void)count, (void)error;
	shutdown_request(SHUTDOWN_poweroff);
	return 0;
}

static int verb_help(char **words, unsigned int count, struct error *error);

static const struct verb {
	const char *name;
	int (*fn)(char **words, unsigned int count, struct error *error);
	const char *help;
} verbs[] = {
	{ "create", verb_create,
	  "[-p] [-c] FILE  start the domain of a configuration (paused, with console)" },
	{ "list", verb_list, "all domains" },
	{ "console", verb_console, "DOMAIN  talk to it; Ctrl-] leaves" },
	{ "pause", verb_pause, "DOMAIN  stop its vcpus" },
	{ "unpause", verb_unpause, "DOMAIN  let them go on" },
	{ "shutdown", verb_shutdown, "DOMAIN  ask it to power off" },
	{ "reboot", verb_reboot, "DOMAIN  ask it to reboot" },
	{ "destroy", verb_destroy, "DOMAIN  end it at once" },
	{ "mem-set", verb_mem_set, "DOMAIN MIB  how much memory it shall have from now on" },
	{ "vcpu-list", verb_vcpu_list, "[DOMAIN]  where vcpus run, and where they may" },
	{ "vcpu-pin", verb_vcpu_pin,
	  "[-f] DOMAIN VCPU|all HARD [SOFT]  processors as in 0-3,^1; all; - for no change" },
	{ "vcpu-set", verb_vcpu_set, "DOMAIN COUNT  how many of its vcpus it shall use" },
	{ "sched-credit", verb_sched_credit,
	  "[-d DOMAIN [-w WEIGHT] [-c CAP]] | [-p POOL] [-t MS] [-r US] [-m US]  shares" },
	{ "sched-rtds", verb_sched_rtds,
	  "[-d DOMAIN [-v VCPU|all] [-p US] [-b US] [-e 0|1]]  periods and budgets" },
	{ "cpupool-list", verb_cpupool_list, "[-c]  CPU pools (and their processors)" },
	{ "cpupool-create", verb_cpupool_create, "name=NAME [sched=credit|rtds|null] [cpus=CPUS]" },
	{ "cpupool-destroy", verb_cpupool_destroy, "POOL  its processors are free then" },
	{ "cpupool-cpu-add", verb_cpupool_cpu_add, "POOL CPUS  of the free ones" },
	{ "cpupool-cpu-remove", verb_cpupool_cpu_remove, "POOL CPUS  they are free then" },
	{ "cpupool-migrate", verb_cpupool_migrate, "DOMAIN POOL  it runs there from now on" },
	{ "domid", verb_domid, "DOMAIN  its number" },
	{ "info", verb_info, "the machine, and the configurations in dom0's ramdisk" },
	{ "perf", perf_verb,
	  "DOMAIN  its hypercalls; on, off: take their times; reset: count from 0" },
	{ "dmesg", verb_dmesg, "[-c]  the hypervisor's log (and clear it)" },
	{ "debug-keys", verb_debug_keys, "KEYS  as if typed to the hypervisor; dmesg has more" },
	{ "lockprof", verb_lockprof, "[-r]  what locks are waited for (count anew)" },
	{ "poweroff", verb_poweroff, "end the machine" },
	{ "help", verb_help, "this list" },
};

static int verb_help(char **words, unsigned int count, struct error *error)
{
	(void)words, (void)count, (void)error;
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		printf("%-18s %s\n", verbs[i].name, verbs[i].help);
	return 0;
}

/* --- Lines ----------------------------------------------------------------------------------- */

static unsigned int split(char *line, char **words)
{
	unsigned int count = 0;
	char *save = NULL;

	for (char *w = strtok_r(line, " \t\r\n", &save); w && count < WORDS_MAX;
	     w = strtok_r(NULL, " \t\r\n", &save))
		words[count++] = w;
	return count;
}

int shell_line(char *line)
{
	char *words[WORDS_MAX];
	unsigned int count = split(line, words), first = 0;
	struct error error = { 0 };
	int err = 0;

	if (count && !strcmp(words[0], "xl"))
		first = 1; /* the habit of the fingers */
	if (count == first)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
		if (strcmp(words[first], verbs[i].name))
			continue;
		err = verbs[i].fn(words + first, count - first, &error);
		if (err)
			printf("%s\n", error.text);
		return err;
	}
	printf("%s: no such verb; `help` lists them\n", words[first]);
	return -EINVAL;
}

void shell_run(void)
{
	char line[256];

	for (;;) {
		printf("dom0> ");
		fflush(stdout);
		if (!fgets(line, sizeof(line), stdin)) {
			/* No console to read from (or ^D): serve on. */
			clearerr(stdin);
			thread_sleep(NS_PER_S);
			continue;
		}
		shell_line(line);
		fflush(stdout);
	}
}
