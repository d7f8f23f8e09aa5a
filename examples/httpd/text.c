/* SPDX-License-Identifier: MIT */
/* Putting text together, quicker than printf and strftime: every answer is such a text. */

#include "text.h"

#include <string.h>

#define DAY 86400

void text_add(struct text *t, const char *words)
{
	size_t len = strlen(words);

	if (len > text_room(t)) {
		t->cut = true;
		return;
	}
	memcpy(t->at, words, len);
	t->at += len;
}

void text_add_number(struct text *t, long long number)
{
	unsigned long long rest = number < 0 ? 0ULL - (unsigned long long)number :
					       (unsigned long long)number;
	char digits[24], *at = digits + sizeof(digits) - 1;

	*at = '\0';
	do
		*--at = (char)('0' + rest % 10);
	while (rest /= 10);
	if (number < 0)
		*--at = '-';
	text_add(t, at);
}

static void put_two(char *at, unsigned int value)
{
	at[0] = (char)('0' + value / 10 % 10);
	at[1] = (char)('0' + value % 10);
}

/*
 * Days since 1970 to a date. Years begin in March here, so that a leap day is their last; five
 * months from March on have 153 days, again and again.
 */
static void put_day(char *at, unsigned long days)
{
	static const char months[] = "MarAprMayJunJulAugSepOctNovDecJanFeb";
	unsigned long since = days + 719468; /* from 1 March of the year 0 */
	unsigned long era = since / 146097, day = since % 146097; /* of 400 years */
	unsigned long year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	unsigned long of_year = day - (365 * year + year / 4 - year / 100);
	unsigned long month = (5 * of_year + 2) / 153;

	year += era * 400 + (month >= 10);
	put_two(at, (unsigned int)(of_year - (153 * month + 2) / 5 + 1));
	memcpy(at + 3, months + 3 * month, 3);
	put_two(at + 7, (unsigned int)(year / 100));
	put_two(at + 9, (unsigned int)(year % 100));
}

void text_add_date(struct text *t, long long seconds)
{
	static const char weekdays[] = "ThuFriSatSunMonTueWed";
	char date[] = "Thu, 01 Jan 1970 00:00:00 GMT";
	unsigned long days, rest;

	if (seconds < 0)
		seconds = 0;
	days = (unsigned long)seconds / DAY;
	rest = (unsigned long)seconds % DAY;
	memcpy(date, weekdays + days % 7 * 3, 3);
	put_day(date + 5, days);
	put_two(date + 17, (unsigned int)(rest / 3600));
	put_two(date + 20, (unsigned int)(rest / 60 % 60));
	put_two(date + 23, (unsigned int)(rest % 60));
	text_add(t, date);
}
