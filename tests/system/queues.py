#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Rule: a network device and a disk have as many queues as both ends can serve, connections take all of
# them, and an end that knows only one queue is served by one.
# timeout: 240
# smp-long: 2 4
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from machine import Machine, check, main, require

FILES = {f"images/{i}": f"build/images/{i}" for i in ("httpd", "echo")}
WEB = """name = "web"
kernel = "/images/httpd"
memory = 16
vcpus = {vcpus}
extra = "ip=10.0.2.15/24,10.0.2.2 {extra}"
vif = [ 'bridge=xenbr0' ]
disk = [ 'phy:/dev/vda,xvda,r' ]
"""
TALKER = """name = "talker"
kernel = "/images/echo"
memory = 16
extra = "ip=10.0.2.17/24,10.0.2.2 {extra} to=10.0.2.16:7 200"
vif = [ 'bridge=xenbr0' ]
"""
ECHO = """name = "echo"
kernel = "/images/echo"
memory = 16
extra = "ip=10.0.2.16/24,10.0.2.2 {extra}"
vif = [ 'bridge=xenbr0' ]
"""


def serve(name, back, front, queues, vcpus=1):
    """Boots with these limits, and fetches pages over many connections, which take all queues."""
    files = {**FILES, "etc/lamina/web.cfg": WEB.format(
                 vcpus=vcpus, extra=front + " " + front.replace("net", "blk")).encode(),
             "etc/lamina/echo.cfg": ECHO.format(extra=front).encode(),
             "etc/other/talker.cfg": TALKER.format(extra=front).encode()}
    with Machine(f"queues-{name}", files=files, disks=["build/run/httpd.ext4:ro"], dom0_args=back,
                 extra=["-smp", str(vcpus)] if vcpus > 1 else [],
                 ports=(("10.0.2.15", 80),)) as m:
        m.ports[80] = m.ports[("10.0.2.15", 80)]
        m.wait_for_page("/index.html")
        check("pages", sum(m.get("/index.html")[0] == 200 for _ in range(24)), 24)
        m.send("create etc/other/talker.cfg")
        m.expect(r"\[talker\] echo: 200 of 200 messages .* by tcp, 200 of 200 by udp")
        check("several queues", m.said(rf"vif0: {queues} queues"), queues > 1)
        check("several rings", m.said(rf"xvda: {queues} rings"), queues > 1)


def run():
    back, front = "netback_queues={0} blkback_queues={0}", "netfront_queues={0}"
    serve("both", back.format(4), front.format(3), 3)
    serve("vcpus", "", "", 2, vcpus=2)
    serve("old-front", back.format(4), front.format(1), 1)
    serve("old-back", back.format(1), front.format(4), 1)


main(run)
