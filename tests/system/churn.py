#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Rule: 200 domains created and destroyed leave nothing behind: free frames, event-channel ports, store
# nodes and dom0's own memory are at the end what they were after the first.
# timeout: 300
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


def counts(m):
    """Free frames, event channels, store nodes and free pages of dom0."""
    m.send("info")
    return tuple(int(m.expect(rf"^{key} +: (\d+)\s")[1])
                 for key in ("free_pages", "event_channels", "store_nodes", "dom0_free_pages"))


def one(m):
    m.send("create etc/other/guest.cfg")
    m.expect(r"\[guest\] Hello")
    m.send("destroy guest")


def run():
    files = {"images/hello": "build/images/hello", "etc/other/guest.cfg": CONFIG}
    with Machine("churn", files=files, disks=["build/run/httpd.ext4:ro"]) as m:
        m.expect(r"dom0> ")
        one(m)
        first = counts(m)
        for _ in range(ROUNDS - 1):
            one(m)
        last = counts(m)
        check("frames, ports and store nodes after the last", last[:3], first[:3])
        print(f"dom0's free pages: {first[3]} after the first, {last[3]} after the last")
        check("dom0 keeps its memory", last[3] >= first[3] - 16, True)


main(run)
