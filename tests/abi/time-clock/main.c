/* SPDX-License-Identifier: MIT */
/* Rule: pvclock never goes back and keeps pace with the RTC; the wall clock is a plausible one. */
#include "../kit/kit.h"

static unsigned int rtc_second(void)
{
	uint8_t second;

	__asm__ volatile("outb %b1, $0x70\n\tinb $0x71, %0" : "=a"(second) : "a"(0));
	return (second >> 4) * 10 + (second & 15);
}

static uint64_t next_second(void)
{
	for (unsigned int second = rtc_second(); rtc_second() == second;)
		hypercall(sched_op, SCHEDOP_yield);
	return time_now();
}

/* One of five: a machine that stands still for a while stretches one and shortens the next. */
static bool seconds_agree(void)
{
	uint64_t start = next_second(), end;

	for (unsigned int i = 0; i < 5; i++, start = end) {
		end = next_second();
		if (end - start > 750 * MS && end - start < 1250 * MS)
			return true;
	}
	return false;
}

TEST
{
	uint64_t last = time_now(), now;
	unsigned int back = 0, odd = 0, second;
	struct physdev_set_iopl iopl = { .iopl = 1 };
	struct vcpu_time_info *t = &vcpu->time;

	check_that("tsc_to_system_mul is set", t->tsc_to_system_mul);
	check_that("tsc_shift is small", t->tsc_shift > -8 && t->tsc_shift < 8);
	for (unsigned int i = 0; i < 200000; i++) {
		now = time_now();
		back += now < last;
		odd += READ_ONCE(t->version) & 1;
		last = now;
	}
	check("steps back in 200,000 readings", back, 0);
	check("versions seen odd on its own vcpu", odd, 0);

	hypercall(physdev_op, PHYSDEVOP_set_iopl, &iopl);
	check_that("a second of the RTC is one, give or take a quarter", seconds_agree());

	check("wc_version is even", shared->wc_version & 1, 0);
	check_that("the wall clock is after 2020 and before 2100",
		   shared->wc_sec > 1577836800U && shared->wc_sec < 4102444800U);
	check_that("wc_nsec is below a second", shared->wc_nsec < 1000000000U);
	check("the seconds' high half", shared->wc_sec_hi, 0);
	second = (shared->wc_sec + (shared->wc_nsec + time_now()) / 1000000000U) % 60;
	check_that("wall clock plus system time has the RTC's second, give or take one",
		   (second + 61 - rtc_second()) % 60 <= 2);
}
