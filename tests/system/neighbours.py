#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Rule: two appliances on one bridge talk to each other and to the host; when a neighbour is destroyed
# and another crashes on a null pointer, the first serves on without one failed request. The crash
# is told behind all that the victim said.
# timeout: 240
# smp: 2 4
import os
import socket
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from machine import WEB, Load, Machine, main, require

ECHO = b"""name = "echo"
kernel = "/images/echo"
memory = 16
extra = "ip=10.0.2.16/24,10.0.2.2"
vif = [ 'bridge=xenbr0' ]
"""
TALKER = b"""name = "talker"
kernel = "/images/echo"
memory = 16
extra = "ip=10.0.2.17/24,10.0.2.2 to=10.0.2.16:7 200"
vif = [ 'bridge=xenbr0' ]
"""
VICTIM = b"""name = "victim"
kernel = "/images/hello"
memory = 4
extra = "crash"
vif = [ 'bridge=xenbr0' ]
"""


def say_tcp(port, text):
    with socket.create_connection(("127.0.0.1", port), timeout=20) as s:
        s.sendall(text)
        s.shutdown(socket.SHUT_WR)
        return s.makefile("rb").read()


def run():
    files = {f"images/{i}": f"build/images/{i}" for i in ("httpd", "echo", "hello")}
    files.update({"etc/lamina/web.cfg": WEB, "etc/lamina/echo.cfg": ECHO,
                  "etc/other/talker.cfg": TALKER, "etc/other/victim.cfg": VICTIM})
    echo = ("10.0.2.16", 7)
    with Machine("neighbours", files=files, disks=["build/run/httpd.ext4:ro"],
                 ports=(("10.0.2.15", 80), echo)) as m:
        m.ports[80] = m.ports[("10.0.2.15", 80)]
        m.wait_for_page("/index.html")
        require(say_tcp(m.ports[echo], b"over TCP" * 1000) == b"over TCP" * 1000, "the host talks to echo")
        m.send("create etc/other/talker.cfg")
        m.expect(r"\[talker\] echo: 200 of 200 messages .* by tcp, 200 of 200 by udp")
        print("ok one appliance talks to another, by TCP and UDP")
        load = Load(m, timeout=20)
        load.start()
        m.send("destroy echo")
        m.send("create etc/other/victim.cfg")
        m.expect(r"\[victim\] .*null pointer")
        m.expect(r"victim \(domain \d+\) has crashed: destroyed")
        end = m.position
        time.sleep(2)
        load.ending = True
        load.join(30)
        print(f"{load.good} pages meanwhile; failed: {load.bad[:3]}")
        require(load.good > 20 and not load.bad, "no request failed")
        m.send("list")
        m.expect(r"^web ")
        require("[victim]" not in m.console[end:], "what the victim said stands before its end")


main(run)
