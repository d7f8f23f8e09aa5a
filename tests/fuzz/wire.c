/* SPDX-License-Identifier: MIT */
/* Any bytes as payloads, numbers, paths, permissions and tokens of the store's wire format. */
// uses: xenstore/wire.c xenstore/path.c xenstore/perms.c lib/format.c

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "xenstore/path.h"
#include "xenstore/perms.h"
#include "xenstore/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *payload = (const char *)data, *strings[4], *rest;
	static char out[PATH_ROOM];
	unsigned int count;
	uint64_t number;
	size_t left;

	count = wire_strings(payload, size, strings, 4, &rest, &left);
	assert(rest + left == payload + size && count <= 4);
	wire_string(payload, size);
	wire_error_number(payload, size);
	for (unsigned int i = 0; i < count; i++) {
		char text[XS_PERM_STRLEN];
		struct xs_perm perm;

		if (perm_parse(strings[i], &perm)) {
			struct xs_perm again;

			perm_format(text, perm);
			assert(perm_parse(text, &again) && again.domid == perm.domid);
		}
		if (wire_number(strings[i], 65535, &number))
			assert(number <= 65535);
		if (!store_path_resolve(out, 65535, strings[i])) {
			const char *at = out, *name;
			size_t len, total = 0;

			while ((name = store_path_component(&at, &len)))
				total += 1 + len;
			assert(strlen(out) == (total ? total : 1));
			assert(store_path_is_below(out, out) && store_path_is_below(out, "/"));
		}
	}
	return 0;
}
