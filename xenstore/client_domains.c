/* SPDX-License-Identifier: MIT */
/* The store client's requests for a toolstack: introducing domains, control of the daemon. */
#include <stdlib.h>
#include <string.h>

#include "guest/types.h"
#include "lib/format.h"
#include "xenstore/client_core.h"

/* A request of numbers, each a string. Returns the length of the answer, or -errno. */
static int numbers_request(uint32_t type, const unsigned long *numbers, unsigned int count,
			   char **answer)
{
	char text[3 * WIRE_NUMBER_ROOM];
	struct piece piece = { text, 0 };

	for (unsigned int i = 0; i < count; i++)
		piece.len +=
			str_format(text + piece.len, sizeof(text) - piece.len, "%lu", numbers[i]) +
			1;
	return client_request(type, XS_NO_TX, &piece, 1, answer);
}

static int numbers_command(uint32_t type, const unsigned long *numbers, unsigned int count)
{
	int rc = numbers_request(type, numbers, count, NULL);

	return MIN(rc, 0);
}

int xs_introduce(uint16_t domid, unsigned long gfn, uint32_t port)
{
	return numbers_command(XS_INTRODUCE, (unsigned long[]){ domid, gfn, port }, 3);
}

int xs_release(uint16_t domid)
{
	return numbers_command(XS_RELEASE, (unsigned long[]){ domid }, 1);
}

int xs_resume(uint16_t domid)
{
	return numbers_command(XS_RESUME, (unsigned long[]){ domid }, 1);
}

int xs_set_target(uint16_t domid, uint16_t target)
{
	return numbers_command(XS_SET_TARGET, (unsigned long[]){ domid, target }, 2);
}

int xs_is_introduced(uint16_t domid)
{
	char *answer;
	int rc = numbers_request(XS_IS_DOMAIN_INTRODUCED, (unsigned long[]){ domid }, 1, &answer);

	if (rc < 0)
		return rc;
	rc = *answer == 'T';
	free(answer);
	return rc;
}

/* Copy an answer of `len` bytes out and free it. Returns the string's length, or -errno. */
static int answer_copy(char *answer, int len, char *buf, size_t size)
{
	if (len < 0)
		return len;
	len = strlen(answer);
	if ((size_t)len < size)
		memcpy(buf, answer, len + 1);
	else
		len = -E2BIG;
	free(answer);
	return len;
}

int xs_domain_path(uint16_t domid, char *buf, size_t size)
{
	char *answer;
	int len = numbers_request(XS_GET_DOMAIN_PATH, (unsigned long[]){ domid }, 1, &answer);

	len = answer_copy(answer, len, buf, size);
	return MIN(len, 0);
}

int xs_control(const char *const *words, unsigned int count, char *buf, size_t size)
{
	struct piece pieces[8];
	char *answer;
	int len;

	if (count > ARRAY_SIZE(pieces))
		return -E2BIG;
	for (unsigned int i = 0; i < count; i++)
		pieces[i] = (struct piece){ words[i], strlen(words[i]) + 1 };
	len = client_request(XS_CONTROL, XS_NO_TX, pieces, count, &answer);
	return answer_copy(answer, len, buf, size);
}
