/* SPDX-License-Identifier: MIT */
/*
 * The log: what is printed goes into a ring that the toolstack reads, and, up to the levels of
 * loglvl= and guest_loglvl=, to the serial line. "LOWER/UPPER" prints what is more urgent than
 * LOWER at once and what is below UPPER at a limited rate, so that no guest can fill the line.
 */
#include <stdarg.h>

#include "console.h"
#include "param.h"
#include "spinlock.h"
#include "timer.h"
#include "vcpu.h"
#include "lib/format.h"
#include "lib/string.h"

#define RING_SIZE  32768 /* a power of two */
#define LINE_MAX   256
#define RATE_BURST 10 /* limited messages in RATE_TIME */
#define RATE_TIME  5000000000UL

/* Messages of a level below `lower` are printed, those below `upper` at a limited rate. */
struct thresholds {
	uint8_t lower, upper;
};

static char log_ring[RING_SIZE];
static struct {
	spinlock_t lock; /* guards the ring and the line's order */
	uint32_t produced, consumed; /* bytes ever written, first byte not cleared; free-running */
	uint64_t rate_start;
	unsigned rate_count, rate_lost;
} log = { .lock = SPINLOCK(LOCK_LOG) };
LOCK_NAMED(log.lock, log);

static struct thresholds loglvl = { 2, 2 }, guest_loglvl = { 0, 2 };
static bool serial_on = true;
static char *opt_com1 = "", *opt_console = "com1";

/* The number of levels that are let through; none of these words: the default. */
static uint8_t level_number(const char **s)
{
	static const char *const name[] = { "none", "error", "warning", "info", "debug", "all" };
	size_t len;
	uint8_t i;

	for (i = 0; i < ARRAY_SIZE(name); i++) {
		len = strlen(name[i]);
		if (!strncmp(*s, name[i], len)) {
			*s += len;
			return MIN(i, (uint8_t)(LOG_DEBUG + 1));
		}
	}
	return 2;
}

static int level_parse(const char *s, struct thresholds *t)
{
	t->lower = t->upper = level_number(&s);
	if (*s == '/') {
		s++;
		t->upper = MAX(t->lower, level_number(&s));
	}
	return *s ? -EINVAL : 0;
}

static int parse_loglvl(const char *s)
{
	return level_parse(s, &loglvl);
}
static int parse_guest_loglvl(const char *s)
{
	return level_parse(s, &guest_loglvl);
}
PARAM(loglvl, PARAM_FN, parse_loglvl,
      "none, error, warning, info, debug or all, [/upper]: what the hypervisor prints");
PARAM(guest_loglvl, PARAM_FN, parse_guest_loglvl, "the same for messages about guests' doings");
PARAM(com1, PARAM_STRING, &opt_com1, "baud[,format[,port[,irq]]] of the serial line");
PARAM(console, PARAM_STRING, &opt_console, "where to print: com1, or none");

/* "com1,vga" and the like: what is not there is passed over, as the log's ring is always there. */
static bool console_named(const char *list, const char *name)
{
	const char *at = strstr(list, name);
	size_t len = strlen(name);

	return at && (at == list || at[-1] == ',') && (!at[len] || at[len] == ',');
}

static void line_put(char c)
{
	if (c == '\n')
		uart_putc('\r');
	uart_putc(c);
}

void console_init(void)
{
	uint32_t i;

	serial_on = console_named(opt_console, "com1");
	if (!serial_on)
		return;
	uart_init(opt_com1);
	/* What was said while there was no line, about the options themselves. */
	for (i = log.consumed; i != log.produced; i++)
		line_put(log_ring[i % RING_SIZE]);
}

/* Log locked. The ring forgets its oldest byte when it is full. */
static void put(char c, bool to_line)
{
	log_ring[log.produced++ % RING_SIZE] = c;
	if (log.produced - log.consumed > RING_SIZE)
		log.consumed = log.produced - RING_SIZE;
	if (to_line)
		line_put(c);
}

void console_put(const char *s, size_t n)
{
	size_t i;

	spin_lock(&log.lock);
	for (i = 0; i < n; i++)
		put(s[i], serial_on);
	spin_unlock(&log.lock);
}

static void put_string(const char *s, bool to_line)
{
	while (*s)
		put(*s++, to_line);
}

/* Log locked. */
/* A burst in each period; what was left out is counted and told with the next one. */
static bool rate_allows(void)
{
	uint64_t now = time_now();
	char text[64];

	if (now - log.rate_start > RATE_TIME) {
		if (log.rate_lost) {
			str_format(text, sizeof(text), "(lamina) %u messages not printed\n",
				   log.rate_lost);
			put_string(text, serial_on);
		}
		log.rate_start = now;
		log.rate_count = log.rate_lost = 0;
	}
	if (log.rate_count++ < RATE_BURST)
		return true;
	log.rate_lost++;
	return false;
}

static void print_line(enum log_level level, const struct thresholds *t, const char *text)
{
	size_t len = strlen(text);
	bool to_line;

	spin_lock(&log.lock);
	to_line = level < t->lower || (level < t->upper && rate_allows());
	to_line = to_line && serial_on;
	put_string("(lamina) ", to_line);
	put_string(text, to_line);
	if (!len || text[len - 1] != '\n')
		put('\n', to_line);
	spin_unlock(&log.lock);
}

void printk(enum log_level level, const char *fmt, ...)
{
	char text[LINE_MAX];
	va_list args;

	va_start(args, fmt);
	str_vformat(text, sizeof(text), fmt, args);
	va_end(args);
	print_line(level, &loglvl, text);
}

void gprintk(enum log_level level, const char *fmt, ...)
{
	char text[LINE_MAX];
	va_list args;
	int n;

	if (level >= guest_loglvl.upper)
		return; /* guests can cause these at will: not even the ring */
	n = str_format(text, sizeof(text), "d%uv%u: ", current->domain->id, current->id);
	va_start(args, fmt);
	str_vformat(text + n, sizeof(text) - (size_t)n, fmt, args);
	va_end(args);
	print_line(level, &guest_loglvl, text);
}

size_t console_read_log(char *buf, size_t size, uint32_t *index)
{
	uint32_t from, n = 0;

	spin_lock(&log.lock);
	from = log.consumed;
	/* An index that is within what is kept says where the reader was. */
	if (*index && *index - log.consumed <= log.produced - log.consumed)
		from = *index;
	while (n < size && from + n != log.produced) {
		buf[n] = log_ring[(from + n) % RING_SIZE];
		n++;
	}
	*index = from + n;
	spin_unlock(&log.lock);
	return n;
}

void console_clear_log(uint32_t index)
{
	spin_lock(&log.lock);
	if (index - log.consumed <= log.produced - log.consumed)
		log.consumed = index;
	spin_unlock(&log.lock);
}

void console_force(void)
{
	loglvl = (struct thresholds){ LOG_DEBUG + 1, LOG_DEBUG + 1 };
}
