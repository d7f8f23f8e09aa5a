/* SPDX-License-Identifier: MIT */
/* A domain's configuration: the keys, what their values mean, what they are without one. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "dom0/config_items.h"
#include "lib/types.h"

#define MEMORY_DEFAULT 32         /* MiB; libxl's */
#define MEMORY_MAX     (1u << 24) /* MiB */
#define VCPUS_MAX      32         /* those that shared_info has room for */

int reader_error(struct reader *r, unsigned int line, const char *fmt, ...)
{
	char text[160];
	va_list args;

	va_start(args, fmt);
	str_vformat(text, sizeof(text), fmt, args);
	va_end(args);
	return error_set(r->error, -EINVAL, "%s:%u: %s", r->file, line, text);
}

void reader_notice(struct reader *r, unsigned int line, const char *fmt, ...)
{
	char text[160], whole[200];
	va_list args;

	if (!r->notice)
		return;
	va_start(args, fmt);
	str_vformat(text, sizeof(text), fmt, args);
	va_end(args);
	str_format(whole, sizeof(whole), "%s:%u: %s", r->file, line, text);
	r->notice(whole);
}

int reader_copy(struct reader *r, unsigned int line, const char *what, char *out, size_t size,
		const char *text, size_t len)
{
	if (len >= size)
		return reader_error(r, line, "%s: longer than %zu characters: shorten it", what,
				    size - 1);
	memcpy(out, text, len);
	out[len] = 0;
	return 0;
}

const char *next_part(const char **at, char between, size_t *len)
{
	const char *part = *at, *end;

	if (!part)
		return NULL;
	end = strchr(part, between);
	*at = end ? end + 1 : NULL;
	if (!end)
		end = part + strlen(part);
	while (part < end && (*part == ' ' || *part == '\t'))
		part++;
	while (end > part && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	*len = end - part;
	return part;
}

bool part_is(const char *part, size_t len, const char *word)
{
	for (size_t i = 0; i < len; i++) {
		char c = part[i] >= 'A' && part[i] <= 'Z' ? part[i] | 0x20 : part[i];

		if (c != word[i]) /* also at the word's end */
			return false;
	}
	return !word[len];
}

/* --- Values of the simple kinds -------------------------------------------------------------- */

/* The text of a string or number; NULL after an error. */
static const char *text_of(struct reader *r, const struct setting *s)
{
	if (!s->value->is_list)
		return s->value->text;
	reader_error(r, s->line, "%s: a string is wanted, not a list", s->key);
	return NULL;
}

static int number_of(struct reader *r, const struct setting *s, unsigned long min,
		     unsigned long max, uint32_t *number)
{
	const char *text = text_of(r, s);
	char *end;
	unsigned long n;

	if (!text)
		return -EINVAL;
	n = strtoul(text, &end, 0);
	if (end == text || *end || *text == '-' || *text == '+' || *text == ' ')
		return reader_error(r, s->line, "%s: \"%.40s\" is no number", s->key, text);
	if (n < min || n > max)
		return reader_error(r, s->line, "%s: %.20s is out of range: %lu to %lu", s->key,
				    text, min, max);
	*number = n;
	return 0;
}

static int set_text(struct reader *r, const struct setting *s, char *out, size_t size)
{
	const char *text = text_of(r, s);

	if (!text)
		return -EINVAL;
	return reader_copy(r, s->line, s->key, out, size, text, strlen(text));
}

/* --- The keys -------------------------------------------------------------------------------- */

static int set_name(struct reader *r, const struct setting *s)
{
	const char *name = r->config->name;
	bool digits = true;

	if (set_text(r, s, r->config->name, sizeof(r->config->name)))
		return -EINVAL;
	for (const char *c = name; *c; c++) {
		if (*c <= ' ' || *c > '~' || strchr("/\"'\\<>&", *c))
			return reader_error(r, s->line, "name: use letters, digits and . - _ only");
		digits &= *c >= '0' && *c <= '9';
	}
	if (digits)
		return reader_error(r, s->line,
				    "name: \"%s\" would be taken for a domain's "
				    "number: add a letter",
				    name);
	return 0;
}

static int set_kernel(struct reader *r, const struct setting *s)
{
	return set_text(r, s, r->config->kernel, sizeof(r->config->kernel));
}

static int set_ramdisk(struct reader *r, const struct setting *s)
{
	return set_text(r, s, r->config->ramdisk, sizeof(r->config->ramdisk));
}

static int set_memory(struct reader *r, const struct setting *s)
{
	return number_of(r, s, 1, MEMORY_MAX, &r->config->memory_mib);
}

static int set_maxmem(struct reader *r, const struct setting *s)
{
	return number_of(r, s, 1, MEMORY_MAX, &r->config->maxmem_mib);
}

static int set_vcpus(struct reader *r, const struct setting *s)
{
	return number_of(r, s, 1, VCPUS_MAX, &r->config->vcpus);
}

static int set_maxvcpus(struct reader *r, const struct setting *s)
{
	return number_of(r, s, 1, VCPUS_MAX, &r->config->maxvcpus);
}

static int set_uuid(struct reader *r, const struct setting *s)
{
	const char *text = text_of(r, s);
	unsigned int digits = 0;

	if (!text)
		return -EINVAL;
	for (; *text; text++) {
		char c = *text | 0x20;
		unsigned int value;

		if (*text == '-')
			continue;
		if (*text >= '0' && *text <= '9')
			value = *text - '0';
		else if (c >= 'a' && c <= 'f')
			value = c - 'a' + 10;
		else
			break;
		if (digits == 32)
			break;
		r->config->uuid[digits / 2] = r->config->uuid[digits / 2] << 4 | value;
		digits++;
	}
	if (*text || digits != 32)
		return reader_error(r, s->line,
				    "uuid: write 32 hexadecimal digits as in "
				    "\"6a1f9e70-2f0c-4c5e-9a3b-0123456789ab\"");
	r->config->has_uuid = true;
	return 0;
}

static int set_type(struct reader *r, const struct setting *s)
{
	const char *text = text_of(r, s);

	if (!text)
		return -EINVAL;
	/* builder= is how type= was spelled before. */
	if (!strcmp(text, "pv") ||
	    (*s->key == 'b' && (!strcmp(text, "linux") || !strcmp(text, "generic"))))
		return 0;
	return reader_error(r, s->line, "%s: \"%.20s\" guests are not supported: use type = \"pv\"",
			    s->key, text);
}

static int set_action(struct reader *r, const struct setting *s, enum config_action *action)
{
	static const char *const names[] = {
		[CONFIG_DESTROY] = "destroy",
		[CONFIG_RESTART] = "restart",
		[CONFIG_PRESERVE] = "preserve",
	};
	const char *text = text_of(r, s);

	if (!text)
		return -EINVAL;
	for (unsigned int i = 0; i < ARRAY_SIZE(names); i++) {
		if (!strcmp(names[i], text)) {
			*action = i;
			return 0;
		}
	}
	return reader_error(r, s->line,
			    "%s: \"%.20s\" is not supported: use destroy, restart or "
			    "preserve",
			    s->key, text);
}

static int set_on_poweroff(struct reader *r, const struct setting *s)
{
	return set_action(r, s, &r->config->on_poweroff);
}

static int set_on_reboot(struct reader *r, const struct setting *s)
{
	return set_action(r, s, &r->config->on_reboot);
}

static int set_on_crash(struct reader *r, const struct setting *s)
{
	return set_action(r, s, &r->config->on_crash);
}

static int set_on_watchdog(struct reader *r, const struct setting *s)
{
	return set_action(r, s, &r->config->on_watchdog);
}

static int each_item(struct reader *r, const struct setting *s,
		     int (*read)(struct reader *, const struct value *))
{
	if (!s->value->is_list)
		return reader_error(r, s->line, "%s: a list is wanted: %s = [ \"...\" ]", s->key,
				    s->key);
	for (const struct value *item = s->value->items; item; item = item->next) {
		int rc = item->is_list ? reader_error(r, item->line,
						      "%s: strings are wanted, not "
						      "lists within the list",
						      s->key)
				       : read(r, item);

		if (rc)
			return rc;
	}
	return 0;
}

static int set_vif(struct reader *r, const struct setting *s)
{
	return each_item(r, s, read_vif);
}

static int set_disk(struct reader *r, const struct setting *s)
{
	return each_item(r, s, read_disk);
}

/* root=, extra= and cmdline= make one command line together: see join_cmdline. */
static int set_cmdline_part(struct reader *r, const struct setting *s)
{
	return text_of(r, s) ? 0 : -EINVAL;
}

/* Known to xl, of no consequence here: a hint for its scheduler, its memory, its devices' names. */
static int set_nothing(struct reader *r, const struct setting *s)
{
	reader_notice(r, s->line, "%s: has no effect on this system", s->key);
	return 0;
}

/* Known to xl, and a domain that asks for it would not be what it expects. */
static int set_unsupported(struct reader *r, const struct setting *s)
{
	if (s->value->is_list && !s->value->items)
		return 0;
	return reader_error(r, s->line, "%s: not supported on this system: remove it", s->key);
}

static const struct {
	const char *key;
	int (*set)(struct reader *r, const struct setting *s);
} keys[] = {
	{ "name", set_name },
	{ "kernel", set_kernel },
	{ "ramdisk", set_ramdisk },
	{ "memory", set_memory },
	{ "maxmem", set_maxmem },
	{ "vcpus", set_vcpus },
	{ "maxvcpus", set_maxvcpus },
	{ "cmdline", set_cmdline_part },
	{ "root", set_cmdline_part },
	{ "extra", set_cmdline_part },
	{ "vif", set_vif },
	{ "disk", set_disk },
	{ "uuid", set_uuid },
	{ "type", set_type },
	{ "builder", set_type },
	{ "on_poweroff", set_on_poweroff },
	{ "on_reboot", set_on_reboot },
	{ "on_crash", set_on_crash },
	{ "on_watchdog", set_on_watchdog },
	{ "on_soft_reset", set_nothing },
	{ "cap", set_nothing },
	{ "cpu_weight", set_nothing },
	{ "cpus", set_nothing },
	{ "cpus_soft", set_nothing },
	{ "pool", set_nothing },
	{ "claim_mode", set_nothing },
	{ "localtime", set_nothing },
	{ "rtc_timeoffset", set_nothing },
	{ "nomigrate", set_nothing },
	{ "seclabel", set_nothing },
	{ "init_seclabel", set_nothing },
	{ "event_channels", set_nothing },
	{ "max_grant_frames", set_nothing },
	{ "max_maptrack_frames", set_nothing },
	{ "max_grant_version", set_nothing },
	{ "device_model_version", set_nothing },
	{ "tsc_mode", set_nothing },
	{ "bootloader", set_unsupported },
	{ "bootloader_args", set_unsupported },
	{ "driver_domain", set_unsupported },
	{ "pci", set_unsupported },
	{ "usbdev", set_unsupported },
	{ "usbctrl", set_unsupported },
	{ "vfb", set_unsupported },
	{ "vtpm", set_unsupported },
	{ "vscsi", set_unsupported },
	{ "p9", set_unsupported },
	{ "channel", set_unsupported },
	{ "vnuma", set_unsupported },
	{ "irqs", set_unsupported },
	{ "ioports", set_unsupported },
	{ "iomem", set_unsupported },
};

/* How many single changes make one word of the other; large for long words. */
static unsigned int distance(const char *a, const char *b)
{
	size_t a_len = strlen(a), b_len = strlen(b);
	unsigned int row[24];

	if (b_len >= ARRAY_SIZE(row))
		return 99;
	for (size_t j = 0; j <= b_len; j++)
		row[j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		unsigned int corner = row[0];

		row[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			unsigned int above = row[j], best = corner + (a[i - 1] != b[j - 1]);

			best = MIN(best, above + 1);
			row[j] = MIN(best, row[j - 1] + 1);
			corner = above;
		}
	}
	return row[b_len];
}

static int unknown_key(struct reader *r, const struct setting *s)
{
	unsigned int nearest = 3;
	const char *guess = NULL;

	for (unsigned int i = 0; i < ARRAY_SIZE(keys); i++) {
		unsigned int far = distance(s->key, keys[i].key);

		if (far < nearest) {
			nearest = far;
			guess = keys[i].key;
		}
	}
	if (guess)
		return reader_error(r, s->line, "unknown key %s: did you mean %s?", s->key, guess);
	return reader_error(r, s->line, "unknown key %s: remove it or correct its spelling",
			    s->key);
}

static int read_setting(struct reader *r, const struct setting *s)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(keys); i++) {
		if (!strcmp(keys[i].key, s->key))
			return keys[i].set(r, s);
	}
	return unknown_key(r, s);
}

/* --- What concerns several keys -------------------------------------------------------------- */

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
		return set_text(r, cmdline, config->cmdline, sizeof(config->cmdline));
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
	return join_cmdline(r, settings);
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
