# SPDX-License-Identifier: MIT
# Third-party parts of the guest: fetched and checked by ci/fetch, unpacked and built under
# build/third. NAME_TARBALL=PATH gives a tarball by hand.

LWIP   := build/third/lwip
E2FS   := build/third/e2fsprogs
ZLIB   := build/third/zlib
LZ4    := build/third/lz4
XZ     := build/third/xz
ZSTD   := build/third/zstd

THIRD_PARTS := newlib lwip e2fsprogs zlib lz4 xz zstd

build/download/%.tar: | ci/fetch
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
NEWLIB_TYPES := $(wildcard guest/libc/include/machine/*.h guest/libc/include/sys/config.h \
	guest/libc/include/sys/features.h)

build/third/newlib-src/.unpacked: build/download/newlib.tar
	$(call say,UNPACK,newlib)
	$(Q)rm -rf $(@D) && mkdir -p $(@D)
	$(Q)tar -C $(@D) --strip-components=1 -xf $<
	$(Q)touch $@

build/newlib-flags.list: LIST = $(NEWLIB_FLAGS)
$(NEWLIB)/.built: build/third/newlib-src/.unpacked $(NEWLIB_TYPES) build/newlib-flags.list \
		ci/build-newlib
	$(call say,BUILD,newlib)
	$(Q)ci/build-newlib $(<D) $@ '$(NEWLIB_FLAGS)' $^

# --- what our own configuration of the others compiles ------------------------------------------

LWIP_SOURCES := api/api_lib api/api_msg api/err api/if_api api/netbuf api/netdb api/netifapi api/sockets \
	api/tcpip core/altcp core/altcp_alloc core/altcp_tcp core/def core/dns core/inet_chksum \
	core/init core/ip core/ipv4/autoip core/ipv4/dhcp core/ipv4/etharp core/ipv4/icmp \
	core/ipv4/igmp core/ipv4/ip4 core/ipv4/ip4_addr core/ipv4/ip4_frag core/ipv6/dhcp6 \
	core/ipv6/ethip6 core/ipv6/icmp6 core/ipv6/inet6 core/ipv6/ip6 core/ipv6/ip6_addr \
	core/ipv6/ip6_frag core/ipv6/mld6 core/ipv6/nd6 core/mem core/memp core/netif core/pbuf \
	core/raw core/stats core/sys core/tcp core/tcp_in core/tcp_out core/timeouts core/udp \
	netif/ethernet
E2FS_SOURCES := alloc alloc_sb alloc_stats alloc_tables atexit badblocks bb_inode bitmaps bitops \
	blkmap64_ba blkmap64_rb blknum block bmap check_desc closefs crc16 crc32c csum dblist \
	dblist_dir dirblock dirhash dir_iterate expanddir ext2_err ext_attr extent fallocate \
	fileio freefs gen_bitmap gen_bitmap64 get_num_dirs get_pathname hashmap i_block icount \
	ind_block initialize inline inline_data inode io_manager link lookup mkdir mkjournal mmp \
	namei native newdir openfs orphan progress punch rbtree read_bb res_gdt \
	rw_bitmaps sha512 swapfs symlink unlink valid_blk version
ZLIB_SOURCES := adler32 crc32 inffast inflate inftrees zutil
# What unpacks a bzImage: decoders only, of xz those that the kernel's build uses.
LZ4_SOURCES := lz4
XZ_SOURCES := check/check check/crc32_fast check/crc32_table common/block_decoder \
	common/block_header_decoder common/block_util common/common common/filter_common \
	common/filter_decoder common/filter_flags_decoder common/index_hash \
	common/stream_buffer_decoder common/stream_decoder common/stream_flags_common \
	common/stream_flags_decoder common/vli_decoder common/vli_size lz/lz_decoder \
	lzma/lzma2_decoder lzma/lzma_decoder simple/simple_coder simple/simple_decoder simple/x86
ZSTD_SOURCES := common/debug common/entropy_common common/error_private common/fse_decompress \
	common/xxhash common/zstd_common decompress/huf_decompress decompress/zstd_ddict \
	decompress/zstd_decompress decompress/zstd_decompress_block

LWIP_INCLUDES := -Inet/lwip -isystem $(LWIP)/src/include
E2FS_INCLUDES := -isystem ci/e2fsprogs -isystem $(E2FS)/lib -isystem $(E2FS)/lib/ext2fs
ZLIB_INCLUDES := -isystem $(ZLIB)
UNPACK_INCLUDES := -isystem $(LZ4)/lib -isystem $(XZ)/src/liblzma/api -isystem $(ZSTD)/lib
XZ_FLAGS := $(addprefix -I$(XZ)/src/,common $(addprefix liblzma/,api check common delta lz lzma \
	rangecoder simple)) -DHAVE_STDINT_H -DHAVE_INTTYPES_H -DHAVE_STDBOOL_H -DHAVE_CHECK_CRC32 \
	-DHAVE_DECODERS -DHAVE_DECODER_LZMA1 -DHAVE_DECODER_LZMA2 -DHAVE_DECODER_X86 -DSIZEOF_SIZE_T=8 \
	-DTUKLIB_SYMBOL_PREFIX=lzma_ -DTUKLIB_FAST_UNALIGNED_ACCESS

LWIP_OBJECTS := $(LWIP_SOURCES:%=$(LWIP)/src/%.o)
E2FS_OBJECTS := $(E2FS_SOURCES:%=$(E2FS)/lib/ext2fs/%.o) \
	$(addprefix $(E2FS)/lib/et/,com_err.o error_message.o et_name.o)
ZLIB_OBJECTS := $(ZLIB_SOURCES:%=$(ZLIB)/%.o)
LZ4_OBJECTS  := $(LZ4_SOURCES:%=$(LZ4)/lib/%.o)
XZ_OBJECTS   := $(XZ_SOURCES:%=$(XZ)/src/liblzma/%.o)
ZSTD_OBJECTS := $(ZSTD_SOURCES:%=$(ZSTD)/lib/%.o)

compile_third = $(Q)$(CC) $(THIRD_FLAGS) $(1) -MD -MP -MF $(@:.o=.d) -c -o $@ $(@:.o=.c)

# What lwIP would cut into fragments may be a TCP packet for the device to cut: net/tso.c decides.
$(LWIP)/src/core/ipv4/ip4.o: LWIP_INCLUDES += -Dip4_frag=tso_ip4_frag
$(LWIP)/src/core/ipv6/ip6.o: LWIP_INCLUDES += -Dip6_frag=tso_ip6_frag

$(LWIP_OBJECTS): $(LWIP)/.unpacked ci/flags.mk ci/third.mk | $(NEWLIB)/.built build/include/xen
	$(call say,CC,$@)
	$(call compile_third,$(LWIP_INCLUDES))

# For size: its speed is the disk's.
$(E2FS_OBJECTS): $(E2FS)/.configured ci/flags.mk ci/third.mk | $(NEWLIB)/.built
	$(call say,CC,$@)
	$(call compile_third,$(E2FS_INCLUDES) -DHAVE_CONFIG_H -Os)

$(ZLIB_OBJECTS): $(ZLIB)/.unpacked ci/flags.mk ci/third.mk | $(NEWLIB)/.built
	$(call say,CC,$@)
	$(call compile_third,)

$(LZ4_OBJECTS): $(LZ4)/.unpacked ci/flags.mk ci/third.mk | $(NEWLIB)/.built
	$(call say,CC,$@)
	$(call compile_third,)

$(XZ_OBJECTS): $(XZ)/.unpacked ci/flags.mk ci/third.mk | $(NEWLIB)/.built
	$(call say,CC,$@)
	$(call compile_third,$(XZ_FLAGS))

$(ZSTD_OBJECTS): $(ZSTD)/.unpacked ci/flags.mk ci/third.mk | $(NEWLIB)/.built
	$(call say,CC,$@)
	$(call compile_third,-I$(ZSTD)/lib -I$(ZSTD)/lib/common -DZSTD_DISABLE_ASM -DDYNAMIC_BMI2=0)

# The sources that e2fsprogs generates: its table of errors, of checksums, and its types.
$(E2FS)/.configured: $(E2FS)/.unpacked ci/e2fsprogs/config.h
	$(Q)ci/e2fsprogs/generate $(E2FS) $(CC)
	$(Q)touch $@

$(LWIP)/liblwip.a: $(LWIP_OBJECTS)
$(E2FS)/libext2fs.a: $(E2FS_OBJECTS)
$(ZLIB)/libz.a: $(ZLIB_OBJECTS)
$(LZ4)/liblz4.a: $(LZ4_OBJECTS)
$(XZ)/liblzma.a: $(XZ_OBJECTS)
$(ZSTD)/libzstd.a: $(ZSTD_OBJECTS)

THIRD_ARCHIVES := $(LWIP)/liblwip.a $(E2FS)/libext2fs.a $(ZLIB)/libz.a $(LZ4)/liblz4.a \
	$(XZ)/liblzma.a $(ZSTD)/libzstd.a

$(THIRD_ARCHIVES):
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

# What must be there before guest sources compile, and what they may include of it, by folder.
GUEST_HEADERS := $(NEWLIB)/.built $(LWIP)/.unpacked $(E2FS)/.configured $(ZLIB)/.unpacked \
	$(LZ4)/.unpacked $(XZ)/.unpacked $(ZSTD)/.unpacked
third_includes = $(if $(filter net/% tests/guest/%,$(1)),$(LWIP_INCLUDES)) \
	$(if $(filter blk/%,$(1)),$(E2FS_INCLUDES)) \
	$(if $(filter dom0/% examples/%,$(1)),$(LWIP_INCLUDES) $(E2FS_INCLUDES) $(ZLIB_INCLUDES)) \
	$(if $(filter dom0/%,$(1)),$(UNPACK_INCLUDES))
