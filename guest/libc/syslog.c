/* SPDX-License-Identifier: MIT */
/* syslog, which goes to the console: "ident: message". */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "guest/console.h"
#include "guest/init.h"

#define MESSAGE_MAX 512

static const char *ident;
static int mask = LOG_UPTO(LOG_DEBUG);

void openlog(const char *name, int options, int facility)
{
	ident = name;
}

void closelog(void)
{
	ident = NULL;
}

int setlogmask(int new_mask)
{
	int old = mask;

	if (new_mask)
		mask = new_mask;
	return old;
}

void vsyslog(int priority, const char *fmt, va_list args)
{
	char text[MESSAGE_MAX];
	int len;

	if (!(mask & LOG_MASK(priority & 7)))
		return;
	len = snprintf(text, sizeof(text), "%s: ", ident ? ident : image_name);
	vsnprintf(text + len, sizeof(text) - (size_t)len - 1, fmt, args);
	strcat(text, "\n");
	console_write(text, strlen(text));
}

void syslog(int priority, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsyslog(priority, fmt, args);
	va_end(args);
}
