#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Rule: dom0 and the web appliance on two and on four vcpus serve what they serve on one: concurrent
# connections without one that fails, files equal to the host's copy, and they end in order. Hypercalls are
# timed meanwhile on all processors, and each that was timed was counted. Vcpus beyond `vcpus` are offline until
# vcpu-set brings them, and come and go.
# VCPUS=2x2,4x4: processors x the appliance's vcpus; REQUESTS: how many.
# timeout: 300
import concurrent.futures
import hashlib
import os
import re
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from machine import Failure, Machine, main, require

DISK, COPY = "build/run/httpd.ext4", "build/run/httpd.www"
MACHINES = [tuple(map(int, m.split("x"))) for m in os.environ.get("VCPUS", "2x2").split(",")]
REQUESTS = int(os.environ.get("REQUESTS", "600"))


def config(vcpus):
    """One more than it uses to begin with."""
    with open("examples/httpd/httpd.cfg", encoding="utf-8") as f:
        return (f.read() + f"vcpus = {vcpus}\nmaxvcpus = {vcpus + 1}\n").encode()


def online(m, count):
    """Until vcpu-list shows so many vcpus that are not down."""
    for _ in range(200):
        states = re.findall(r"^httpd +\d+ +\d+ +\S+ +(\S+)", m.command("vcpu-list httpd"), re.M)
        if sum(not s.endswith("p") for s in states) == count:
            print(f"ok {count} of {len(states)} vcpus are online")
            return
        time.sleep(0.1)
    raise Failure(f"not {count} vcpus online: {states}")


def come_and_go(m, vcpus):
    """Under load: all that there may be, one alone, and those of the beginning."""
    for count in (vcpus, vcpus + 1, 1, vcpus + 1, 1, vcpus):
        m.command(f"vcpu-set httpd {count}")
        online(m, count)
        load(m)
    require(f"1 to {vcpus + 1} vcpus" in m.command(f"vcpu-set httpd {vcpus + 2}"), "more there are not")


def load(m):
    url = f"http://127.0.0.1:{m.ports[80]}/index.html"
    out = subprocess.run(["ab", "-q", "-n", str(REQUESTS), "-c", "24", "-k", "-s", "60", url],
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False).stdout
    require(re.search(rf"Complete requests:\s+{REQUESTS}\b", out), f"{REQUESTS} requests")
    require(re.search(r"Failed requests:\s+0\b", out) and "Non-2xx" not in out, "none of them failed")
    print(re.search(r"Requests per.*", out)[0])


def large_files(m):
    with open(f"{COPY}/big.bin", "rb") as f:
        digest = hashlib.sha256(f.read()).digest()

    def fetch(_):
        return hashlib.sha256(m.get("/big.bin", timeout=120)[2]).digest()

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        require(all(d == digest for d in pool.map(fetch, range(4))), "four times 8 MiB at once, equal")


def timed(m):
    """Under load, switched on and off again while all vcpus make hypercalls."""
    m.command("perf reset")
    for _ in range(3):
        m.command("perf on")
        load(m)
        m.command("perf off")
    for domain in "Domain-0", "httpd":
        calls = m.hypercalls(domain)
        entries, ns, ranges = calls["event_channel_op"]
        require(0 < ranges <= entries and ns > 50 * ranges, f"{domain}: {ranges} of {entries} sends were timed")
        require(all(r <= e for e, _, r in calls.values()), f"{domain}: none was timed and not counted")
        again = m.hypercalls(domain)["event_channel_op"]
        require(again[0] >= entries and again[1:] == (ns, ranges), f"{domain}: off is off")


def run():
    for processors, vcpus in MACHINES:
        with Machine(f"vcpus-{processors}-{vcpus}", apps=["httpd"], disks=[f"{DISK}:ro"],
                     files={"etc/lamina/httpd.cfg": config(vcpus)},
                     extra=["-smp", str(processors)]) as m:
            m.wait_for_page("/index.html")
            large_files(m)
            load(m)
            timed(m)
            come_and_go(m, vcpus)
            m.send("shutdown httpd")
            m.expect(r"httpd .*has powered off")
            m.send("poweroff")
            m.wait()
        print(f"{processors} processors, {vcpus} vcpus: served")


main(run)
