/* SPDX-License-Identifier: MIT */
/* Rule: dom0 binds a device's interrupt to a port, gets it as an event, and acknowledges it. */
#include "../kit/kit.h"
#include "../kit/rtc.h"

TEST
{
	struct physdev_set_iopl iopl = { .iopl = 1 };
	struct physdev_eoi eoi = { .irq = RTC_IRQ };
	struct physdev_map_pirq map = {
		.domid = DOMID_SELF, .type = MAP_PIRQ_TYPE_GSI, .index = RTC_IRQ, .pirq = RTC_IRQ
	};
	struct evtchn_bind_pirq bind = { .pirq = RTC_IRQ };
	struct evtchn_unmask unmask = { 0 };
	unsigned int cause, tries;

	check("set_iopl", hypercall(physdev_op, PHYSDEVOP_set_iopl, &iopl), 0);
	check("map_pirq", hypercall(physdev_op, PHYSDEVOP_map_pirq, &map), 0);
	check("bind_pirq of the RTC", hypercall(event_channel_op, EVTCHNOP_bind_pirq, &bind), 0);
	unmask.port = bind.port;
	check("unmask", hypercall(event_channel_op, EVTCHNOP_unmask, &unmask), 0);
	rtc_write(0x0a, 0x26);
	rtc_write(0x0b, rtc_read(0x0b) | 0x40);
	/* One may have come before its cause was read away. */
	rtc_read(0x0c);
	event_clear(bind.port);
	for (unsigned int i = 0; i < 3; i++) {
		check_that("a periodic interrupt", wait_for(event_pending(bind.port), 2000));
		event_clear(bind.port);
		/* It came after the event and before the RTC was read: its own event follows. */
		for (cause = rtc_read(0x0c), tries = 0; !cause && tries < 10; tries++) {
			wait_for(event_pending(bind.port), 2000);
			event_clear(bind.port);
			cause = rtc_read(0x0c);
		}
		check("the RTC says it was the cause", cause & 0xc0, 0xc0);
		check("eoi", hypercall(physdev_op, PHYSDEVOP_eoi, &eoi), 0);
	}
	rtc_write(0x0b, rtc_read(0x0b) & ~0x40U);
	check("close", event_close(bind.port), 0);
}
