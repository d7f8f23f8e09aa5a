#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Rule: Debian's unmodified Linux 6.1 boots as a PV guest to a shell on our disk, downloads over our
# network what the host serves, byte for byte, and its poweroff ends the domain.
# timeout: 300
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "stock"))
from debian import Debian
from machine import main, require


def run():
    with Debian("system-linux") as linux:
        print(f"up after {linux.up()} s of its own")
        require("Debian" in linux.shell("uname -v") + linux.shell("cat /etc/debian_version /etc/os-release"),
                "a Debian userland")
        linux.download()
        linux.shell("dd if=/dev/urandom of=/root/x bs=64k count=128 && sha256sum /root/x > /root/sum && sync "
                    "&& echo 3 > /proc/sys/vm/drop_caches && sha256sum -c /root/sum")
        linux.shell("cd /tmp && stress-ng --vm 1 --vm-bytes 8M --vm-method galpat-0 --matrix 1 --verify -t 4s")
        linux.send("sync; busybox poweroff -f")
        linux.expect(r"linux \(domain \d+\) has powered off: destroyed")


main(run)
