# SPDX-License-Identifier: MIT
# Third-party parts of the guest: fetched and checked by ci/fetch, unpacked and built under
# build/third. NAME_TARBALL=PATH gives a tarball by hand.

NEWLIB := build/third/newlib/x86_64-elf
LWIP   := build/third/lwip
E2FS   := build/third/e2fsprogs
ZLIB   := build/third/zlib

THIRD_PARTS := newlib lwip e2fsprogs zlib

build/download/%.tar: | build/.deps
	$(call say,FETCH,$*)
	$(Q)ci/fetch $* $@ $($(shell echo $* | tr a-z A-Z)_TARBALL)

# Sources appear under their final name only when they are whole.
build/third/%/.unpacked: build/download/%.tar
	$(call say,UNPACK,$*)
	$(Q)rm -rf build/third/$* && mkdir -p build/third/$*
	$(Q)tar -C build/third/$* --strip-components=1 -xf $<
	$(Q)touch $@

# newlib: its own build system, into build/third/newlib. Its types come from our overlay, so a
# change there builds it again.
NEWLIB_BUILD := build/third/newlib-build
NEWLIB_TYPES := $(wildcard guest/libc/include/machine/*.h)

build/third/newlib-src/.unpacked: build/download/newlib.tar
	$(call say,UNPACK,newlib)
	$(Q)rm -rf $(@D) && mkdir -p $(@D)
	$(Q)tar -C $(@D) --strip-components=1 -xf $<
	$(Q)touch $@

$(NEWLIB)/.built: build/third/newlib-src/.unpacked ci/flags.mk $(NEWLIB_TYPES)
	$(call say,BUILD,newlib)
	$(Q)rm -rf $(NEWLIB_BUILD) build/third/newlib && mkdir -p $(NEWLIB_BUILD)
	$(Q)cd $(NEWLIB_BUILD) && { ../newlib-src/configure --target=x86_64-elf \
		--prefix=$(CURDIR)/build/third/newlib --disable-newlib-supplied-syscalls \
		--disable-multilib --disable-nls --disable-shared --disable-libgloss \
		--enable-newlib-multithread --enable-newlib-retargetable-locking \
		--enable-newlib-io-long-long --enable-newlib-io-c99-formats \
		--enable-newlib-io-pos-args --enable-newlib-mb --enable-newlib-register-fini \
		--enable-newlib-global-stdio-streams --enable-newlib-global-atexit \
		CC_FOR_TARGET=gcc AR_FOR_TARGET=ar RANLIB_FOR_TARGET=ranlib AS_FOR_TARGET=as \
		NM_FOR_TARGET=nm STRIP_FOR_TARGET=strip OBJDUMP_FOR_TARGET=objdump \
		READELF_FOR_TARGET=readelf CFLAGS_FOR_TARGET='$(NEWLIB_FLAGS)' && \
		$(MAKE) all-target-newlib && $(MAKE) install-target-newlib; } > build.log 2>&1 || \
		{ tail -n 20 build.log; echo 'newlib: see $(NEWLIB_BUILD)/build.log'; exit 1; }
	$(Q)touch $@

# What guest sources may include of third parties, by folder.
GUEST_HEADERS := $(NEWLIB)/.built
third_includes =
THIRD_ARCHIVES :=
