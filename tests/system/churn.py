#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Rule: 200 domains created and destroyed leave nothing behind: free frames, event-channel ports, store
# nodes and dom0's own memory are at the end what they were after the first.
# timeout: 300
# smp: 2
# smp-long: 4
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from machine import Machine, check, main

CONFIG = b"""name = "guest"
kernel = "/images/hello"
memory = 2
extra = "sleep=600"
vif = [ 'bridge=xenbr0' ]
disk = [ 'phy:/dev/vda,xvda,r' ]
"""
ROUNDS = 200


def one(m):
    m.send("create etc/other/guest.cfg")
    m.expect(r"\[guest\] Hello")
    m.send("destroy guest")


def run():
    files = {"images/hello": "build/images/hello", "etc/other/guest.cfg": CONFIG}
    with Machine("churn", files=files, disks=["build/run/httpd.ext4:ro"]) as m:
        m.expect(r"dom0> ")
        one(m)
        first = m.counts()
        for _ in range(ROUNDS - 1):
            one(m)
        last = m.counts()
        pages, pages_last = first.pop("dom0_free_pages"), last.pop("dom0_free_pages")
        check("frames, ports and store nodes after the last", last, first)
        print(f"dom0's free pages: {pages} after the first, {pages_last} after the last")
        check("dom0 keeps its memory", pages_last >= pages - 16, True)


main(run)
