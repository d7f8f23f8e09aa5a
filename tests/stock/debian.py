# SPDX-License-Identifier: MIT
# Debian's unmodified kernel and userland as a PV guest of Lamina: boot it, type at its shell.
"""
    with Debian("name") as linux:
        linux.shell("uname -r")
"""

import hashlib
import os
import random
import re
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from machine import Failure, Machine, require

STOCK = "build/stock"
TOOLS = {**os.environ, "PATH": os.environ["PATH"] + ":/sbin:/usr/sbin"}
WORK = "build/tests/stock"
SERVER = "10.0.2.100"  # the host, as the guest sees it: one file by HTTP
CONFIG = """# An ordinary PV domain, for xl, too.
name = "linux"
kernel = "/images/vmlinuz"
ramdisk = "/images/initrd"
memory = {memory}
vif = [ 'bridge=xenbr0' ]
disk = [ 'phy:/dev/vda,xvda,w' ]
extra = "root=/dev/xvda console=hvc0 {extra}"
on_reboot = "restart"
on_crash = "destroy"
"""


class Shell(Machine):
    """A machine whose console ends in a bash."""

    def prompt(self):
        """Waits until the shell listens; what was typed before may be lost."""
        time.sleep(0.5)
        self.send("")
        self.send("echo prompt-$((6 * 7))")
        self.expect(r"prompt-42", 120)

    def status(self, command, timeout=60):
        """(exit status, output) of a command in the guest's shell."""
        with self.changed:
            start = self.position
        self.send(f'{command}; echo "ended:""$?"')
        match = self.expect(r"ended:(\d+)$", timeout)
        text = self.console[start:match.start()]
        return int(match[1]), text[text.find('"$?"') + 4:].strip()

    def shell(self, command, timeout=60):
        """The output of a command that must succeed."""
        status, text = self.status(command, timeout)
        if status:
            raise Failure(f"{command}: exit status {status}: {text}")
        return text

    def number(self, command, timeout=60):
        return float(re.findall(r"-?\d+(?:\.\d+)?", self.shell(command, timeout))[-1])


class Debian(Shell):
    """
    kernel: "cloud" or "amd64", as packaged. The root disk is a copy that the test may change; self.file_sum is
    the SHA-256 of what http://SERVER/ serves, file_mib MiB.
    """

    def __init__(self, name, kernel="cloud", *, memory=256, extra="", file_mib=8, apps=(), files=None,
                 machine=None, **options):
        os.makedirs(WORK, exist_ok=True)
        self.disk, served = f"{WORK}/{name}.ext4", f"{WORK}/{name}.served"
        subprocess.run(["cp", "--sparse=always", f"{STOCK}/guest.ext4", self.disk], check=True)
        body = random.Random(name).randbytes(file_mib << 20)
        with open(served, "wb") as f:
            f.write(body)
        self.file_sum = hashlib.sha256(body).hexdigest()
        content = {"etc/lamina/linux.cfg": CONFIG.format(memory=memory, extra=extra).encode(),
                   "images/vmlinuz": f"{STOCK}/{kernel}/vmlinuz",
                   "images/initrd": f"{STOCK}/{kernel}.cpio.gz", **(files or {})}
        super().__init__(name, apps, files=content, disks=[self.disk, *options.pop("disks", ())],
                         memory=machine or memory + 320,
                         options="com1=115200,8n1 console=com1 dom0_mem=256M", **options)
        forward = f",guestfwd=tcp:{SERVER}:80-cmd:{sys.executable} tests/stock/serve {served}"
        self.arguments = [a + forward if a.startswith("user,id=net0") else a for a in self.arguments]

    def up(self, timeout=120):
        """Waits for the guest's init, attaches to its console; the guest's own seconds until then."""
        seconds = self.expect(r"debian: up after ([0-9.]+) s", timeout)[1]
        self.send("console linux")
        self.expect(r"leaves the console")
        self.prompt()
        return float(seconds)

    def download(self):
        text = self.shell(f"busybox wget -q -O /tmp/served http://{SERVER}/ && sha256sum /tmp/served && rm /tmp/served",
                          120)
        require(self.file_sum in text, "a download from the host has its checksum")
