# SPDX-License-Identifier: MIT
# Debian's own kernels and userland beside our halves: made by ci/stock under build/stock, of packages
# that are downloaded once. A root disk is made anew when its files change.

STOCK := build/stock

GUEST_PACKAGES := busybox-static bash coreutils util-linux mount gawk procps iperf3 stress-ng \
	xenstore-utils
GUEST_MODULES  := xen-blkfront xen-netfront ext4 xenfs
STOCK_GUEST    := $(STOCK)/cloud/version $(STOCK)/cloud.cpio.gz $(STOCK)/guest.ext4

$(STOCK)/cloud/version: ci/stock ci/private-apt
	$(call say,FETCH,linux-image-cloud-amd64)
	$(Q)ci/stock kernel $(@D) linux-image-cloud-amd64

$(STOCK)/amd64/version: ci/stock ci/private-apt
	$(call say,FETCH,linux-image-amd64)
	$(Q)ci/stock kernel $(@D) linux-image-amd64

$(STOCK)/cloud.cpio.gz $(STOCK)/amd64.cpio.gz: $(STOCK)/%.cpio.gz: $(STOCK)/%/version tests/stock/initrd
	$(call say,RAMDISK,$@)
	$(Q)ci/stock initrd $@ $(<D) tests/stock/initrd $(GUEST_MODULES)

$(STOCK)/guest.list: LIST = $(GUEST_PACKAGES)
$(STOCK)/guest.ext4: ci/stock $(STOCK)/guest.list $(shell find tests/stock/guest -type f)
	$(call say,DISK,$@)
	$(Q)ci/stock root $@ 700 tests/stock/guest $(GUEST_PACKAGES)

# The short form.
test: $(STOCK_GUEST)

guest-test: all $(STOCK_GUEST) $(STOCK)/amd64.cpio.gz ## Debian's kernels as guests of Lamina
	$(Q)tests/stock/guest-test

.PHONY: guest-test
