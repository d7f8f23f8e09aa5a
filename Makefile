# SPDX-License-Identifier: MIT
# Builds the hypervisor (build/lamina), the guest images (build/images/NAME) and runs them.
# Sources are found by folder; `make help` lists the targets, V=1 shows the commands.

MAKEFLAGS += --no-builtin-rules --no-builtin-variables
.SUFFIXES:
.PRECIOUS: build/download/%.tar build/third/%/.unpacked
.DELETE_ON_ERROR:

CC      := gcc
LD      := ld
AR      := ar

APP ?= httpd
V   ?= 0
Q   := $(if $(filter 1,$(V)),,@)
say  = @printf '%-7s %s\n' '$(1)' '$(2)'

all: build/lamina images build/ci/backlog.so ## build the hypervisor, dom0 and every example (the default)

# An included file that is out of date is made first, and make starts over: by then the tools are there.
ifneq ($(filter-out clean format help new-app,$(or $(MAKECMDGOALS),all)),)
include build/.deps
endif
include ci/flags.mk
include ci/third.mk

# sources(folders): C and assembly files of these folders; objects(prefix,sources): what they
# compile to.
sources = $(wildcard $(foreach d,$(1),$(d)/*.c $(d)/*.S))
objects = $(patsubst %,$(1)/%.o,$(2))

# --- compiling: the same source may be built for both halves, into different folders ----------

compile = $(Q)mkdir -p $(@D) && $(CC) $(1) -MD -MP -MF $(@:.o=.d) -c -o $@ $<

# hypervisor_rules(folder,1 to check the order of locks: core/lockcheck.c)
define hypervisor_rules
$(1)/%.c.o: %.c Makefile | build/include/xen
	$$(call say,CC,$$<)
	$$(call compile,$$(HYPERVISOR_FLAGS) -DLOCKCHECK=$(2))

$(1)/%.S.o: %.S Makefile | build/include/xen
	$$(call say,AS,$$<)
	$$(call compile,$$(HYPERVISOR_FLAGS) -D__ASSEMBLY__=)
endef
$(eval $(call hypervisor_rules,build/hv,0))
$(eval $(call hypervisor_rules,build/hvc,1))

build/guest/%.c.o: %.c Makefile | build/include/xen $(GUEST_HEADERS)
	$(call say,CC,$<)
	$(call compile,$(GUEST_FLAGS) $(call third_includes,$<))

build/guest/%.S.o: %.S Makefile | build/include/xen $(GUEST_HEADERS)
	$(call say,AS,$<)
	$(call compile,$(GUEST_FLAGS) -D__ASSEMBLY__=)

build/bare/%.c.o: %.c Makefile | build/include/xen
	$(call say,CC,$<)
	$(call compile,$(BARE_FLAGS))

build/bare/%.S.o: %.S Makefile | build/include/xen
	$(call say,AS,$<)
	$(call compile,$(BARE_FLAGS) -D__ASSEMBLY__=)

# Xen's public headers, without the rest of /usr/include.
build/include/xen:
	$(Q)mkdir -p $(@D) && ln -sfn /usr/include/xen $@

# A list of files that is rewritten only when it changes: what was linked of a source that has
# gone away is linked anew.
build/%.list: FORCE
	$(Q)mkdir -p $(@D) && printf '%s\n' $(LIST) | cmp -s - $@ || printf '%s\n' $(LIST) > $@

# archive(path,objects): a static library of exactly these objects.
define archive
$(1).list: LIST = $(2)
$(1): $(2) $(1).list
	$$(call say,AR,$$@)
	$$(Q)rm -f $$@.new && $$(AR) rcs $$@.new $(2) && mv $$@.new $$@
endef

LDFLAGS := -nostdlib -static --no-pie -z noexecstack -z max-page-size=4096 --gc-sections \
	--no-warn-rwx-segments

# --- the hypervisor -----------------------------------------------------------------------------

HYPERVISOR_SOURCES := $(call sources,lib hypervisor/x86 hypervisor/pv hypervisor/core)

# hypervisor(path,objects)
define hypervisor
$(1).list: LIST = $(2)
$(1): hypervisor/x86/lamina.lds $(2) $(1).list ci/symbols ci/link
	$$(call say,LINK,$$@)
	$$(Q)ci/link $$@ $$(LD) $$(LDFLAGS) --build-id=sha1 -T $$< $(2)
endef
$(eval $(call hypervisor,build/lamina,$(call objects,build/hv,$(HYPERVISOR_SOURCES))))
$(eval $(call hypervisor,build/lamina-checked,$(call objects,build/hvc,$(HYPERVISOR_SOURCES))))

# --- the guest's archives ---------------------------------------------------------------------

GUEST_PARTS := lib guest net blk xenstore
part_dirs = $(1) $(patsubst %/,%,$(wildcard $(1)/*/))
$(foreach p,$(GUEST_PARTS),$(eval $(call archive,build/$(p)/lib$(p).a,$(call \
	objects,build/guest,$(call sources,$(call part_dirs,$(p)))))))

# --- images -------------------------------------------------------------------------------------

# PARTS_NAME in the folder's app.mk names the parts that start by themselves. A part is a list of
# init calls (guest/init.h); all else comes from the archives as it is referred to.
PART_base     := client_start control_start
PART_net      := netfront_register stack_start
PART_disk     := blkfront_init ext4_mount_all
PART_backends := xenstored_start virtio_blk_start blkback_init
EXAMPLES   := $(patsubst examples/%/,%,$(wildcard examples/*/))
IMAGES     := $(EXAMPLES) $(if $(wildcard dom0/*.c),dom0)
-include $(wildcard examples/*/app.mk dom0/app.mk)

GUEST_ARCHIVES := $(foreach p,$(GUEST_PARTS),build/$(p)/lib$(p).a)
GUEST_LIBRARIES = $(GUEST_ARCHIVES) $(THIRD_ARCHIVES) $(NEWLIB)/lib/libc.a $(NEWLIB)/lib/libm.a

# image(path,objects,parts)
define image
$(1).list: LIST = $(2) $(foreach p,base $(3),$(PART_$(p)))
$(1): guest/guest.lds $(2) $$(GUEST_ARCHIVES) $$(THIRD_ARCHIVES) $(NEWLIB)/.built $(1).list \
		ci/symbols ci/link
	$$(call say,LINK,$$@)
	$$(Q)ci/link $$@ $$(LD) $$(LDFLAGS) -T $$< $(2) \
		$(foreach p,base $(3),$(PART_$(p):%=-u initcall_%)) \
		--whole-archive build/guest/libguest.a --no-whole-archive \
		--start-group $$(GUEST_LIBRARIES) $$(LIBGCC) --end-group
endef

image_dir = $(if $(filter dom0,$(1)),dom0,examples/$(1))
$(foreach i,$(IMAGES),$(eval $(call image,build/images/$(i),$(call objects,build/guest,$(call \
	sources,$(call part_dirs,$(call image_dir,$(i))))),$(PARTS_$(i)))))

# The library OS's test of itself, and frontends that break the rules.
$(eval $(call image,build/tests/guest,$(call objects,build/guest,$(call \
	sources,tests/guest)),net))
$(eval $(call image,build/tests/hostile,$(call objects,build/guest,$(call \
	sources,tests/hostile))))

# What `make xen-test` saves and restores.
$(eval $(call image,build/tests/counter,$(call objects,build/guest,$(call \
	sources,tests/stock/counter)),net))

stress: build/lamina build/lamina-checked build/tests/abi/smp-stress ## domains that do everything at once, N=20 times on 2 and on 4 processors
	$(Q)tests/stress $(or $(N),20) build/lamina build/lamina build/lamina-checked

images: $(addprefix build/images/,$(IMAGES)) ## build dom0 and the examples only

# The ABI tests' images, one a folder; each holds the kit and one main.c.
ABI_TESTS := $(patsubst tests/abi/%/main.c,%,$(wildcard tests/abi/*/main.c))
ABI_KIT   := $(call objects,build/bare,$(call sources,tests/abi/kit) \
	lib/string.c lib/format.c)

$(ABI_TESTS:%=build/tests/abi/%): build/tests/abi/%: tests/abi/kit/kit.lds $(ABI_KIT) \
		build/bare/tests/abi/%/main.c.o
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D) && $(LD) -nostdlib -static --no-pie -z noexecstack \
		-z max-page-size=4096 --no-warn-rwx-segments -T $< $(filter %.o,$^) -o $@

# The hostile domain stands on the same kit.
build/tests/torture: tests/abi/kit/kit.lds $(ABI_KIT) $(call objects,build/bare,$(call \
		sources,tests/torture))
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D) && $(LD) -nostdlib -static --no-pie -z noexecstack \
		-z max-page-size=4096 --no-warn-rwx-segments -T $< $(filter %.o,$^) -o $@

# And the dom0 that measures shares.
build/tests/shares: tests/abi/kit/kit.lds $(ABI_KIT) $(call objects,build/bare,$(call \
		sources,tests/shares))
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D) && $(LD) -nostdlib -static --no-pie -z noexecstack \
		-z max-page-size=4096 --no-warn-rwx-segments -T $< $(filter %.o,$^) -o $@

test-images: $(ABI_TESTS:%=build/tests/abi/%) $(addprefix build/tests/,guest torture hostile counter shares) ## build the images of the tests

# --- running ------------------------------------------------------------------------------------

# One folder of build/run for each choice of applications, so that switching rebuilds nothing.
empty :=
RUN   := build/run/$(subst $(empty) ,+,$(strip $(APP)))
DISKS := $(foreach a,$(APP),$(if $(wildcard examples/$(a)/www),build/run/$(a).ext4))

run: build/lamina build/images/dom0 build/ci/backlog.so $(RUN).cpio.gz $(DISKS) ## boot APP=httpd; PORT=, MEMORY=, SMP=2, ACCEL=kvm
	$(Q)PORT='$(PORT)' GUEST_PORTS='$(foreach a,$(APP),$(if $(filter \
		net,$(PARTS_$(a))),$(a):$(or $(PORT_$(a)),80)))' MEMORY='$(MEMORY)' \
		ACCEL='$(ACCEL)' SMP='$(SMP)' DOM0_ARGS='$(DOM0_ARGS)' ci/run-vm $(RUN).cpio.gz $(DISKS)

$(RUN).cpio.gz: $(foreach a,$(APP),build/images/$(a) examples/$(a)/$(a).cfg) ci/vm.py \
		ci/make-ramdisk
	$(call say,RAMDISK,$@)
	$(Q)mkdir -p $(@D) && ci/make-ramdisk $@ $(APP)

# The folder's files are found when the rule is read, not by pattern.
define disk
build/run/$(1).ext4: $(shell find examples/$(1)/www -type f | sed 's/ /\\ /g')
endef
$(foreach a,$(EXAMPLES),$(if $(wildcard examples/$(a)/www),$(eval $(call disk,$(a)))))

build/run/%.ext4: ci/make-disk
	$(call say,DISK,$@)
	$(Q)ci/make-disk $@ examples/$*/www build/run/$*.www

new-app: ## lay out a new application, NAME=x, in examples/x
	$(Q)ci/new-app '$(NAME)'

# --- testing and measuring ----------------------------------------------------------------------

test: all test-images build/third/xen/xen build/run/httpd.ext4 ## run every test; TESTS=words picks by name
	$(Q)tests/run $(TESTS)

build/third/xen/xen: ci/fetch-xen ci/private-apt
	$(call say,FETCH,xen)
	$(Q)ci/fetch-xen $@

size: all build/run/httpd.ext4 ## print all images' sizes, and the least memory of hello and httpd
	$(Q)ci/size $(IMAGES)
	$(Q)ci/least-memory hello httpd

# For QEMU's own process: its plugins, and what is preloaded into it.
build/ci/backlog.so: ci/backlog.c
build/bench/count.so build/bench/trace.so build/bench/blocks.so build/ci/backlog.so: | build/.deps
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D) && $(CC) -O2 -Wall -Wextra -Werror -shared -fPIC -o $@ $<

include ci/stock.mk
include bench/bench.mk

# --- the rest -----------------------------------------------------------------------------------

build/.deps: ci/deps
	$(Q)ci/deps
	$(Q)mkdir -p build && touch $@

format: ## bring lines of more than 100 columns into shape (needs clang-format)
	$(Q)ci/format

help: ## list these targets
	@sed -n 's/^\([a-z][a-z-]*\):.*## \(.*\)/\1\t\2/p' Makefile ci/stock.mk bench/bench.mk | expand -t 13

clean: ## remove everything that was built
	$(Q)rm -rf build

FORCE:
.PHONY: all stress images test-images run new-app test size format help clean FORCE

-include $(shell test -d build && find build/hv build/hvc build/guest build/bare build/third -name '*.d' \
	2>/dev/null)
