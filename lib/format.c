/* SPDX-License-Identifier: MIT */
/* printf's formats, written piece by piece into a sink. Pure: no allocation, no state. */
#include "lib/format.h"
#include "lib/string.h"

#define DIGITS_MAX 24 /* 64 bits in octal, and some */

/* One conversion, as it stands between % and its letter. */
struct spec {
	bool left, zero, plus, space, alternate;
	unsigned int width;
	int precision; /* -1: none given */
	enum { LEN_CHAR, LEN_SHORT, LEN_INT, LEN_LONG } length;
};

struct output {
	format_sink *sink;
	void *context;
	size_t total;
	va_list args;
};

static void emit(struct output *out, const char *text, size_t len)
{
	if (len)
		out->sink(out->context, text, len);
	out->total += len;
}

static void emit_repeated(struct output *out, char c, unsigned int count)
{
	char run[32];

	memset(run, c, sizeof(run));
	for (; count > sizeof(run); count -= sizeof(run))
		emit(out, run, sizeof(run));
	emit(out, run, count);
}

/* text, padded with spaces to the width. */
static void emit_padded(struct output *out, const struct spec *spec, const char *text, size_t len)
{
	unsigned int pad = len < spec->width ? spec->width - (unsigned int)len : 0;

	if (!spec->left)
		emit_repeated(out, ' ', pad);
	emit(out, text, len);
	if (spec->left)
		emit_repeated(out, ' ', pad);
}

/* prefix (sign or 0x), then zeros up to the precision or the width, then the digits. */
static void emit_number(struct output *out, const struct spec *spec, uint64_t value,
			unsigned int base, bool upper, const char *prefix)
{
	const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
	char buf[DIGITS_MAX], *p = buf + sizeof(buf);
	unsigned int count, zeros = 0, prefix_len = (unsigned int)strlen(prefix), pad;

	for (; value; value /= base)
		*--p = digits[value % base];
	if (p == buf + sizeof(buf) && spec->precision != 0)
		*--p = '0';
	count = (unsigned int)(buf + sizeof(buf) - p);
	if (spec->precision > (int)count)
		zeros = (unsigned int)spec->precision - count;
	else if (spec->precision < 0 && spec->zero && !spec->left &&
		 spec->width > count + prefix_len)
		zeros = spec->width - count - prefix_len;
	count += zeros + prefix_len;
	pad = spec->width > count ? spec->width - count : 0;

	if (!spec->left)
		emit_repeated(out, ' ', pad);
	emit(out, prefix, prefix_len);
	emit_repeated(out, '0', zeros);
	emit(out, p, (size_t)(buf + sizeof(buf) - p));
	if (spec->left)
		emit_repeated(out, ' ', pad);
}

static unsigned int parse_count(const char **fmt)
{
	unsigned int n = 0;

	for (; **fmt >= '0' && **fmt <= '9'; (*fmt)++)
		if (n < 100000)
			n = n * 10 + (unsigned int)(**fmt - '0');
	return n;
}

static const char *parse_flags(const char *fmt, struct spec *spec)
{
	for (;; fmt++) {
		switch (*fmt) {
		case '-':
			spec->left = true;
			break;
		case '0':
			spec->zero = true;
			break;
		case '+':
			spec->plus = true;
			break;
		case ' ':
			spec->space = true;
			break;
		case '#':
			spec->alternate = true;
			break;
		default:
			return fmt;
		}
	}
}

static const char *parse_length(const char *fmt, struct spec *spec)
{
	spec->length = LEN_INT;
	if (*fmt == 'h') {
		spec->length = fmt[1] == 'h' ? LEN_CHAR : LEN_SHORT;
		return fmt + (fmt[1] == 'h' ? 2 : 1);
	}
	if (*fmt == 'l' || *fmt == 'z' || *fmt == 't' || *fmt == 'j') {
		spec->length = LEN_LONG;
		return fmt + (fmt[0] == 'l' && fmt[1] == 'l' ? 2 : 1);
	}
	return fmt;
}

static int64_t narrow_signed(int64_t value, const struct spec *spec)
{
	switch (spec->length) {
	case LEN_CHAR:
		return (signed char)value;
	case LEN_SHORT:
		return (short)value;
	default:
		return value;
	}
}

static uint64_t narrow_unsigned(uint64_t value, const struct spec *spec)
{
	switch (spec->length) {
	case LEN_CHAR:
		return (unsigned char)value;
	case LEN_SHORT:
		return (unsigned short)value;
	default:
		return value;
	}
}

static void convert_signed(struct output *out, const struct spec *spec, int64_t value)
{
	const char *sign = spec->plus ? "+" : spec->space ? " " : "";

	value = narrow_signed(value, spec);
	if (value < 0)
		emit_number(out, spec, 0 - (uint64_t)value, 10, false, "-");
	else
		emit_number(out, spec, (uint64_t)value, 10, false, sign);
}

static void convert_unsigned(struct output *out, const struct spec *spec, uint64_t value,
			     char letter)
{
	const char *prefix = "";
	unsigned int base = letter == 'u' ? 10 : letter == 'o' ? 8 : 16;

	value = narrow_unsigned(value, spec);
	if (spec->alternate && value && base == 16)
		prefix = letter == 'X' ? "0X" : "0x";
	else if (spec->alternate && base == 8)
		prefix = "0";
	emit_number(out, spec, value, base, letter == 'X', prefix);
}

static void convert_string(struct output *out, const struct spec *spec, const char *s)
{
	if (!s)
		s = "(null)";
	emit_padded(out, spec, s,
		    spec->precision < 0 ? strlen(s) : strnlen(s, (size_t)spec->precision));
}

/* Reads one conversion up to its letter, which it returns a pointer to. */
static const char *parse_spec(struct output *out, const char *fmt, struct spec *spec)
{
	*spec = (struct spec){ .precision = -1 };
	fmt = parse_flags(fmt, spec);
	if (*fmt == '*') {
		int width = va_arg(out->args, int);

		spec->left |= width < 0;
		spec->width = width < 0 ? 0 - (unsigned int)width : (unsigned int)width;
		fmt++;
	} else {
		spec->width = parse_count(&fmt);
	}
	if (*fmt == '.') {
		fmt++;
		if (*fmt == '*') {
			spec->precision = va_arg(out->args, int);
			fmt++;
		} else {
			spec->precision = (int)parse_count(&fmt);
		}
	}
	return parse_length(fmt, spec);
}

/* False when there is no such letter; then nothing was taken from the arguments. */
static bool convert(struct output *out, struct spec *spec, char letter)
{
	bool is_long = spec->length == LEN_LONG;
	char c;

	switch (letter) {
	case 'd':
	case 'i':
		convert_signed(out, spec,
			       is_long ? va_arg(out->args, long) : va_arg(out->args, int));
		return true;
	case 'u':
	case 'x':
	case 'X':
	case 'o':
		convert_unsigned(out, spec,
				 is_long ? va_arg(out->args, unsigned long)
					 : va_arg(out->args, unsigned int),
				 letter);
		return true;
	case 'p':
		spec->alternate = true;
		convert_unsigned(out, spec, (uintptr_t)va_arg(out->args, void *), 'x');
		return true;
	case 's':
		convert_string(out, spec, va_arg(out->args, const char *));
		return true;
	case 'c':
		c = (char)va_arg(out->args, int);
		emit_padded(out, spec, &c, 1);
		return true;
	case '%':
		emit(out, "%", 1);
		return true;
	default:
		return false;
	}
}

size_t format_to(format_sink *sink, void *context, const char *fmt, va_list args)
{
	struct output out = { .sink = sink, .context = context };
	struct spec spec;
	const char *start;

	va_copy(out.args, args);
	for (;;) {
		for (start = fmt; *fmt && *fmt != '%'; fmt++)
			;
		emit(&out, start, (size_t)(fmt - start));
		if (!*fmt)
			break;
		start = fmt;
		fmt = parse_spec(&out, fmt + 1, &spec);
		if (convert(&out, &spec, *fmt))
			fmt++;
		else
			emit(&out, start, (size_t)(fmt - start));
	}
	va_end(out.args);
	return out.total;
}

struct buffer {
	char *data;
	size_t used, size; /* size does not count the terminating 0 */
};

static void buffer_put(void *context, const char *text, size_t len)
{
	struct buffer *b = context;
	size_t n = MIN(len, b->size - b->used);

	if (n)
		memcpy(b->data + b->used, text, n);
	b->used += n;
}

int str_vformat(char *buf, size_t size, const char *fmt, va_list args)
{
	struct buffer b = { buf, 0, size ? size - 1 : 0 };
	size_t total = format_to(buffer_put, &b, fmt, args);

	if (size)
		buf[b.used] = 0;
	return (int)total;
}

int str_format(char *buf, size_t size, const char *fmt, ...)
{
	va_list args;
	int total;

	va_start(args, fmt);
	total = str_vformat(buf, size, fmt, args);
	va_end(args);
	return total;
}
