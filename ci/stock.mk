# SPDX-License-Identifier: MIT
# Debian's own kernels and userland beside our halves: made by ci/stock under build/stock, of packages
# that are downloaded once. A root disk is made anew when its files change.

STOCK := build/stock

GUEST_PACKAGES := busybox-static bash coreutils util-linux mount sed grep gawk iperf3 stress-ng \
	xenstore-utils gdb-minimal nginx-light
GUEST_MODULES  := xen-blkfront xen-netfront crc32c_generic ext4 xenfs
STOCK_GUEST    := $(STOCK)/cloud/version $(STOCK)/cloud.cpio.gz $(STOCK)/guest.ext4

$(STOCK)/cloud/version: ci/stock ci/private-apt
	$(call say,FETCH,linux-image-cloud-amd64)
	$(Q)ci/stock kernel $(@D) linux-image-cloud-amd64

$(STOCK)/amd64/version: ci/stock ci/private-apt
	$(call say,FETCH,linux-image-amd64)
	$(Q)ci/stock kernel $(@D) linux-image-amd64

$(STOCK)/6.12/version: ci/stock ci/private-apt
	$(call say,FETCH,linux-image-6.12-amd64)
	$(Q)ci/stock kernel $(@D) linux-image-6.12-amd64

$(STOCK)/cloud.cpio.gz $(STOCK)/amd64.cpio.gz $(STOCK)/6.12.cpio.gz: $(STOCK)/%.cpio.gz: $(STOCK)/%/version tests/stock/initrd
	$(call say,RAMDISK,$@)
	$(Q)ci/stock initrd $@ $(<D) tests/stock/initrd $(GUEST_MODULES)

$(STOCK)/guest.list: LIST = $(GUEST_PACKAGES)
$(STOCK)/guest.ext4: ci/stock $(STOCK)/guest.list $(shell find tests/stock/guest -type f)
	$(call say,DISK,$@)
	$(Q)ci/stock root $@ 700 tests/stock/guest $(GUEST_PACKAGES)

# GRUB as a PV guest, and the disk that it boots from. It does not unpack zstd: Linux 6.1 only.
$(STOCK)/grub: ci/stock ci/private-apt
	$(call say,FETCH,grub-xen-host)
	$(Q)ci/stock file $@ grub-xen-host usr/lib/grub-xen/grub-x86_64-xen.bin

$(STOCK)/boot.ext4: ci/stock $(STOCK)/amd64/version $(STOCK)/amd64.cpio.gz
	$(call say,DISK,$@)
	$(Q)ci/stock boot $@ 'root=/dev/xvda console=hvc0' $(STOCK)/amd64

STOCK_KERNELS := $(foreach k,cloud amd64 6.12,$(STOCK)/$k/version $(STOCK)/$k.cpio.gz)

# Xen's dom0: vda is httpd's disk, as in its configuration; vdb the root; vdc our images.
DOM0_PACKAGES := busybox-static bash dash coreutils util-linux mount sed grep gawk findutils hostname \
	iproute2 bridge-utils kmod xen-utils-4.17 xen-utils-common xenstore-utils netcat-openbsd
DOM0_MODULES  := virtio_pci virtio_blk crc32c_generic ext4
XEN_DOM0      := build/third/xen/xen $(STOCK)/dom0.cpio.gz $(STOCK)/dom0.ext4 build/run/httpd.ext4

$(STOCK)/dom0.cpio.gz: $(STOCK)/amd64/version tests/stock/initrd
	$(call say,RAMDISK,$@)
	$(Q)ci/stock initrd $@ $(<D) tests/stock/initrd $(DOM0_MODULES)

$(STOCK)/dom0.list: LIST = $(DOM0_PACKAGES)
$(STOCK)/dom0.ext4: ci/stock $(STOCK)/dom0.list $(STOCK)/amd64/version $(shell find tests/stock/dom0 -type f)
	$(call say,DISK,$@)
	$(Q)ci/stock root $@ 1000 tests/stock/dom0,$(STOCK)/amd64 $(DOM0_PACKAGES)

# Programs for a Debian guest: the first is ordinary, the second has no libc, as there is none of 32 bits.
$(STOCK)/forms: tests/stock/forms/main.c | build/.deps
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D) && $(CC) -O2 -Wall -Wextra -Werror -fno-stack-protector -static -o $@ $<

$(STOCK)/forms32: tests/stock/forms/forms32.c | build/.deps
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D) && $(CC) -m32 -O2 -Wall -Wextra -Werror -ffreestanding -fno-pic -no-pie \
		-fno-stack-protector -nostdlib -static -o $@ $<

STOCK_FORMS := $(STOCK)/forms $(STOCK)/forms32

$(STOCK)/guest-reference.json: $(STOCK_GUEST) $(STOCK_KERNELS) $(STOCK_FORMS) $(XEN_DOM0) tests/stock/guest-reference
	$(call say,XEN,$@)
	$(Q)tests/stock/guest-reference $@ cloud amd64 6.12 > $(STOCK)/guest-reference.log

GUEST_TEST = $(STOCK_GUEST) $(STOCK_KERNELS) $(STOCK)/boot.ext4 $(STOCK)/grub $(STOCK_FORMS) \
	$(STOCK)/guest-reference.json
guest-test: all build/run/httpd.ext4 $(GUEST_TEST) ## Debian's kernels and GRUB as guests of Lamina; PARTS=words
	$(Q)ci/deps iperf3
	$(Q)tests/stock/guest-test $(PARTS)

# The short forms of both.
test: $(STOCK_GUEST) $(XEN_DOM0)

xen-test: all $(XEN_DOM0) build/tests/counter ## our images as guests of stock Xen with Linux as dom0
	$(Q)tests/stock/xen-test

abi-report: all test-images build/third/xen/xen $(XEN_DOM0) ## table of the ABI's rules on Xen and on Lamina
	$(Q)rm -f build/tests/logs/abi-*
	$(Q)tests/run abi/ || true
	$(Q)tests/stock/abi-domu lamina || true
	$(Q)tests/stock/abi-domu xen || true
	$(Q)tests/stock/abi-report > build/abi-report.md; status=$$?; tail -n 1 build/abi-report.md; exit $$status

# One after the other: each wants the machine for itself.
test-all: ## make test, the long forms of some, guest-test, xen-test and abi-report
	$(Q)$(MAKE) test
	$(Q)tests/run --long
	$(Q)VCPUS=2x2,4x4,2x4 REQUESTS=5000 tests/system/vcpus.py
	$(Q)MACHINES=lamina:1,lamina:4,xen:1,xen:4 tests/system/guest_smp.py
	$(Q)$(MAKE) guest-test
	$(Q)$(MAKE) xen-test
	$(Q)$(MAKE) abi-report

.PHONY: guest-test xen-test abi-report test-all
