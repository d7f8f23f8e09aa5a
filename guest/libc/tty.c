/* SPDX-License-Identifier: MIT */
/* The console as a file: descriptors 0, 1, 2 and /dev/console, /dev/tty; and its termios. */
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "guest/console.h"
#include "guest/file.h"
#include "guest/init.h"
#include "guest/libc/libc.h"
#include "lib/string.h"

static ssize_t tty_read(struct file *f, void *buf, size_t len)
{
	return console_read(buf, len, !file_nonblock(f));
}

static ssize_t tty_write(struct file *f, const void *buf, size_t len)
{
	console_write(buf, len);
	return (ssize_t)len;
}

static short tty_poll(struct file *f, short events, struct poller *poller)
{
	if (poller && events & (POLLIN | POLLRDNORM))
		poll_add(poller, console_input_queue());
	return (short)(POLLOUT | POLLWRNORM | (console_readable() ? POLLIN | POLLRDNORM : 0));
}

static int tty_fstat(struct file *f, struct stat *st)
{
	st->st_mode = S_IFCHR | 0620;
	st->st_rdev = LIBC_TTY_DEV;
	st->st_nlink = 1;
	st->st_blksize = 1024;
	return 0;
}

static int tty_ioctl(struct file *f, unsigned long request, void *arg)
{
	switch (request) {
	case FIONREAD:
		*(int *)arg = (int)console_readable();
		return 0;
	case TIOCGWINSZ:
		*(struct winsize *)arg = (struct winsize){ .ws_row = 24, .ws_col = 80 };
		return 0;
	default:
		return -ENOTTY;
	}
}

static const struct file_ops tty_ops = {
	.name = "tty",
	.read = tty_read,
	.write = tty_write,
	.poll = tty_poll,
	.fstat = tty_fstat,
	.ioctl = tty_ioctl,
};

static int tty_open(struct device_file *dev, struct file *f)
{
	f->ops = &tty_ops;
	return 0;
}

static struct device_file devices[] = {
	{ .name = "console", .open = tty_open, .mode = S_IFCHR | 0620 },
	{ .name = "tty", .open = tty_open, .mode = S_IFCHR | 0620 },
};

/* Standard input, output and error, before any file system or driver opens a file. */
static int tty_start(void)
{
	int fd = file_install(&tty_ops, NULL, O_RDWR);

	if (fd < 0 || file_dup(fd, 0) < 0 || file_dup(fd, 0) < 0)
		return -ENOMEM;
	device_file_register(&devices[0]);
	device_file_register(&devices[1]);
	return 0;
}
INITCALL(core, tty_start);

/* --- termios ------------------------------------------------------------ */

static int check_tty(int fd)
{
	return isatty(fd) ? 0 : -1;
}

int tcgetattr(int fd, struct termios *tio)
{
	unsigned int mode = console_mode();

	if (check_tty(fd))
		return -1;
	memset(tio, 0, sizeof(*tio));
	tio->c_iflag = mode & CONSOLE_ICRNL ? ICRNL : 0;
	tio->c_oflag = mode & CONSOLE_ONLCR ? OPOST | ONLCR : 0;
	tio->c_cflag = CS8 | CREAD | CLOCAL;
	tio->c_lflag =
		(mode & CONSOLE_CANON ? ICANON : 0u) | (mode & CONSOLE_ECHO ? ECHO | ECHOE : 0u);
	tio->c_cc[VEOF] = 'D' & 0x1f;
	tio->c_cc[VERASE] = 0x7f;
	tio->c_cc[VKILL] = 'U' & 0x1f;
	tio->c_cc[VMIN] = 1;
	tio->c_speed = B115200;
	return 0;
}

int tcsetattr(int fd, int when, const struct termios *tio)
{
	if (check_tty(fd))
		return -1;
	if (when != TCSANOW)
		console_flush();
	console_set_mode((tio->c_lflag & ICANON ? CONSOLE_CANON : 0u) |
			 (tio->c_lflag & ECHO ? CONSOLE_ECHO : 0u) |
			 (tio->c_iflag & ICRNL ? CONSOLE_ICRNL : 0u) |
			 (tio->c_oflag & ONLCR && tio->c_oflag & OPOST ? CONSOLE_ONLCR : 0u));
	return 0;
}

int tcdrain(int fd)
{
	if (check_tty(fd))
		return -1;
	console_flush();
	return 0;
}

int tcflush(int fd, int queue)
{
	char byte[16];

	if (check_tty(fd))
		return -1;
	while (queue != TCOFLUSH && console_read(byte, sizeof(byte), false) > 0)
		;
	return 0;
}

speed_t cfgetispeed(const struct termios *tio)
{
	return tio->c_speed;
}

speed_t cfgetospeed(const struct termios *tio)
{
	return tio->c_speed;
}

/* A console has no speed; the number is kept for whoever asks. */
int cfsetispeed(struct termios *tio, speed_t speed)
{
	tio->c_speed = speed;
	return 0;
}

int cfsetospeed(struct termios *tio, speed_t speed)
{
	tio->c_speed = speed;
	return 0;
}

void cfmakeraw(struct termios *tio)
{
	tio->c_iflag &= ~(tcflag_t)(BRKINT | ICRNL | IGNCR | INLCR | ISTRIP | IXON | PARMRK);
	tio->c_oflag &= ~(tcflag_t)OPOST;
	tio->c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | IEXTEN | ISIG);
	tio->c_cflag = (tio->c_cflag & ~(tcflag_t)(CSIZE | PARENB)) | CS8;
}
