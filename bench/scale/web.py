# SPDX-License-Identifier: MIT
# Requests a second of one appliance, by its vcpus and the processors; dom0 has as many vcpus as it.
"""
A machine as bench-system's, with httpd alone. What wrk takes of the host, it takes from the machine, and a virtual
processor that waits for the host holds up those that wait for it: figures of a busy host say nothing.
"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from machines import APPLIANCE, FOLDER, WEB, System
from machine import Machine
from xen import CPU
import vm

CONNECTIONS, SECONDS = 16, 2
VCPUS = (1, 2)


class Web(System):
    endpoints = {"http": (WEB, 80)}

    def __init__(self, processors, vcpus):
        config = APPLIANCE.format(name="web", image="httpd", address=WEB, disk="'phy:/dev/vda,xvda,r'",
                                  words="mount=xvda:/") + f"vcpus = {vcpus}\n"
        self.machine = Machine(f"bench-scale-{processors}-{vcpus}", ports=list(self.endpoints.values()),
                               files={"etc/lamina/web.cfg": config.encode(), "images/httpd": "build/images/httpd"},
                               disks=[f"{FOLDER}/www.ext4:ro"], cpu=CPU, extra=["-smp", str(processors)],
                               options=f"{vm.OPTIONS} dom0_max_vcpus={vcpus}")


def rates(processors, vcpus, runs):
    """Requests a second, of each run."""
    web = Web(processors, vcpus)
    with web.machine:
        web.machine.expect(r"\[web\] httpd: port")
        answers = [web.http(CONNECTIONS, True, SECONDS) for _ in range(runs)]
    return [count / seconds for count, seconds in answers]
