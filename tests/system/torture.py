#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Rule: domains that do at random what is forbidden, and frontends that keep no protocol, hurt
# nobody: a neighbour serves on, dom0 answers, and when they are gone nothing of them is left.
# TORTURE_SECONDS=N torments for N seconds instead of 40, TORTURE_SEED=N begins with another seed,
# TORTURE_SMP=N runs on N processors instead of 2.
# timeout: 240
import os
import re
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from machine import WEB, Failure, Machine, check, main, require

SECONDS = int(os.environ.get("TORTURE_SECONDS", "40"))
FIRST = int(os.environ.get("TORTURE_SEED", "1000"))
TODAY = int(time.strftime("%Y%m%d"))
PROCESSORS = os.environ.get("TORTURE_SMP", "2")
AT_ONCE = 3
KINDS = ("steps=20000", "steps=20000", "front=60")

VICTIM = """name = "t{seed}"
kernel = "/images/torture"
memory = 4
vcpus = 2
on_reboot = "destroy"
on_crash = "destroy"
on_watchdog = "destroy"
extra = "seed={seed} {kind}"
vif = [ 'bridge=xenbr0' ]
disk = [ 'phy:/dev/vda,xvda,r' ]
"""


def seeds(count=300):
    """The day's seed, then fixed ones; as many as there may be time for."""
    return [TODAY] + [FIRST + i for i in range(count)]


def living(m):
    """The numbers of the tormentors that run, from `list`; their noise may come in between."""
    m.send("list")
    m.expect(r"Domain-0 +0 ")
    start = m.position
    m.send("domid nobody")
    end = m.expect(r"nobody: .*$").start()
    return re.findall(r"\bt(\d+) +\d+ +\d+ +\d", m.console[start:end])


def torment(m):
    """Keeps some of them running until time is up; how many there were."""
    waiting, end, pages = seeds(), time.monotonic() + SECONDS, 0
    while time.monotonic() < end and waiting:
        if not m.running() or m.said(r"\(lamina\) PANIC"):
            raise Failure("the hypervisor ended")
        for _ in range(AT_ONCE - len(living(m))):
            m.send(f"create etc/other/t{waiting.pop(0)}.cfg")
        status, _, body = m.get("/index.html", timeout=30)
        if status != 200 or not body:
            raise Failure(f"the neighbour answered {status}")
        pages += 1
    print(f"pages served meanwhile: {pages}")
    return len(seeds()) - len(waiting)


def run():
    files = {"images/torture": "build/tests/torture", "images/httpd": "build/images/httpd",
             "etc/other/web.cfg": WEB}
    for i, seed in enumerate(seeds()):
        text = VICTIM.format(seed=seed, kind=KINDS[i % len(KINDS)])
        files[f"etc/other/t{seed}.cfg"] = text.encode()
    with Machine("torture", files=files, disks=["build/run/httpd.ext4:ro"],
                 extra=["-smp", PROCESSORS]) as m:
        m.expect(r"dom0> ")
        m.send("create etc/other/web.cfg")
        m.wait_for_page("/index.html")
        before = m.counts()
        number = torment(m)
        while found := living(m):  # again, for one of which the noise of others hid the line
            for seed in found:
                m.send(f"destroy t{seed}")
        after = m.counts()
        print(f"{number} domains; dom0's free pages: {before['dom0_free_pages']} before, "
              f"{after['dom0_free_pages']} after")
        for key in ("free_pages", "event_channels", "store_nodes"):
            check(f"{key} after the last", after[key], before[key])
        m.send("debug-keys F")
        wrong = m.expect(r"frames: \d+ in use, (\d+) wrong")[1]
        check("frames with a wrong count", wrong, "0")
        require(number > AT_ONCE and m.said(r"seed \d+: \d+ steps"), "they ran")
        status, _, _ = m.get("/index.html")
        check("the neighbour's last answer", status, 200)


main(run)
