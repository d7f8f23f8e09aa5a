/* SPDX-License-Identifier: MIT */
/* The line discipline: what is typed becomes lines. Runs in the console's handler, hence masked. */
#include "guest/console.h"
#include "guest/spinlock.h"
#include "guest/wait.h"
#include "lib/string.h"

#define READY_SIZE     1024 /* powers of two: bytes that are ready to be read */
#define LINE_MAX_BYTES 256

#define CTRL(c)     ((c)&0x1f)
#define BYTE_DELETE 0x7f

static SPINLOCK(lock); /* the output's is taken within, for the echo */

/* With the lock. */
static unsigned int mode = CONSOLE_CANON | CONSOLE_ECHO | CONSOLE_ONLCR | CONSOLE_ICRNL;
static char ready[READY_SIZE];
static unsigned int ready_head, ready_tail; /* free running: written, read */
static char line[LINE_MAX_BYTES];
static unsigned int line_len;
static unsigned int ends; /* ends of file that nobody has read yet */
static bool closed;	   /* nothing comes any more */
static WAIT_QUEUE(input_queue);

unsigned int console_mode(void)
{
	return READ_ONCE(mode);
}

struct wait_queue *console_input_queue(void)
{
	return &input_queue;
}

static void echo(const char *text, size_t len)
{
	if (mode & CONSOLE_ECHO)
		console_write(text, len);
}

/* All or nothing: a line that does not fit is refused with a bell. */
static void deliver(const char *text, size_t len)
{
	size_t i;

	if (READY_SIZE - (ready_head - ready_tail) < len) {
		echo("\a", 1);
		return;
	}
	for (i = 0; i < len; i++)
		ready[ready_head++ % READY_SIZE] = text[i];
	wake_all(&input_queue);
}

static void erase(unsigned int count)
{
	while (count-- && line_len) {
		line_len--;
		echo("\b \b", 3);
	}
}

static void erase_word(void)
{
	unsigned int at = line_len;

	while (at && line[at - 1] == ' ')
		at--;
	while (at && line[at - 1] != ' ')
		at--;
	erase(line_len - at);
}

static void line_end(char c)
{
	line[line_len++] = c;
	echo(&c, 1);
	deliver(line, line_len);
	line_len = 0;
}

static void line_byte(char c)
{
	switch (c) {
	case '\n':
		line_end(c);
		break;
	case '\b':
	case BYTE_DELETE:
		erase(1);
		break;
	case CTRL('U'):
		erase(line_len);
		break;
	case CTRL('W'):
		erase_word();
		break;
	case CTRL('D'):
		/* Ends the line without a line's end; an empty one is the end of file. */
		if (line_len) {
			deliver(line, line_len);
			line_len = 0;
		} else {
			ends++;
			wake_all(&input_queue);
		}
		break;
	default:
		/* The last byte is kept for the line's end. */
		if (line_len < sizeof(line) - 1) {
			line[line_len++] = c;
			echo(&c, 1);
		}
	}
}

static void input(const char *bytes, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		char c = bytes[i];

		if (c == '\r' && mode & CONSOLE_ICRNL)
			c = '\n';
		if (mode & CONSOLE_CANON) {
			line_byte(c);
		} else {
			echo(&c, 1);
			deliver(&c, 1);
		}
	}
}

void console_input(const char *bytes, size_t len)
{
	unsigned long flags = spin_lock_save(&lock);

	input(bytes, len);
	spin_unlock_restore(&lock, flags);
}

/*
 * What was typed in raw mode and not read yet becomes part of a line, in its order. A line that is
 * not complete when raw mode begins can be read as it is.
 */
void console_set_mode(unsigned int new_mode)
{
	unsigned long flags = spin_lock_save(&lock);
	bool to_lines = new_mode & CONSOLE_CANON && !(mode & CONSOLE_CANON);
	bool from_lines = !(new_mode & CONSOLE_CANON) && mode & CONSOLE_CANON;
	char unread[READY_SIZE];
	size_t n = 0;

	while (to_lines && ready_head != ready_tail)
		unread[n++] = ready[ready_tail++ % READY_SIZE];
	mode = new_mode;
	input(unread, n);
	if (from_lines && line_len) {
		deliver(line, line_len);
		line_len = 0;
	}
	spin_unlock_restore(&lock, flags);
}

void console_input_close(void)
{
	WRITE_ONCE(closed, true);
	wake_all(&input_queue);
}

size_t console_readable(void)
{
	return READ_ONCE(ready_head) - READ_ONCE(ready_tail) + READ_ONCE(ends) + READ_ONCE(closed);
}

/*
 * In canonical mode a read ends with the line. 0: the end of file. -EAGAIN: there is nothing, as
 * for the second of two readers that one line has woken.
 */
static ssize_t take(char *buf, size_t size)
{
	unsigned long flags = spin_lock_save(&lock);
	ssize_t n = 0;

	if (ready_head == ready_tail) {
		if (ends)
			ends--;
		else if (!closed)
			n = -EAGAIN;
	}
	while ((size_t)n < size && ready_head != ready_tail) {
		buf[n] = ready[ready_tail++ % READY_SIZE];
		if (buf[n++] == '\n' && mode & CONSOLE_CANON)
			break;
	}
	spin_unlock_restore(&lock, flags);
	return n;
}

ssize_t console_read(void *buf, size_t size, bool block)
{
	ssize_t n;

	if (!size)
		return 0;
	if (!block)
		return take(buf, size);
	wait_event(&input_queue, (n = take(buf, size)) != -EAGAIN);
	return n;
}
