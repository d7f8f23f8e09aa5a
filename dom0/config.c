/* SPDX-License-Identifier: MIT */
/* A domain's configuration: from the file's text to the whole, with what it leaves unsaid. */
#include <string.h>

#include "dom0/config_items.h"

/*
 * Three steps, each in its own file: the syntax makes a list of assignments (syntax.c), the keys
 * give each its type and range (config_keys.c, config_vif.c, config_disk.c), and here what concerns
 * several of them together is settled. The first mistake ends it, and is told with its line.
 */

#define MEMORY_DEFAULT 32 /* MiB, where neither memory= nor maxmem= is given; libxl's */

static const struct setting *find(const struct setting *settings, const char *key)
{
	while (settings && strcmp(settings->key, key))
		settings = settings->next;
	return settings;
}

/* As xl: cmdline= is all of it; else "root=ROOT EXTRA". */
static int join_cmdline(struct reader *r, const struct setting *settings)
{
	const struct setting *cmdline = find(settings, "cmdline"), *root = find(settings, "root");
	const struct setting *extra = find(settings, "extra"), *last;
	struct domain_config *config = r->config;
	size_t len;

	last = cmdline ? cmdline : extra ? extra : root;
	if (cmdline && (root || extra))
		reader_notice(r, cmdline->line, "cmdline: root= and extra= are ignored beside it");
	if (cmdline)
		return reader_copy(r, cmdline->line, "cmdline", config->cmdline,
				   sizeof(config->cmdline), cmdline->value->text,
				   strlen(cmdline->value->text));
	len = str_format(config->cmdline, sizeof(config->cmdline), "%s%s%s%s", root ? "root=" : "",
			 root ? root->value->text : "", root && extra ? " " : "",
			 extra ? extra->value->text : "");
	if (len >= sizeof(config->cmdline))
		return reader_error(r, last->line,
				    "%s: the command line is longer than %zu "
				    "characters: shorten it",
				    last->key, sizeof(config->cmdline) - 1);
	return 0;
}

/* What must be there, what is usual where nothing was said, and what contradicts each other. */
static int complete(struct reader *r, const struct setting *settings)
{
	struct domain_config *config = r->config;
	const struct setting *maxmem = find(settings, "maxmem");
	const struct setting *maxvcpus = find(settings, "maxvcpus");

	if (!*config->name)
		return reader_error(r, 1, "no name: write name = \"...\"");
	if (!*config->kernel)
		return reader_error(r, 1, "no kernel: write kernel = \"/images/...\"");
	if (!config->memory_mib)
		config->memory_mib = config->maxmem_mib ? config->maxmem_mib : MEMORY_DEFAULT;
	if (!config->maxmem_mib)
		config->maxmem_mib = config->memory_mib;
	if (config->maxmem_mib < config->memory_mib)
		return reader_error(r, maxmem->line, "maxmem: %u is below memory, which is %u",
				    config->maxmem_mib, config->memory_mib);
	if (!config->vcpus)
		config->vcpus = 1;
	if (!config->maxvcpus)
		config->maxvcpus = config->vcpus;
	if (config->maxvcpus < config->vcpus)
		return reader_error(r, maxvcpus->line, "maxvcpus: %u is below vcpus, which is %u",
				    config->maxvcpus, config->vcpus);
	return check_sched(r) ? -EINVAL : join_cmdline(r, settings);
}

int config_parse(struct domain_config *config, const char *text, size_t len, const char *file,
		 void (*notice)(const char *line), struct error *error)
{
	struct reader r = { config, file, notice, error };
	struct setting *settings;
	int rc = syntax_parse(text, len, file, &settings, error);

	if (rc)
		return rc;
	*config = (struct domain_config){
		.on_poweroff = CONFIG_DESTROY,
		.on_reboot = CONFIG_RESTART,
		.on_crash = CONFIG_DESTROY,
		.on_watchdog = CONFIG_DESTROY,
	};
	for (const struct setting *s = settings; s && !rc; s = s->next)
		rc = read_setting(&r, s);
	if (!rc)
		rc = complete(&r, settings);
	syntax_free(settings);
	return rc;
}
