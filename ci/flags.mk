# SPDX-License-Identifier: MIT
# Compiler flags of the two halves, and of the C library that the guest half stands on.

# On a fresh machine these are read once before ci/deps has installed the compiler, and then again.
GCC_INCLUDE := $(shell $(CC) -print-file-name=include 2>/dev/null)
LIBGCC      := $(shell $(CC) -print-libgcc-file-name 2>/dev/null)
NEWLIB      := build/third/newlib/x86_64-elf

COMMON_FLAGS := -std=gnu11 -O2 -g -Wall -Wextra -Werror -Wno-unused-parameter \
	-ffreestanding -fno-stack-protector -fcf-protection=none -fno-asynchronous-unwind-tables \
	-fno-tree-loop-distribute-patterns -mno-red-zone -ffunction-sections -fdata-sections \
	-ffile-prefix-map=$(CURDIR)=. -I.

# The hypervisor runs at 0xffff82d080000000, out of reach of every non-PIC code model: it is
# compiled position-independent, with all symbols hidden so that none goes through a GOT.
HYPERVISOR_FLAGS := $(COMMON_FLAGS) -nostdinc -isystem $(GCC_INCLUDE) -isystem build/include \
	-Ihypervisor/include -fpie -mcmodel=small -fvisibility=hidden -include ci/hidden.h \
	-mgeneral-regs-only

# Test images that stand on the bare ABI, without guest/.
BARE_FLAGS := $(COMMON_FLAGS) -nostdinc -isystem $(GCC_INCLUDE) -isystem build/include \
	-fno-pic -fno-pie -mcmodel=small -mgeneral-regs-only

# What newlib and everything above it are compiled with alike, so that they agree on types.
POSIX_FLAGS := -U__linux__ -U__linux -Ulinux -U__gnu_linux__ -U__unix__ -U__unix -Uunix \
	-D__DYNAMIC_REENT__ -D_POSIX_C_SOURCE=200809L -D_DEFAULT_SOURCE -D_POSIX_THREADS=1 \
	-D_POSIX_TIMERS=1 -D_POSIX_MONOTONIC_CLOCK=200112L -D_POSIX_TIMEOUTS=1 \
	-D_POSIX_CLOCK_SELECTION=200112L -D_POSIX_READER_WRITER_LOCKS=200112L \
	-D_POSIX_SPIN_LOCKS=200112L -D_POSIX_BARRIERS=200112L -D_POSIX_SEMAPHORES=200112L \
	-D_POSIX_THREAD_ATTR_STACKSIZE=200112L -D_POSIX_THREAD_ATTR_STACKADDR=200112L \
	-D_UNIX98_THREAD_MUTEX_ATTRIBUTES=1 -DFD_SETSIZE=1024 -DOPEN_MAX=1024
GUEST_CODE_FLAGS := -O2 -mno-red-zone -fno-pic -fno-pie -mcmodel=small -ffreestanding \
	-fno-stack-protector -fcf-protection=none -fno-asynchronous-unwind-tables \
	-ffunction-sections -fdata-sections
NEWLIB_FLAGS := $(GUEST_CODE_FLAGS) $(POSIX_FLAGS) -DGETREENT_PROVIDED -DSIGNAL_PROVIDED \
	-DHAVE_FCNTL -DHAVE_RENAME -DHAVE_NANOSLEEP -DHAVE_BLKSIZE -DNO_EXEC -D_NO_POPEN \
	-D_NO_POSIX_SPAWN -D_NO_WORDEXP -I$(CURDIR)/guest/libc/include

# Order matters: our headers before gcc's, those before newlib's.
GUEST_INCLUDES := -nostdinc -isystem guest/libc/include -isystem $(GCC_INCLUDE) \
	-isystem $(NEWLIB)/include -isystem build/include
GUEST_FLAGS := $(COMMON_FLAGS) -fno-pic -fno-pie -mcmodel=small $(POSIX_FLAGS) $(GUEST_INCLUDES)

# Third-party code keeps its own warnings to itself.
THIRD_FLAGS := -std=gnu11 $(GUEST_CODE_FLAGS) -w $(POSIX_FLAGS) $(GUEST_INCLUDES)
