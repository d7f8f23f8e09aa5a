# SPDX-License-Identifier: MIT
# What is measured: `make bench` and its parts. bench/README.md tells how.

HYPERVISOR ?= build/lamina

# One after the other: each wants the machine for itself.
bench: ## measure all: bench-calls, bench-create, bench-scale, bench-system
	$(Q)$(MAKE) bench-calls
	$(Q)$(MAKE) bench-create
	$(Q)$(MAKE) bench-scale
	$(Q)$(MAKE) bench-system

bench-calls: $(HYPERVISOR) build/bench/image build/third/xen/xen ## cost of every operation beside stock Xen's; HYPERVISOR=path
	$(Q)ci/deps gnuplot-nox
	$(Q)bench/run $(HYPERVISOR) build/third/xen/xen build/bench/image build/bench

bench-profile: build/lamina build/bench/image build/bench/trace.so ## where the instructions of a row go, ROW='grant map'
	$(Q)bench/profile '$(ROW)'

bench-boot: all $(addprefix build/bench/,count.so blocks.so) $(RUN).cpio.gz $(DISKS) ## count instructions from reset to the served page
	$(Q)bench/boot $(RUN).cpio.gz $(DISKS)

bench-create: all build/bench/count.so ## count instructions from the toolstack's create to main(), first and 200th domain
	$(Q)bench/create

# The benchmark's image stands on the ABI tests' kit.
build/bench/image: tests/abi/kit/kit.lds $(ABI_KIT) $(call objects,build/bare,$(filter-out \
		%-plugin.c,$(call sources,bench)))
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D) && $(LD) -nostdlib -static --no-pie -z noexecstack \
		-z max-page-size=4096 --no-warn-rwx-segments -T $< $(filter %.o,$^) -o $@

# Built with the tests' images, whose kit it shares.
test-images: build/bench/image

# --- how operations scale: as many domains as processors ---------------------------------------------

build/bench/scale: tests/abi/kit/kit.lds $(ABI_KIT) build/bare/bench/scale/main.c.o
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D) && $(LD) -nostdlib -static --no-pie -z noexecstack \
		-z max-page-size=4096 --no-warn-rwx-segments -T $< $(filter %.o,$^) -o $@

bench-scale: all $(HYPERVISOR) build/bench/scale build/bench/blocks.so build/bench/www.ext4 build/third/xen/xen ## operations, events and pages a second of 1, 2 and 4 processors
	$(Q)ci/deps wrk
	$(Q)bench/scale/report Lamina=$(HYPERVISOR) Xen=build/third/xen/xen build/bench/scale

# --- the whole system: the same load on our appliances and on Linux guests of stock Xen -----------

$(eval $(call image,build/bench/stream,$(call objects,build/guest,$(call sources,bench/stream)),net))
$(eval $(call image,build/bench/disk,$(call objects,build/guest,$(call sources,bench/disk) \
	bench/stream/stream.c),net disk))

# The host's and the Linux guest's stream.
build/bench/linux/sbin/stream: $(wildcard bench/stream/*)
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D) && $(CC) -O2 -Wall -Wextra -Werror -static -pthread -o $@ $(filter %.c,$^)

LINUX_PACKAGES := busybox-static bash coreutils sed mount nginx-light fio socat
LINUX_FILES    := $(shell find bench/linux -type f)

build/bench/linux.list: LIST = $(LINUX_PACKAGES)
build/bench/linux.ext4: ci/stock build/bench/linux.list build/bench/linux/sbin/stream $(LINUX_FILES)
	$(call say,DISK,$@)
	$(Q)cp -R bench/linux build/bench
	$(Q)ci/stock root $@ 700 build/bench/linux $(LINUX_PACKAGES)

# Both machines get a copy of each: a page of 1 KiB, and 128 MiB whose blocks are numbered.
build/bench/www.ext4 build/bench/data: bench/make-disks
	$(call say,DISK,$@)
	$(Q)bench/make-disks

LOADS := $(addprefix build/bench/,blocks.so count.so image stream disk linux/sbin/stream linux.ext4 www.ext4 data)
bench-system: all $(LOADS) $(XEN_DOM0) $(STOCK)/cloud/version $(STOCK)/cloud.cpio.gz ## the whole system beside Linux on stock Xen
	$(Q)ci/deps wrk gnuplot-nox
	$(Q)bench/system

# --- one Debian guest on both --------------------------------------------------------------------

build/bench/micro: bench/guest/micro.c | build/.deps
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D) && $(CC) -O2 -Wall -Wextra -Werror -static -o $@ $<

GUEST_LOADS := $(addprefix build/bench/,micro blocks.so linux/sbin/stream) $(STOCK_GUEST) $(STOCK)/amd64.cpio.gz
guest-bench: all $(GUEST_LOADS) $(XEN_DOM0) ## a Debian guest on Lamina beside the same on stock Xen; ROWS=words
	$(Q)ci/deps wrk gnuplot-nox
	$(Q)bench/guest/run $(ROWS)

# For QEMU's own process: its plugins.
build/bench/count.so: ci/count-plugin.c
build/bench/trace.so: bench/trace-plugin.c
build/bench/blocks.so: bench/blocks-plugin.c

.PHONY: bench guest-bench bench-scale bench-calls bench-profile bench-boot bench-create bench-system
