/* SPDX-License-Identifier: MIT */
/*
 * Rule: a device interrupts the processor where the vcpu runs that gets its events, and follows it
 * to another. What a hypervisor says of it is its own way of telling, so this looks at Lamina only.
 */
#include "../kit/kit.h"
#include "../kit/rtc.h"

#define SOME 12 /* interrupts; it may let some stray before it follows */

static long console(unsigned int cmd, void *text, unsigned int size, unsigned int *got)
{
	struct xen_sysctl op = { .cmd = cmd, .interface_version = XEN_SYSCTL_INTERFACE_VERSION };
	long err;

	if (cmd == XEN_SYSCTL_debug_keys) {
		op.u.debug_keys.nr_keys = size;
		set_xen_guest_handle(op.u.debug_keys.keys, text);
		return hypercall(sysctl, &op);
	}
	op.u.readconsole.count = size;
	op.u.readconsole.clear = 1;
	set_xen_guest_handle(op.u.readconsole.buffer, text);
	err = hypercall(sysctl, &op);
	*got = op.u.readconsole.count;
	return err;
}

/* The processor that the RTC interrupts, as Lamina's debug key i prints it; -1: it does not. */
static long processor_of_rtc(void)
{
	static char text[32769], key = 'i';
	unsigned int got = 0;
	const char *at;

	if (console(XEN_SYSCTL_debug_keys, &key, 1, NULL) ||
	    console(XEN_SYSCTL_readconsole, text, sizeof(text) - 1, &got))
		return -1;
	text[got] = 0;
	at = strstr(text, "pirq 8: ");
	at = at ? strstr(at, ", cpu ") : NULL;
	return at ? at[6] - '0' : -1;
}

static long interrupts(unsigned int port, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		if (!wait_for(event_pending(port), 5000))
			return i;
		event_clear(port);
		rtc_read(0x0c);
	}
	return n;
}

TEST
{
	struct physdev_set_iopl iopl = { .iopl = 1 };
	struct physdev_map_pirq map = {
		.domid = DOMID_SELF, .type = MAP_PIRQ_TYPE_GSI, .index = RTC_IRQ, .pirq = RTC_IRQ
	};
	struct evtchn_bind_pirq bind = { .pirq = RTC_IRQ };
	struct evtchn_unmask unmask = { 0 };

	if (processors() < 2)
		skip("one processor");
	bind_to(0, 1);
	check("set_iopl", hypercall(physdev_op, PHYSDEVOP_set_iopl, &iopl), 0);
	check("map_pirq", hypercall(physdev_op, PHYSDEVOP_map_pirq, &map), 0);
	check("bind_pirq of the RTC", hypercall(event_channel_op, EVTCHNOP_bind_pirq, &bind), 0);
	if (processor_of_rtc() < 0)
		skip("it does not say which processor is interrupted");
	check("it interrupts processor", processor_of_rtc(), 1);
	unmask.port = bind.port;
	check("unmask", hypercall(event_channel_op, EVTCHNOP_unmask, &unmask), 0);
	rtc_write(0x0a, 0x26);
	rtc_write(0x0b, rtc_read(0x0b) | 0x40);
	rtc_read(0x0c);
	check("interrupts", interrupts(bind.port, SOME), SOME);
	check("on processor", processor_of_rtc(), 1);
	bind_to(0, 0);
	check("with the vcpu on another: interrupts", interrupts(bind.port, SOME), SOME);
	check("on processor", processor_of_rtc(), 0);
	bind_to(0, 1);
	check("and back: interrupts", interrupts(bind.port, SOME), SOME);
	check("on processor", processor_of_rtc(), 1);
	rtc_write(0x0b, rtc_read(0x0b) & ~0x40U);
	check("close", event_close(bind.port), 0);
}
