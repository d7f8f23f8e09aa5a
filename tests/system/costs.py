#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Rule: on one processor no operation of the ABI costs more instructions than it did before there was a second one.
# What each cost then is revision 63ca951's; the benchmark's image counts, under the clock of instructions, which
# repeats to the last digit on any machine.
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from machine import Failure, check, main, vm

COUNTING = ["-icount", "shift=0,sleep=off", "-rtc", "base=2024-01-01T00:00:00,clock=vm"]
OPTIONS = "com1=115200,8n1 console=com1 loglvl=error guest_loglvl=none dom0_mem=64M"
BEFORE = {
    "null hypercall": 53,
    "unknown number": 30,
    "multicall of 64, each": 33.4375,
    "yield, nobody waiting": 95,
    "set_timer_op": 108,
    "set_timer_op, cancel": 117,
    "time, read without a hypercall": 31,
    "stack_switch": 58,
    "set_segment_base": 81,
    "fpu_taskswitch": 68,
    "evtchn send, masked": 115,
    "evtchn send, pending already": 108,
    "evtchn send, upcalls off": 151,
    "evtchn send + upcall + iret": 256,
    "evtchn alloc_unbound": 197,
    "evtchn bind_ipi": 171,
    "evtchn close": 158,
    "mmu_update, one remap": 453,
    "mmu_update, one map": 426,
    "mmu_update, one unmap": 408,
    "mmu_update x64 remap, each": 139.859,
    "mmu_update x64 map, each": 112.859,
    "mmu_update x64 unmap, each": 94.8594,
    "update_va_mapping": 334,
    "update_va_mapping + INVLPG": 344,
    "TLB flush, one page, local": 229,
    "TLB flush, local": 300,
    "TLB flush, all processors": 364,
    "pin an L1 of 512": 23409,
    "unpin it": 17212,
    "pin an L4 tree of 4 L1s of 512": 106209,
    "unpin the tree": 82348,
    "int3 + iret": 138,
    "#PF repaired + iret": 473,
    "#GP reflected + iret": 483,
    "#GP of lgdt reflected + iret": 442,
    "cpuid, Xen prefix": 229,
    "rdmsr, emulated": 314,
    "wrmsr, emulated": 303,
    "read CR0, emulated": 306,
    "clts, emulated": 272,
    "grant map": 515,
    "grant unmap": 527,
    "grant copy, 1 byte by ref": 553,
    "grant copy, 4096 bytes by ref": 1068,
    "grant setup_table": 236,
    "context switch, by yield": 800,
    "ping-pong, one processor": 2095,
    "domain create": 11622,
    "domain destroy, empty": 9771,
    "domain, unpause to first instruction": 1042,
    "domain destroy, after it ran": 90699,
    "console write, 64 bytes": 2567,
}


def counted():
    """{row: (samples that failed, instructions of one operation)}"""
    out = subprocess.run(
        [vm.find_qemu(), "-accel", "tcg", "-cpu", "EPYC,-smap,-monitor", *COUNTING, "-m", "512", "-display", "none",
         "-serial", "stdio", "-monitor", "none", "-no-reboot", "-kernel", "build/lamina", "-append", OPTIONS,
         "-initrd", "build/bench/image"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, errors="replace", timeout=240, check=False).stdout
    rows = [line.split("|") for line in re.findall(r"bench: (.*\|.*)", out)]
    if not rows:
        raise Failure("the benchmark's image said nothing:\n" + out[-1000:])
    return {r[0]: (int(r[4]), int(r[6]) / int(r[1])) for r in rows if len(r) == 7}


def run():
    rows = counted()
    check("rows that are gone", sorted(set(BEFORE) - set(rows)), [])
    check("rows without effect", [name for name in BEFORE if rows[name][0]], [])
    dearer = [f"{name}: {rows[name][1]:.1f}, before {most:.1f}" for name, most in BEFORE.items()
              if rows[name][1] > most]
    check("rows that cost more", dearer, [])


main(run)
