/* SPDX-License-Identifier: MIT */
/* TZ for newlib's clock functions, in place of its own tzset, which would link all of scanf. */
#include <reent.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "guest/libc/tz.h"

/* newlib's, in no header of its installation. Its localtime holds the lock when it calls us. */
int __tzcalc_limits(int year);
void __tz_lock(void);
void __tz_unlock(void);
void _tzset_unlocked_r(struct _reent *reent);

/* The zone in force, whose names _tzname refers to. Under the lock. */
static struct tz zone;

/* A TZ that is missing or malformed means UTC. */
void _tzset_unlocked_r(struct _reent *reent)
{
	const char *text = _getenv_r(reent, "TZ");
	__tzinfo_type *info = __gettzinfo();
	unsigned int i;

	if (text && *text == ':')
		text++;
	if (!text || !tz_parse(text, &zone)) {
		memset(&zone, 0, sizeof(zone));
		strcpy(zone.name[0], "GMT");
		strcpy(zone.name[1], "GMT");
	}
	for (i = 0; i < 2; i++) {
		const struct tz_rule *rule = &zone.rule[i];

		info->__tzrule[i] = (__tzrule_type){
			.ch = rule->kind,
			.m = rule->month,
			.n = rule->week,
			.d = rule->day,
			.s = rule->seconds,
			.offset = zone.offset[i],
		};
		_tzname[i] = zone.name[i];
	}
	if (zone.daylight)
		__tzcalc_limits(info->__tzyear);
	_timezone = zone.offset[0];
	_daylight = zone.daylight;
}

void _tzset_r(struct _reent *reent)
{
	__tz_lock();
	_tzset_unlocked_r(reent);
	__tz_unlock();
}
