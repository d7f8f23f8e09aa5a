/* SPDX-License-Identifier: MIT */
/* The keys of a domain's configuration, and what their values mean. */
#include <stdlib.h>
#include <string.h>

#include "dom0/config_items.h"
#include "lib/types.h"

/*
 * Every key that xl knows is in the table below, so that a file written for it either works here
 * or says why not. There are three kinds: those that mean here what they mean there; those without
 * effect, which give a notice (a clock's offset, the names of hotplug scripts: the domain runs
 * the same without them); and those that the domain could not do without (a disk from a boot
 * loader, a passed-through device), which are errors. Anything else is a mistake in spelling.
 */

#define MEMORY_MAX (1u << 24) /* MiB */

/* --- Values of the simple kinds -------------------------------------------------------------- */

/* The text of a string or number; NULL after an error. */
static const char *text_of(struct reader *r, const struct setting *s)
{
	if (!s->value->is_list)
		return s->value->text;
	reader_error(r, s->line, "%s: a string is wanted, not a list", s->key);
	return NULL;
}

int reader_number(struct reader *r, const struct setting *s, unsigned long min, unsigned long max,
		  uint32_t *number)
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
	return reader_number(r, s, 1, MEMORY_MAX, &r->config->memory_mib);
}

static int set_maxmem(struct reader *r, const struct setting *s)
{
	return reader_number(r, s, 1, MEMORY_MAX, &r->config->maxmem_mib);
}

static int set_pool(struct reader *r, const struct setting *s)
{
	return set_text(r, s, r->config->sched.pool, sizeof(r->config->sched.pool));
}

static int set_vcpus(struct reader *r, const struct setting *s)
{
	return reader_number(r, s, 1, CONFIG_VCPUS_MAX, &r->config->vcpus);
}

static int set_maxvcpus(struct reader *r, const struct setting *s)
{
	return reader_number(r, s, 1, CONFIG_VCPUS_MAX, &r->config->maxvcpus);
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

/* Known to xl, of no consequence here: a hint for its memory, its devices' names. */
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
	{ "cpu_weight", set_cpu_weight },
	{ "cap", set_cap },
	{ "period", set_period },
	{ "budget", set_budget },
	{ "extratime", set_extratime },
	{ "cpus", set_cpus },
	{ "cpus_soft", set_cpus_soft },
	{ "pool", set_pool },
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

int read_setting(struct reader *r, const struct setting *s)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(keys); i++) {
		if (!strcmp(keys[i].key, s->key))
			return keys[i].set(r, s);
	}
	return unknown_key(r, s);
}
