/* SPDX-License-Identifier: MIT */
/*
 * The serial line: a 16550 at COM1 or COM2, output by waiting for the holding register, input by
 * interrupt. com1=BAUD[,FORMAT[,PORT[,IRQ]]]: FORMAT is like 8n1, BAUD 0 keeps what the firmware
 * set.
 */
#include "console.h"
#include "irq.h"
#include "local.h"

#define CLOCK 115200 /* divisor 1 */

#define THR 0
#define IER 1
#define FCR 2
#define LCR 3
#define MCR 4
#define LSR 5
#define LCR_DLAB     0x80
#define LSR_DATA     0x01
#define LSR_THRE     0x20
#define IER_RX       0x01
#define MCR_ON       0x0b /* DTR, RTS, OUT2: interrupts reach the bus */
#define FIFO_ON      0x07
#define FIFO_SIZE    16
#define IIR          2
#define IIR_FIFO     0xc0 /* a 16550A answers that its FIFO works; older parts hold one character */
#define LSR_ABSENT   0xff
#define SPIN_MAX     100000

static uint16_t port;
static unsigned irq_line = 4;
static unsigned depth = 1;
static unsigned room; /* characters that the FIFO takes before LSR is asked again */

static unsigned number(const char **s)
{
	unsigned base = 10, n = 0;

	if ((*s)[0] == '0' && (*s)[1] == 'x') {
		base = 16;
		*s += 2;
	}
	for (;; (*s)++) {
		char c = **s;
		unsigned digit = c >= '0' && c <= '9'   ? c - '0'
				 : c >= 'a' && c <= 'f' ? c - 'a' + 10
							: 16;

		if (digit >= base)
			return n;
		n = n * base + digit;
	}
}

/* "8n1" to the line control register. */
static uint8_t format_bits(const char **s)
{
	uint8_t lcr = 3;

	if (**s >= '5' && **s <= '8')
		lcr = (uint8_t)(*(*s)++ - '5');
	if (**s == 'o' || **s == 'e')
		lcr |= **s == 'o' ? 0x08 : 0x18;
	if (**s && **s != ',')
		(*s)++;
	if (**s == '2')
		lcr |= 0x04;
	while (**s && **s != ',')
		(*s)++;
	return lcr;
}

void uart_init(const char *com1)
{
	unsigned baud, divisor;
	uint8_t lcr = 3;

	port = 0x3f8;
	baud = number(&com1);
	while (*com1 && *com1 != ',')
		com1++; /* "/clock" and the like */
	if (*com1 == ',')
		com1++, lcr = format_bits(&com1);
	if (*com1 == ',')
		com1++, port = (uint16_t)number(&com1);
	if (*com1 == ',')
		com1++, irq_line = number(&com1);
	outb(port + IER, 0);
	if (inb(port + LSR) == LSR_ABSENT) {
		port = 0;
		return;
	}
	if (baud) {
		divisor = CLOCK / baud;
		outb(port + LCR, lcr | LCR_DLAB);
		outb(port, (uint8_t)divisor);
		outb(port + 1, (uint8_t)(divisor >> 8));
	}
	outb(port + LCR, lcr);
	outb(port + FCR, FIFO_ON);
	if ((inb(port + IIR) & IIR_FIFO) == IIR_FIFO)
		depth = FIFO_SIZE;
	outb(port + MCR, MCR_ON);
}

void uart_putc(char c)
{
	unsigned spin = 0;

	if (!port)
		return;
	if (!room) {
		while (!(inb(port + LSR) & LSR_THRE) && ++spin < SPIN_MAX)
			;
		room = depth;
	}
	room--;
	outb(port + THR, (uint8_t)c);
}

static void receive(void)
{
	while (inb(port + LSR) & LSR_DATA)
		console_input((char)inb(port));
}

void uart_enable_irq(void)
{
	bool level, low;
	uint8_t vector;

	if (!port)
		return;
	vector = irq_alloc_vector();
	irq_set_handler(vector, receive);
	gsi_use(isa_to_gsi(irq_line, &level, &low), vector);
	outb(port + IER, IER_RX);
	receive();
}
