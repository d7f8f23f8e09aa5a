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
# QEMU translates code anew for each address that it runs at, and keeps it all: a frame of libc that many
# processes had, each at its own random place, has so many translations that to zero it, one store after
# the other, takes seconds. A small cache of translations bounds that.
ACCEL = "tcg,tb-size=48"
SERVER = "10.0.2.100"  # the host, as the guest sees it: one file by HTTP
CONFIG = """# An ordinary PV domain, for xl, too.
name = "{name}"
memory = {memory}
{maxmem}vcpus = {vcpus}
{boot}
vif = [ 'bridge=xenbr0' ]
disk = [ {disks} ]
extra = "{extra}"
on_reboot = "restart"
on_crash = "{crash}"
"""
KERNEL = "kernel = \"/images/vmlinuz-{0}\"\nramdisk = \"/images/initrd-{0}\""
GRUB = "kernel = \"/images/grub\""
LIVE = 600  # seconds: beside others a machine may be ten times slower, but not dead
COMMAND_LINE = "root=/dev/xvda console=hvc0"
FORMS = [f"{STOCK}/forms", f"{STOCK}/forms32"]
# What a kernel warns of by the processor's model, when a processor is taken away, and on any machine where
# they are away for long.
MACHINE = (r"Speculative Return Stack Overflow: |clocksource: Long readout interval|perf: interrupt took too long|"
           r"hogged CPU|sched: RT throttling|hrtimer: interrupt took|no longer affine to cpu")


def domain(name, kernel="cloud", *, memory=256, maxmem=None, vcpus=1, extra="", disks=("vda",),
           crash="destroy", folder="etc/lamina"):
    """
    The files that dom0 needs for a Debian guest: {path: content}. kernel: a folder of build/stock, or
    "grub", for which the second disk has to be boot.ext4. disks: dom0's, the first is the root, the
    others read-only but with ":w" behind. crash: what becomes of it then. folder: dom0 starts what is in etc/lamina.
    """
    words = [disk.partition(":") for disk in disks]
    letters = [f"'phy:/dev/{disk},xvd{chr(ord('a') + i)},{mode or ('r' if i else 'w')}'"
               for i, (disk, _, mode) in enumerate(words)]
    grub = kernel == "grub"
    text = CONFIG.format(name=name, memory=memory, maxmem=f"maxmem = {maxmem}\n" if maxmem else "", vcpus=vcpus,
                         boot=GRUB if grub else KERNEL.format(kernel), disks=", ".join(letters),
                         crash=crash, extra="" if grub else f"{COMMAND_LINE} {extra}".strip())
    files = {f"{folder}/{name}.cfg": text.encode()}
    if grub:
        return {**files, "images/grub": f"{STOCK}/grub"}
    return {**files, f"images/vmlinuz-{kernel}": f"{STOCK}/{kernel}/vmlinuz",
            f"images/initrd-{kernel}": f"{STOCK}/{kernel}.cpio.gz"}


def copy_root(name, programs=()):
    """A root disk that a guest may change, with more programs of the host's in /usr/bin."""
    os.makedirs(WORK, exist_ok=True)
    disk = f"{WORK}/{name}.ext4"
    subprocess.run(["cp", "--sparse=always", f"{STOCK}/guest.ext4", disk], check=True)
    for program in programs:
        inside = f"/usr/bin/{os.path.basename(program)}"
        for command in f"write {program} {inside}", f"set_inode_field {inside} mode 0100755":
            subprocess.run(["debugfs", "-w", "-R", command, disk], env=TOOLS, check=True,
                           stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    return disk


def forms(linux):
    """What the programs of tests/stock/forms say in a guest."""
    return linux.shell("forms; forms32", 120).splitlines()


def warnings(linux):
    """What a guest's kernel has warned of, without the numbers that differ each time."""
    text = linux.shell("dmesg -t -l emerg,alert,crit,err,warn")
    return {re.sub(r"0x[0-9a-f]+|\b[0-9a-f]{8,}\b|\d+", "N", line) for line in text.splitlines()
            if not re.search(MACHINE, line)}


class Shell(Machine):
    """A machine whose console ends in a bash."""

    PIECE = 48  # characters: stock Xen keeps 128 that its dom0 has not read, and drops what comes then

    def send(self, line, end="\n"):
        """Types a line, each piece when the one before has been shown."""
        line += end
        while len(line) > self.PIECE:
            with self.changed:
                due = len(self.console) + self.PIECE
            super().send(line[:self.PIECE], end="")
            line = line[self.PIECE:]
            with self.changed:
                if not self.changed.wait_for(lambda: len(self.console) >= due, LIVE):
                    raise Failure("what is typed is not shown")
        super().send(line, end="")

    def prompt(self):
        """Waits until the shell listens; what was typed before may be lost, what was said before be shown again."""
        token = random.randrange(10 ** 9)
        for _ in range(30):
            time.sleep(0.5)
            self.send(f"\necho prompt-$(({token} + 1))")
            try:
                self.expect(rf"prompt-{token + 1}\b", 10)
                break
            except Failure:
                continue
        else:
            raise Failure("no shell answers")
        self.send("echo begin-$((6 * 7))")  # behind all that a late shell still echoes
        self.expect(r"begin-42\b")

    def status(self, command, timeout=60):
        """(exit status, output) of a command in the guest's shell."""
        with self.changed:
            start = self.position
        self.send(f'{command}; echo "ended:""$?"')
        match = self.expect(r"ended:(\d+)$|^linux \(domain \d+\) has crashed.*", max(timeout, LIVE))
        if not match[1]:
            raise Failure(f"{command}: {match[0]}")
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
    A guest named linux, whose root disk the test may change; guest: what domain() takes. self.file_sum is the
    SHA-256 of what http://SERVER/ serves, file_mib MiB. machine: MiB of it all. disk: the root disk instead of a
    fresh copy, which has programs, too.
    """

    def __init__(self, name, kernel="cloud", *, guest=None, file_mib=8, files=None, machine=None, disks=(),
                 disk=None, programs=(), **options):
        guest = {"memory": 256, **(guest or {})}
        root, served = disk or copy_root(name, programs), f"{WORK}/{name}.served"
        body = random.Random(name).randbytes(file_mib << 20)
        with open(served, "wb") as f:
            f.write(body)
        self.file_sum = hashlib.sha256(body).hexdigest()
        super().__init__(name, files={**domain("linux", kernel, **guest), **(files or {})}, disks=[root, *disks],
                         memory=machine or guest["memory"] + 320,
                         options="com1=115200,8n1 console=com1 dom0_mem=256M", **options)
        forward = f",guestfwd=tcp:{SERVER}:80-cmd:{sys.executable} tests/stock/serve {served}"
        self.arguments = [a + forward if a.startswith("user,id=net0") else ACCEL if a == "tcg" else a
                          for a in self.arguments]

    def attach(self, name="linux"):
        """From dom0's prompt to a guest's shell."""
        self.send(f"console {name}")
        self.expect(r"leaves the console")
        self.prompt()

    def detach(self):
        """Back to dom0's prompt."""
        self.send("\x1d", end="")
        self.expect(r"dom0> ")

    def up(self, timeout=120, name="linux"):
        """Waits for the guest's init, attaches to its console; the guest's own seconds until then."""
        seconds = self.expect(r"debian: up after ([0-9.]+) s", max(timeout, LIVE))[1]
        self.attach(name)
        self.shell("dmesg -n 4")  # what is less than an error does not come between a command's lines
        return float(seconds)

    def download(self):
        text = self.shell(f"busybox wget -q -O /tmp/served http://{SERVER}/ && sha256sum /tmp/served && rm /tmp/served",
                          120)
        require(self.file_sum in text, "a download from the host has its checksum")
