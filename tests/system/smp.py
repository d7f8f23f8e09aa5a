#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Rule: on two and on four processors domains of two vcpus do everything at once, are destroyed in the
# midst of it, and leave every frame free; and what needs a second vcpu works there.
# timeout: 600
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "lib"))
from machine import main, require

ROUNDS = int(os.environ.get("ROUNDS", "1"))
TESTS = ["smp-stress", "vcpu-timers", "evtchn-ipi", "evtchn-interdomain", "sched-poll",
         "pirq-follows", "memory-exchange-limit", "domctl-pause", "domctl-lifecycle", "fpu-state",
         "grant-foreign", "grant-map", "mmuext-tlb", "mmu-writable-table", "vcpu-second",
         "evtchn-close", "sched-yield-block"]


def run():
    os.chdir(ROOT)
    for processors in 2, 4:
        environment = dict(os.environ, SMP=str(processors), ABI_TIMEOUT="120")
        for name in TESTS + TESTS[:1] * (ROUNDS - 1):
            ended = subprocess.run(["tests/abi/run-one", "build/lamina", f"build/tests/abi/{name}"],
                                   env=environment, stdout=subprocess.PIPE, text=True, check=False)
            if ended.returncode:
                print(ended.stdout)
            require(ended.returncode == 0, f"{name} on {processors} processors")


main(run)
