# SPDX-License-Identifier: MIT
# Pages of one appliance, by its vcpus and the processors; dom0 has as many vcpus as it.
"""
A machine as bench-system's, with httpd alone. What wrk takes of the host, it takes from the machine, and a virtual
processor that waits for the host holds up those that wait for it: rates of a busy host say nothing. Instructions do.
"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import blocks
from machines import APPLIANCE, FOLDER, WEB, System
from machine import Machine
from xen import CPU
import vm

CONNECTIONS, SECONDS = 16, 2
VCPUS = (1, 2)


class Web(System):
    endpoints = {"http": (WEB, 80)}

    def __init__(self, processors, vcpus, counts=None):
        config = APPLIANCE.format(name="web", image="httpd", address=WEB, disk="'phy:/dev/vda,xvda,r'",
                                  words="mount=xvda:/") + f"vcpus = {vcpus}\n"
        # Its processors are threads of their own, as where rates are measured.
        plugin = ["-accel", "tcg,thread=multi", "-plugin", f"{FOLDER}/blocks.so,out={counts},threads=on"]
        self.machine = Machine(f"bench-scale-{processors}-{vcpus}", ports=list(self.endpoints.values()),
                               files={"etc/lamina/web.cfg": config.encode(), "images/httpd": "build/images/httpd"},
                               disks=[f"{FOLDER}/www.ext4:ro"], cpu=CPU, extra=["-smp", str(processors), *(plugin if counts else [])],
                               options=f"{vm.OPTIONS} dom0_max_vcpus={vcpus}")


def rates(processors, vcpus, runs):
    """Requests a second, of each run."""
    web = Web(processors, vcpus)
    with web.machine:
        web.machine.expect(r"\[web\] httpd: port")
        answers = [web.http(CONNECTIONS, True, SECONDS) for _ in range(runs)]
    return [count / seconds for count, seconds in answers]


def instructions(processors, vcpus):
    """Of a page: of all processors together, and of the busiest, which bounds how many there can be."""
    path = f"{FOLDER}/scale.blocks"
    web = Web(processors, vcpus, path)
    with web.machine:
        web.machine.expect(r"\[web\] httpd: port")
        blocks.settle(path)
        web.http(CONNECTIONS, True, 1)  # what is done once
        before = blocks.snapshot(path)
        pages, _ = web.http(CONNECTIONS, True, SECONDS)
        after = blocks.snapshot(path)
    each = [blocks.instructions(before, after, n) / pages for n in range(processors)]
    return sum(each), max(each)
