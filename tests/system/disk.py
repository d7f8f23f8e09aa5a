#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Rule: what the appliance writes is what it reads, and on its disk after a shutdown, where e2fsck finds
# nothing to mend; a disk that is missing, too small or not ext4 is told in one clear line.
# timeout: 240
# smp-long: 2 4
import hashlib
import os
import random
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from machine import Machine, check, main, require

WORK = "build/tests/system-disk"
TOOLS = {**os.environ, "PATH": os.environ["PATH"] + ":/sbin:/usr/sbin"}
WEB = """name = "web"
kernel = "/images/httpd"
memory = 16
extra = "writable {extra}"
vif = [ 'bridge=xenbr0' ]
{disk}
"""


def tool(*arguments):
    out = subprocess.run(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                         env=TOOLS, check=False)
    return out.returncode, out.stdout


def machine(name, disk, extra="", disks=()):
    config = WEB.format(disk=disk, extra=extra).encode()
    return Machine(f"disk-{name}", disks=disks,
                   files={"images/httpd": "build/images/httpd", "etc/lamina/web.cfg": config})


def put(m, path, body):
    import http.client
    connection = http.client.HTTPConnection("127.0.0.1", m.ports[80], timeout=60)
    connection.request("PUT", path, body=body)
    response = connection.getresponse()
    response.read()
    connection.close()
    return response.status


def writes():
    image = f"{WORK}/good.ext4"
    shutil.copyfile("build/run/httpd.ext4", image)
    files = {f"/made-{i}.bin": random.Random(i).randbytes(size)
             for i, size in enumerate((0, 1, 1023, 4096, 70001, 1 << 20))}
    with machine("writes", "disk = [ 'phy:/dev/vda,xvda,w' ]", disks=[image]) as m:
        m.wait_for_page("/index.html")
        for path, body in files.items():
            require(put(m, path, body) in (200, 201, 204), f"PUT of {len(body)} bytes")
        require(put(m, "/index.html", b"changed") in (200, 201, 204), "PUT over a page")
        require(m.get("/index.html")[2] == b"changed", "what was opened before leads to the new page")
        for path, body in files.items():
            require(m.get(path)[2] == body, f"{len(body)} bytes read back")
        m.send("shutdown web")
        m.expect(r"web \(domain \d+\) has powered off")
        m.send("poweroff")
        m.wait()
    status, text = tool("e2fsck", "-fn", image)
    print(text)
    check("e2fsck -fn", status, 0)
    for path, body in {**files, "/index.html": b"changed"}.items():
        tool("debugfs", "-R", f"dump {path} {WORK}/dumped", image)
        with open(f"{WORK}/dumped", "rb") as f:
            require(hashlib.sha256(f.read()).digest() == hashlib.sha256(body).digest(),
                    f"{path} on the disk, as the host sees it")


def refusals():
    with machine("missing", "", extra="mount=xvda:/") as m:
        m.expect(r"\[web\] xvda: not mounted: there is no such disk")
    with open(f"{WORK}/zero", "wb") as f:
        f.truncate(1 << 20)
    with machine("not-ext4", "disk = [ 'phy:/dev/vda,xvda,w' ]", disks=[f"{WORK}/zero"]) as m:
        m.expect(r"\[web\] xvda: not mounted: there is no ext4 file system on it")
    with open("build/run/httpd.ext4", "rb") as f, open(f"{WORK}/small", "wb") as g:
        g.write(f.read(8 << 20))
    with machine("too-small", "disk = [ 'phy:/dev/vda,xvda,w' ]", disks=[f"{WORK}/small"]) as m:
        m.expect(r"\[web\] xvda: not mounted: its file system has \d+ KiB, the disk only 8192 KiB")


def run():
    os.makedirs(WORK, exist_ok=True)
    writes()
    refusals()


main(run)
