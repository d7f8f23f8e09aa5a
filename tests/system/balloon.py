# SPDX-License-Identifier: MIT
# Rule: a domain's memory is changed while it runs: it gives frames back and gets them again, never
# below what it uses and never above maxmem=, and serves all the time.
# smp-long: 2 4
import os
import re
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from machine import Machine, check, main, require

CONFIG = b"""name = "web"
kernel = "/images/httpd"
memory = 16
maxmem = 32
vcpus = 2
vif = [ 'bridge=xenbr0' ]
disk = [ 'phy:/dev/vda,xvda,r' ]
extra = "ip=dhcp mount=xvda:/"
"""
MIB = 256  # pages


def free_pages(m):
    return int(re.search(r"^free_pages +: (\d+)", m.command("info"), re.M)[1])


def wait_for_size(m, mib):
    """Until `list` shows web with so much."""
    deadline = time.monotonic() + 60
    while True:
        size = int(re.search(r"^web +\d+ +(\d+)", m.command("list"), re.M)[1])
        if size == mib or time.monotonic() > deadline:
            return size
        time.sleep(0.2)


def resize(m, words, mib):
    m.command(f"mem-set web {words}")
    check(f"after mem-set {words}", wait_for_size(m, mib), mib)
    require(m.get("/index.html")[0] == 200, "it serves")


def run():
    files = {"images/httpd": "build/images/httpd", "etc/lamina/web.cfg": CONFIG}
    with Machine("balloon", files=files, disks=["build/run/httpd.ext4:ro"]) as m:
        m.wait_for_page("/index.html")
        m.command("")
        check("at first", wait_for_size(m, 16), 16)
        before = free_pages(m)
        resize(m, "8", 8)
        require(abs(free_pages(m) - before - 8 * MIB) < MIB, "Xen has the 8 MiB")
        resize(m, "32", 32)
        require(abs(before - free_pages(m) - 16 * MIB) < MIB, "and has given 16 MiB more than at first")
        require(len(m.get("/big.bin")[2]) == 8 << 20, "8 MiB come through the new memory")
        require("from 1024 to 32768 KiB" in m.command("mem-set web 33"), "no more than maxmem=")
        require("how much?" in m.command("mem-set web much"), "a size is a number")
        m.command("mem-set web 1m")
        m.expect(r"balloon: 1024 KiB are asked for, but the rest is in use: \d+ KiB now")
        require(m.get("/index.html")[0] == 200, "it keeps what it uses, and serves")
        resize(m, "16384k", 16)
        require(abs(free_pages(m) - before) < MIB, "what Xen had at first")


main(run)
