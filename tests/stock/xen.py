# SPDX-License-Identifier: MIT
# Stock Xen 4.17 with Debian's Linux as dom0 in QEMU, for tests of our images as its guests.
"""
    with Xen("name", apps=["httpd"]) as xen:
        xen.shell("xl create /stock/httpd.cfg")
"""

import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from debian import STOCK, TOOLS, WORK, Shell

import vm

XEN = "build/third/xen/xen"
OPTIONS = "com1=115200,8n1 console=com1 dom0_mem=512M,max:512M loglvl=warning guest_loglvl=warning"
# QEMU translates code anew for each address that it runs at: dom0's many programs find what the last one's
# left where theirs are at the same place.
ARGUMENTS = "console=hvc0 root=/dev/vdb norandmaps"
# TCG's xsave makes some of dom0's programs misbehave, its SMAP breaks iretq in ring 3.
CPU = "max,-smap,-xsave"


class Xen(Shell):
    """
    apps: examples; their images lie in dom0's /images and their configurations in /stock. ports: of the
    first guest that asks for an address, or (address, port). first: dom0's /dev/vda; the root and /stock come
    next, then disks. files: more of /stock, {name: host path or bytes}. See ci/stock.mk.
    """

    def __init__(self, name, apps, ports=(80,), *, first="build/run/httpd.ext4:ro", disks=(), files=None,
                 memory=1024, extra=()):
        os.makedirs(WORK, exist_ok=True)
        super().__init__(name, files={"none": b""}, ports=ports)
        root, image, folder = (f"{WORK}/{name}.{end}" for end in ("ext4", "files.ext4", "files"))
        subprocess.run(["cp", "--sparse=always", f"{STOCK}/dom0.ext4", root], check=True)
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(f"{folder}/images")
        for app in apps:
            shutil.copyfile(f"build/images/{app}", f"{folder}/images/{app}")
            shutil.copyfile(f"examples/{app}/{app}.cfg", f"{folder}/{app}.cfg")
        for inside, content in (files or {}).items():
            if isinstance(content, str):
                shutil.copyfile(content, f"{folder}/{inside}")
            else:
                with open(f"{folder}/{inside}", "wb") as f:
                    f.write(content)
        used = sum(os.path.getsize(os.path.join(where, name)) for where, _, names in os.walk(folder) for name in names)
        with open(image, "wb") as f:
            f.truncate((16 << 20) + used * 5 // 4)
        subprocess.run(["mke2fs", "-q", "-F", "-t", "ext4", "-d", folder, image], env=TOOLS, check=True)
        forwards = [("tcp", host, *(port if isinstance(port, tuple) else ("", port)))
                    for port, host in self.ports.items()]
        self.arguments = vm.command(XEN, f"{STOCK}/amd64/vmlinuz", f"{STOCK}/dom0.cpio.gz",
                                    dom0_args=ARGUMENTS, options=OPTIONS, memory=memory,
                                    disks=[first, root, f"{image}:ro", *disks],
                                    forwards=forwards, cpu=CPU, extra=["-smp", "2", *extra])

    def up(self, timeout=600):
        """Waits for dom0's daemons; dom0's own seconds until then."""
        seconds = self.expect(r"dom0: up after ([0-9.]+) s", timeout)[1]
        self.prompt()
        self.shell("dmesg -n 1")
        return float(seconds)
