/* SPDX-License-Identifier: MIT */
/* Rule: pvclock never goes back and keeps pace with the RTC; the wall clock is a plausible one. */
#include "../kit/kit.h"

static unsigned int rtc_second(void)
{
	uint8_t second;

	__asm__ volatile("outb %b1, $0x70\n\tinb $0x71, %0" : "=a"(second) : "a"(0));
	return (second >> 4) * 10 + (second & 15);
}

TEST
{
	uint64_t last = time_now(), now, start;
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
	for (second = rtc_second(); rtc_second() == second;)
		hypercall(sched_op, SCHEDOP_yield);
	start = time_now();
	for (second = rtc_second(); rtc_second() == second;)
		hypercall(sched_op, SCHEDOP_yield);
	now = time_now() - start;
	check_that("a second of the RTC is one, give or take a quarter",
		   now > 750 * MS && now < 1250 * MS);

	check("wc_version is even", shared->wc_version & 1, 0);
	check_that("the wall clock is after 2020 and before 2100",
		   shared->wc_sec > 1577836800U && shared->wc_sec < 4102444800U);
	check_that("wc_nsec is below a second", shared->wc_nsec < 1000000000U);
	check("the seconds' high half", shared->wc_sec_hi, 0);
	second = (shared->wc_sec + (shared->wc_nsec + time_now()) / 1000000000U) % 60;
	check_that("wall clock plus system time has the RTC's second, give or take one",
		   (second + 61 - rtc_second()) % 60 <= 2);
}
