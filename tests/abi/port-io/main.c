/* SPDX-License-Identifier: MIT */
/* Rule: with IOPL a port is used if permitted, else ignored; without, in and out are a #GP. */
#include "../kit/kit.h"

static long inb(unsigned int port, unsigned int *value)
{
	unsigned int al = 0;
	long vector = attempt("inb %w1, %b0", : "+a"(al) : "d"(port));

	*value = al & 0xff;
	return vector;
}

static long outb(unsigned int port, unsigned int value)
{
	return attempt("outb %b0, %w1", : : "a"(value), "d"(port));
}

static void user_inb(void)
{
	__asm__ volatile("mov $0x71, %%edx\n\tinb %%dx, %%al\n\tmov $55, %%eax\n\tsyscall"
			 :
			 :
			 : "rax", "rdx");
}

static void peer_inb(void)
{
	unsigned int value;
	struct physdev_set_iopl iopl = { .iopl = 1 };

	box.value[2] = hypercall(physdev_op, PHYSDEVOP_set_iopl, &iopl);
	box.value[0] = inb(0x92, &value);
	box.value[1] = value;
}

TEST
{
	static const struct {
		const char *what;
		unsigned int port;
	} kept[] = {
		{ "in from the interrupt controller", 0x21 },
		{ "in from the timer", 0x40 },
		{ "in from the hypervisor's serial line", 0x3fd },
	};
	unsigned int value, low, high;
	static struct peer peer;
	char *bitmap = page_alloc();
	struct physdev_set_iobitmap bits = { .nr_ports = 65536 };
	struct physdev_set_iopl iopl = { .iopl = 1 };

	check("out to port 0x80, IOPL 0", outb(0x80, 1), TRAP_gp);
	check("set_iopl 1", hypercall(physdev_op, PHYSDEVOP_set_iopl, &iopl), 0);
	check("out to port 0x80, IOPL 1", outb(0x80, 1), TRAP_NONE);
	check("out to the RTC's index", outb(0x70, 0x0d), TRAP_NONE);
	check("in from the RTC's data", inb(0x71, &value), TRAP_NONE);
	check("register 13: valid RAM and time", value & 0x80, 0x80);
	check("in from a port of nobody", inb(0x2f7, &value), TRAP_NONE);
	check("its value", value, 0xff);
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++) {
		check(kept[i].what, inb(kept[i].port, &value), TRAP_NONE);
		check("is all ones, and nothing is read", value, 0xff);
	}
	check("in of 4 bytes from PCI's index",
	      attempt("inl %w1, %0",
		      : "=a"(low)
		      : "d"(0xcf8)),
	      TRAP_NONE);
	check("out of 4 bytes to it, then in",
	      attempt("outl %0, %w1\n\tinl %w1, %0",
		      : "=a"(high)
		      : "d"(0xcf8), "0"(0x80000000)),
	      TRAP_NONE);
	check("what is there", high, 0x80000000);
	check("device 0's vendor", ({
		      __asm__ volatile("inl %w1, %0" : "=a"(low) : "d"(0xcfc));
		      low & 0xffff;
	      }),
	      0x8086);

	user_run(user_inb, 0, 0);
	check("user mode", trap.vector, TRAP_gp);
	iopl.iopl = 3;
	check("set_iopl 3", hypercall(physdev_op, PHYSDEVOP_set_iopl, &iopl), 0);
	check("user mode", user_run(user_inb, 0, 0), 55);
	iopl.iopl = 1;
	check("set_iopl 1", hypercall(physdev_op, PHYSDEVOP_set_iopl, &iopl), 0);
	user_run(user_inb, 0, 0);
	check("user mode", trap.vector, TRAP_gp);
	set_xen_guest_handle(bits.bitmap, (uint8_t *)bitmap);
	check("set_iobitmap, nothing forbidden, of one page",
	      (bits.nr_ports = 32768, hypercall(physdev_op, PHYSDEVOP_set_iobitmap, &bits)), 0);
	check("user mode", user_run(user_inb, 0, 0), 55);
	bitmap[0x71 / 8] = 1 << (0x71 % 8);
	user_run(user_inb, 0, 0);
	check("user mode, the port forbidden", trap.vector, TRAP_gp);
	bits.nr_ports = 65537;
	check("set_iobitmap of 65537 ports", hypercall(physdev_op, PHYSDEVOP_set_iobitmap, &bits),
	      -XEN_EINVAL);

	peer_start(&peer, 1, peer_inb);
	check("a peer ends", peer_wait(&peer, 5000), SHUTDOWN_poweroff);
	check("its set_iopl 1", peer.box->value[2], 0);
	check("its in", peer.box->value[0], TRAP_NONE);
	check("is all ones", peer.box->value[1], 0xff);
}
