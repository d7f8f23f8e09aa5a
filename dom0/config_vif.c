/* SPDX-License-Identifier: MIT */
/* One network interface of a configuration: "mac=00:16:3e:01:02:03,bridge=xenbr0". */
#include <string.h>

#include "dom0/config_items.h"

/*
 * What else xl knows (script=, ip=, vifname=...) is for its hotplug scripts, which do not exist
 * here: the bridge connects an interface by itself. Such parameters give a notice.
 */

static bool parse_mac(const char *text, size_t len, uint8_t mac[6])
{
	if (len != 17)
		return false;
	for (unsigned int i = 0; i < 17; i++) {
		char c = text[i] | 0x20;
		unsigned int digit;

		if (i % 3 == 2) {
			if (text[i] != ':')
				return false;
			continue;
		}
		if (text[i] >= '0' && text[i] <= '9')
			digit = text[i] - '0';
		else if (c >= 'a' && c <= 'f')
			digit = c - 'a' + 10;
		else
			return false;
		mac[i / 3] = mac[i / 3] << 4 | digit;
	}
	return true;
}

static int set_mac(struct reader *r, const struct value *item, struct config_vif *vif,
		   const char *text, size_t len)
{
	if (!parse_mac(text, len, vif->mac))
		return reader_error(r, item->line,
				    "vif: \"%.*s\" is no MAC address: write it as "
				    "00:16:3e:01:02:03",
				    (int)(len < 40 ? len : 40), text);
	if (vif->mac[0] & 1)
		return reader_error(r, item->line,
				    "vif: %.17s is a group's address: its first "
				    "byte must be even",
				    text);
	vif->has_mac = true;
	for (unsigned int i = 0; i < r->config->vif_count; i++) {
		const struct config_vif *other = &r->config->vif[i];

		if (other->has_mac && !memcmp(other->mac, vif->mac, sizeof(vif->mac)))
			return reader_error(r, item->line,
					    "vif: two interfaces with the address "
					    "%.17s",
					    text);
	}
	return 0;
}

static int set_field(struct reader *r, const struct value *item, struct config_vif *vif,
		     const char *key, size_t key_len, const char *text, size_t len)
{
	static const char *const idle[] = { "script", "ip",    "vifname", "rate", "gatewaydev",
					    "model",  "devid", "trusted", NULL };

	if (part_is(key, key_len, "mac"))
		return set_mac(r, item, vif, text, len);
	if (part_is(key, key_len, "bridge"))
		return reader_copy(r, item->line, "vif: bridge", vif->bridge, sizeof(vif->bridge),
				   text, len);
	if (part_is(key, key_len, "type")) {
		if (part_is(text, len, "vif") || part_is(text, len, "netfront"))
			return 0;
		return reader_error(r, item->line, "vif: only type=vif is supported");
	}
	if (part_is(key, key_len, "backend")) {
		if (part_is(text, len, "0") || part_is(text, len, "domain-0"))
			return 0;
		return reader_error(r, item->line, "vif: only backend=0 is supported");
	}
	for (unsigned int i = 0; idle[i]; i++) {
		if (part_is(key, key_len, idle[i])) {
			reader_notice(r, item->line, "vif: %s= has no effect on this system",
				      idle[i]);
			return 0;
		}
	}
	return reader_error(r, item->line,
			    "vif: unknown parameter \"%.*s\": known are mac=, "
			    "bridge=",
			    (int)(key_len < 40 ? key_len : 40), key);
}

int read_vif(struct reader *r, const struct value *item)
{
	struct config_vif vif = { .bridge = "xenbr0" };
	const char *at = item->text, *part;
	size_t len;

	if (r->config->vif_count == CONFIG_VIFS_MAX)
		return reader_error(r, item->line, "vif: more than %d interfaces", CONFIG_VIFS_MAX);
	while ((part = next_part(&at, ',', &len))) {
		const char *equals = memchr(part, '=', len);
		int rc;

		if (!len)
			continue;
		if (!equals)
			return reader_error(r, item->line,
					    "vif: \"%.*s\" is no parameter: write "
					    "name=value",
					    (int)(len < 40 ? len : 40), part);
		rc = set_field(r, item, &vif, part, equals - part, equals + 1,
			       part + len - equals - 1);
		if (rc)
			return rc;
	}
	r->config->vif[r->config->vif_count++] = vif;
	return 0;
}
