/* SPDX-License-Identifier: MIT */
/* One disk of a configuration, in xl-disk-configuration(5)'s positional and named forms. */
#include <string.h>

#include "dom0/config_items.h"
#include "lib/types.h"

/*
 * Both forms may be mixed: parts without "=" are, in order, target, format, vdev and access; a part
 * with one of the names sets that; "target=" takes the rest of the text, commas included. The older
 * form has a prefix at the target ("phy:/dev/vda,xvda,r"), which stands for the format.
 */
struct parts {
	const char *text[4];
	size_t len[4];
	bool legacy;
};

enum { TARGET, FORMAT, VDEV, ACCESS };

static const char *const part_names[] = { "target", "format", "vdev", "access" };

/* Cut a prefix of the older form off the target. */
static int cut_prefix(struct reader *r, const struct value *item, struct parts *parts)
{
	static const char *const known[] = {
		"phy:", "file:", "raw:", "aio:", "tap:", "tap2:", NULL
	};
	static const char *const foreign[] = { "qcow:", "qcow2:", "vhd:", "qed:", NULL };

	for (unsigned int i = 0; foreign[i]; i++) {
		if (!strncmp(parts->text[TARGET], foreign[i], strlen(foreign[i])))
			return reader_error(r, item->line,
					    "disk: format %s is not supported: use "
					    "a raw disk",
					    foreign[i]);
	}
	for (unsigned int i = 0; known[i]; i++) {
		size_t len = strlen(known[i]);

		if (strncmp(parts->text[TARGET], known[i], len))
			continue;
		parts->text[TARGET] += len;
		parts->len[TARGET] -= len;
		parts->legacy = true;
		i = -1; /* "tap:aio:" has two */
	}
	return 0;
}

/* A part without a name. Empty ones leave what is usual. */
static int set_positional(struct reader *r, const struct value *item, struct parts *parts,
			  unsigned int *place, const char *part, size_t len)
{
	if (*place == FORMAT && parts->legacy)
		*place = VDEV;
	if (*place > ACCESS)
		return reader_error(r, item->line,
				    "disk: \"%.*s\" is one part too many: write "
				    "target, format, vdev, access",
				    (int)MIN(len, (size_t)40), part);
	parts->text[*place] = part;
	parts->len[*place] = len;
	if ((*place)++ == TARGET)
		return cut_prefix(r, item, parts);
	return 0;
}

static int set_named(struct reader *r, const struct value *item, struct parts *parts,
		     const char *key, size_t key_len, const char *text, size_t len)
{
	static const char *const idle[] = { "backendtype", "script", NULL };

	for (unsigned int i = 0; i < ARRAY_SIZE(part_names); i++) {
		if (part_is(key, key_len, part_names[i])) {
			parts->text[i] = text;
			parts->len[i] = len;
			return 0;
		}
	}
	for (unsigned int i = 0; idle[i]; i++) {
		if (part_is(key, key_len, idle[i])) {
			reader_notice(r, item->line, "disk: %s= has no effect on this system",
				      idle[i]);
			return 0;
		}
	}
	if (part_is(key, key_len, "backend") &&
	    (part_is(text, len, "0") || part_is(text, len, "domain-0")))
		return 0;
	if (part_is(key, key_len, "devtype") && part_is(text, len, "disk"))
		return 0;
	return reader_error(r, item->line,
			    "disk: %.*s= is not supported: known are target=, "
			    "format=, vdev=, access=",
			    (int)MIN(key_len, (size_t)40), key);
}

/* Words without a value that xl knows. */
static bool is_flag(const char *part, size_t len)
{
	static const char *const flags[] = { "discard", "no-discard", "direct-io-safe" };

	for (unsigned int i = 0; i < ARRAY_SIZE(flags); i++) {
		if (part_is(part, len, flags[i]))
			return true;
	}
	return false;
}

static int split(struct reader *r, const struct value *item, struct parts *parts)
{
	const char *at = item->text, *part;
	unsigned int place = TARGET;
	size_t len;

	while ((part = next_part(&at, ',', &len))) {
		const char *equals = memchr(part, '=', len);
		int rc;

		if (is_flag(part, len)) {
			reader_notice(r, item->line, "disk: %.*s has no effect on this system",
				      (int)len, part);
			continue;
		}
		if (!equals || memchr(part, '/', equals - part)) {
			rc = set_positional(r, item, parts, &place, part, len);
		} else if (part_is(part, equals - part, "target")) {
			parts->text[TARGET] = equals + 1;
			parts->len[TARGET] = strlen(equals + 1);
			return 0;
		} else {
			rc = set_named(r, item, parts, part, equals - part, equals + 1,
				       part + len - equals - 1);
		}
		if (rc)
			return rc;
	}
	return 0;
}

/* The letters of a disk's name ("b", "aa") as a number from 0; -1 if there are none. */
static int parse_letters(const char **at)
{
	int disk = 0;

	if (**at < 'a' || **at > 'z')
		return -1;
	for (; **at >= 'a' && **at <= 'z' && disk < 1 << 20; (*at)++)
		disk = disk * 26 + (**at - 'a') + 1;
	return disk - 1;
}

/* The partition that follows, 0 for none; -1 if it is no number. */
static int parse_partition(const char *at)
{
	int partition = 0;

	if (*at == '0')
		return -1;
	for (; *at >= '0' && *at <= '9' && partition < 1 << 10; at++)
		partition = partition * 10 + (*at - '0');
	return *at ? -1 : partition;
}

/*
 * A name to the number that frontends know it by (Xen's docs/misc/vbd-interface); 0 if it has none.
 * xvd: 202 << 8 | disk << 4 | partition, or with more than 16 of either 1 << 28 | disk << 8 |
 * partition; sd: major 8, 16 partitions; hd: majors 3 and 22, two disks of 64 partitions each.
 */
static uint32_t vdev_number(const char *vdev)
{
	const char *at = vdev;
	int disk, partition;

	at += !strncmp(vdev, "xvd", 3) ? 3 : 2;
	disk = parse_letters(&at);
	partition = parse_partition(at);
	if (disk < 0 || partition < 0)
		return 0;
	if (!strncmp(vdev, "xvd", 3)) {
		if (disk < 16 && partition < 16)
			return 202u << 8 | disk << 4 | partition;
		return disk < 1 << 20 && partition < 256 ? 1u << 28 | disk << 8 | partition : 0;
	}
	if (!strncmp(vdev, "sd", 2))
		return disk < 16 && partition < 16 ? 8u << 8 | disk << 4 | partition : 0;
	if (!strncmp(vdev, "hd", 2) && disk < 4 && partition < 64)
		return (disk < 2 ? 3u : 22u) << 8 | (disk & 1) << 6 | partition;
	return 0;
}

static int set_vdev(struct reader *r, const struct value *item, const struct parts *parts,
		    struct config_disk *disk)
{
	size_t len = parts->len[VDEV];

	if (!len)
		return reader_error(r, item->line,
				    "disk: no vdev: say as what the guest sees it, "
				    "as in vdev=xvda");
	if (reader_copy(r, item->line, "disk: vdev", disk->vdev, sizeof(disk->vdev),
			parts->text[VDEV], len))
		return -EINVAL;
	disk->number = vdev_number(disk->vdev);
	if (!disk->number)
		return reader_error(r, item->line,
				    "disk: \"%s\" is no vdev: write xvda, xvdb ... "
				    "(also hda, sda)",
				    disk->vdev);
	for (unsigned int i = 0; i < r->config->disk_count; i++) {
		if (r->config->disk[i].number == disk->number)
			return reader_error(r, item->line, "disk: two disks as %s", disk->vdev);
	}
	return 0;
}

static int set_access(struct reader *r, const struct value *item, const struct parts *parts,
		      struct config_disk *disk)
{
	const char *text = parts->text[ACCESS];
	size_t len = parts->len[ACCESS];

	disk->readonly = part_is(text, len, "r") || part_is(text, len, "ro");
	if (!len || disk->readonly || part_is(text, len, "w") || part_is(text, len, "rw"))
		return 0;
	return reader_error(r, item->line, "disk: access \"%.*s\" is neither ro nor rw",
			    (int)MIN(len, (size_t)20), text);
}

int read_disk(struct reader *r, const struct value *item)
{
	struct parts parts = { .text = { "", "", "", "" } };
	struct config_disk disk = { 0 };

	if (r->config->disk_count == CONFIG_DISKS_MAX)
		return reader_error(r, item->line, "disk: more than %d disks", CONFIG_DISKS_MAX);
	if (split(r, item, &parts))
		return -EINVAL;
	if (!parts.len[TARGET])
		return reader_error(r, item->line,
				    "disk: no target: name the disk, as in "
				    "target=/dev/vda");
	if (parts.len[FORMAT] && !part_is(parts.text[FORMAT], parts.len[FORMAT], "raw"))
		return reader_error(r, item->line,
				    "disk: format %.*s is not supported: use "
				    "format=raw",
				    (int)MIN(parts.len[FORMAT], (size_t)20), parts.text[FORMAT]);
	if (reader_copy(r, item->line, "disk: target", disk.target, sizeof(disk.target),
			parts.text[TARGET], parts.len[TARGET]) ||
	    set_vdev(r, item, &parts, &disk) || set_access(r, item, &parts, &disk))
		return -EINVAL;
	r->config->disk[r->config->disk_count++] = disk;
	return 0;
}
