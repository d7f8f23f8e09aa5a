#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Rule: the toolstack's operations on schedulers and pools answer as stock Xen's do, with each scheduler
# that the machine can be booted with, and on two processors.
# timeout: 240
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "lib"))
from machine import main, require

# Pools are credit2's, which is credit to Lamina: with credit, Xen 4.17 stands still now and then, with
# interrupts off, when the last processor leaves a pool.
RUNS = [("domctl-scheduler", "credit", 1), ("domctl-scheduler", "rtds", 1),
        ("domctl-scheduler", "null", 1), ("sysctl-cpupool", "credit2", 2),
        ("domctl-affinity-soft", "credit", 2)]


def run():
    os.chdir(ROOT)
    for name, scheduler, processors in RUNS:
        environment = dict(os.environ, SMP=str(processors), XEN_OPTIONS=f"sched={scheduler}")
        for hypervisor in "build/lamina", "build/third/xen/xen":
            ended = subprocess.run(["tests/abi/run-one", hypervisor, f"build/tests/abi/{name}"],
                                   env=environment, stdout=subprocess.PIPE, text=True, check=False)
            if ended.returncode:
                print(ended.stdout)
            require(ended.returncode == 0,
                    f"{name}, sched={scheduler}, {processors} processors, {hypervisor}")


main(run)
