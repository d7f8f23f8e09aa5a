#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Rule: the library OS's test of itself holds on several vcpus, on Lamina and on stock Xen alike; and a
# lock whose holders lose their processor while they have it costs a bounded number of instructions:
# what four vcpus of one processor do together takes at most four times what one vcpu takes. A panic on
# one vcpu says so once, and the others say nothing more.
# MACHINES=lamina:2,lamina:4,xen:2: hypervisor and processors.
# timeout: 400
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "lib"))
from machine import main, require

HYPERVISORS = {"lamina": "build/lamina", "xen": "build/third/xen/xen"}
MACHINES = os.environ.get("MACHINES", "lamina:2,lamina:4,xen:2").split(",")
WORDS = ["events", "vcpus", "affinity", "everywhere", "migration", "shootdown", "restart", "online", "locks",
         "heap", "descriptors", "signals", "loopback"]


def guest(hypervisor, words, quiet=False, **settings):
    ended = subprocess.run(["tests/lib/run-guest", HYPERVISORS[hypervisor], "build/tests/guest", *words],
                           env=dict(os.environ, GUEST_TIMEOUT="150", **settings),
                           stdout=subprocess.PIPE, text=True, check=False)
    if ended.returncode and not quiet:
        print(ended.stdout)
    return ended.returncode == 0, ended.stdout


def ticks(vcpus):
    passed, text = guest("lamina", ["contention"], SMP="1", VCPUS=str(vcpus), ICOUNT="1")
    require(passed, f"{vcpus} vcpus of one processor")
    print(re.search(r"\d+ turns.*", text)[0])
    return int(re.search(r"(\d+) ticks", text)[1])


def panics():
    _, text = guest("lamina", ["panic"], quiet=True, SMP="2", VCPUS="4")
    require(text.count("*** panic") == 1 and "as it shall be" in text, "one message of the panic")
    require(re.search("test_panic", text), "with its backtrace")
    require(re.search("dom0 (has )?crashed", text), "then the domain ends")


def run():
    os.chdir(ROOT)
    for machine in MACHINES:
        hypervisor, processors = machine.split(":")
        require(guest(hypervisor, WORDS, SMP=processors)[0], f"{processors} processors, {hypervisor}")
    panics()
    one, four = ticks(1), ticks(4)
    require(four < 4 * one, f"{four} instructions instead of {one}")


main(run)
