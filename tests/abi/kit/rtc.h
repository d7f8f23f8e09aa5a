/* SPDX-License-Identifier: MIT */
/*
 * The real-time clock (MC146818) of a PC: a device that interrupts when it is told to.
 * The caller may use its ports.
 */
#pragma once

#define RTC_IRQ 8

static inline void rtc_write(unsigned int reg, unsigned int value)
{
	__asm__ volatile("outb %b0, $0x70\n\tmov %1, %0\n\toutb %b0, $0x71"
			 : "+a"(reg)
			 : "r"(value));
}

static inline unsigned int rtc_read(unsigned int reg)
{
	__asm__ volatile("outb %b0, $0x70\n\tinb $0x71, %b0" : "+a"(reg));
	return reg & 0xff;
}
