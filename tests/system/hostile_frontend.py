#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Rule: a frontend that lies about grants, changes requests while they are read, writes garbage into its
# rings, closes and reopens, floods its console or disappears in mid-request is refused and taken back,
# with one ring of one page as with several queues, kept grants and lists of segments; and meanwhile
# dom0 and the neighbours serve without one failed request.
# timeout: 300
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from machine import WEB, Load, Machine, check, main, require

HOSTILE = """name = "{name}"
kernel = "/images/hostile"
memory = 16
extra = "{what}"
vif = [ 'bridge=xenbr0' ]
disk = [ 'phy:/dev/vda,xvda,r' ]
"""
KINDS = {"bad": "vbd vif", "wide": "wide vbd vif", "loud": "console", "shouter": "console", "gone": "vanish",
         "away": "wide vanish"}


def breaches(m, name):
    m.send(f"create etc/other/{name}.cfg")
    for device, count in ("vbd", 13), ("vif", 13):
        text = m.expect(rf"\[{name}\] hostile: {device}: (FAILED.*|(\d+) breaches)", 120)
        require(text[2], f"{name}: {device}: {text[1]}")
        check(f"{name}: {device}: refused, and taken back", int(text[2]), count)
    m.expect(rf"{name} \(domain \d+\) has powered off")


def floods(m):
    """Two at once: each prints at its own pace, and dom0's shell answers in between."""
    m.send("create etc/other/loud.cfg")
    m.send("create etc/other/shouter.cfg")
    m.expect(r"\[loud\] hostile: flood")
    m.send("domid web")
    m.expect(r"^(dom0> )?1$")
    start, said = m.position, {}
    for name in "loud", "shouter":  # in either order
        m.position = start
        said[name] = int(m.expect(rf"\[{name}\] hostile: console: (\d+) lines", 90)[1])
    print(f"lines in 5 s: {said}")
    require(max(said.values()) < 2 * min(said.values()), "both printed alike")
    # 64 KiB at once and 32 KiB a second are 3,900 lines of 57 bytes in 5 s.
    require(max(said.values()) < 5000, "at a bounded rate")
    for name in said:
        m.position = start
        m.expect(rf"{name} \(domain \d+\) has powered off")


def disappear(m, *names):
    for name in names:
        m.send(f"create etc/other/{name}.cfg")
        said = m.expect(rf"\[{name}\] hostile: vanish: (.*)")
        check(f"{name}: before it vanishes", said[1], "ready")
        time.sleep(0.5)
        m.send(f"destroy {name}")
        m.send(f"domid {name}")
        m.expect(rf"{name}: ")
    print("ok it was destroyed with requests in flight")


def run():
    files = {f"images/{i}": f"build/{p}/{i}" for p, i in (("images", "httpd"), ("tests", "hostile"))}
    files["etc/lamina/web.cfg"] = WEB
    for name, what in KINDS.items():
        files[f"etc/other/{name}.cfg"] = HOSTILE.format(name=name, what=what).encode()
    with Machine("hostile", files=files, disks=["build/run/httpd.ext4:ro"],
                 ports=(("10.0.2.15", 80),), extra=["-smp", "2"]) as m:
        m.ports[80] = m.ports[("10.0.2.15", 80)]
        m.wait_for_page("/index.html")
        disappear(m, "gone", "away")  # what grows to the size that is needed has it then
        before = m.counts()
        load = Load(m)
        load.start()
        breaches(m, "bad")
        breaches(m, "wide")
        floods(m)
        disappear(m, "gone", "away", "gone", "away")
        load.ending = True
        load.join(40)
        print(f"{load.good} pages meanwhile")
        require(load.good > 50 and not load.bad, f"no request failed {load.bad[:3]}")
        after = m.counts()
        for key in ("event_channels", "store_nodes"):
            check(f"{key} after the last", after[key], before[key])
        # dom0's tables of mappings grow with the most that was mapped at once, on each processor.
        require(0 <= before["free_pages"] - after["free_pages"] < 5, "no frame stays with the dead")


main(run)
