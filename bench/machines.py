# SPDX-License-Identifier: MIT
# The two machines whose whole systems are compared, and what they are asked to do.
"""
Lamina with its dom0 and four appliances, and stock Xen with Debian's Linux as dom0 and two Debian guests, by
QEMU command lines that differ in what is booted and in Linux's own disks. Both serve the same: pages, the two
ends of bench/stream, and a disk that is read and written.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [os.path.join(ROOT, "ci"), os.path.join(ROOT, "tests/lib"), os.path.join(ROOT, "tests/stock")]
import vm
from machine import Failure, Machine
from xen import CPU, Xen

FOLDER = "build/bench"
STREAM = f"{FOLDER}/linux/sbin/stream"
MEMORY = 1536
WEB, FIRST, SECOND, DISK = (vm.address(i) for i in range(4))
APPLIANCE = """name = "{name}"
kernel = "/images/{image}"
memory = 16
vif = [ 'bridge=xenbr0' ]
disk = [ {disk} ]
extra = "ip={address}/24 {words}"
"""
LINUX = """name = "{name}"
kernel = "/images/vmlinuz"
ramdisk = "/images/initrd"
memory = 256
vif = [ 'bridge=xenbr0' ]
disk = [ {disks} ]
extra = "root=/dev/xvda console=hvc0 quiet address={address}"
"""


class Control:
    """
    QEMU's own monitor, which stops the machine, its clock included, while the other is measured; and, where
    instructions are counted, one processor and their count in self.counts.
    """

    def __init__(self, name, counting):
        self.counting = counting
        self.path, self.counts = os.path.join(ROOT, f"{FOLDER}/{name}.qmp"), f"{FOLDER}/{name}.blocks"
        self.arguments, self.lines = ["-qmp", f"unix:{self.path},server=on,wait=off"], None
        if counting:
            self.arguments += ["-smp", "1", "-plugin", f"{FOLDER}/blocks.so,out={self.counts}"]

    def execute(self, command):
        if not self.lines:
            with socket.socket(socket.AF_UNIX) as s:
                s.settimeout(30)
                s.connect(self.path)
                self.lines = s.makefile("rw", encoding="ascii")
            self.lines.readline()
            self.execute("qmp_capabilities")
        self.lines.write(json.dumps({"execute": command}) + "\n")
        self.lines.flush()
        while "return" not in (answer := json.loads(self.lines.readline())):
            if "error" in answer:
                raise Failure(f"QEMU: {command}: {answer['error']}")


def fresh(name, disk):
    """A copy of the disk, which may be written."""
    path = f"{FOLDER}/{name}.disk"
    shutil.copyfile(disk, path)
    return path


def run(command, timeout):
    """The output of a program on the host that must succeed."""
    try:
        ended = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                               timeout=timeout, check=False)
    except subprocess.TimeoutExpired:
        raise Failure(f"{' '.join(command)}: no end after {timeout} s") from None
    if ended.returncode:
        raise Failure(f"{' '.join(command)}: {ended.stdout.strip()}")
    return ended.stdout


class System:
    """
    What both can be asked, each for so many seconds; the answers are (count, seconds). endpoints: the
    (address, port) of each service, as forwarded.
    """

    name = machine = control = None
    endpoints, images = {}, []

    def port(self, service):
        return self.machine.ports[self.endpoints[service]]

    def http(self, connections, keep, seconds):
        """Requests for a page of 1 KiB; every answer must be one."""
        close = [] if keep else ["-H", "Connection: close"]
        text = run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", *close,
                    f"http://127.0.0.1:{self.port('http')}/1k"], seconds + 60)
        errors = re.search(r"Non-2xx or 3xx responses: \d+|Socket errors: (?!connect 0, read 0, write 0).*", text)
        if errors:
            raise Failure(f"wrk: {errors[0]}")
        match = re.search(r"(\d+) requests in ([0-9.]+)s", text)
        return int(match[1]), float(match[2])

    def tcp(self, verb, seconds):
        """Bytes from the host (send) or to it (receive)."""
        return stream(verb, "127.0.0.1", self.port("stream"), seconds)

    def tcp_between(self, seconds):
        """Bytes from one guest to the other."""
        return stream("ask", "127.0.0.1", self.port("peer"), "send", self.endpoints["stream"][0], 5001, seconds)


def answer(text):
    """`COUNT MICROSECONDS`."""
    count, us = map(int, text.split())
    if not count:
        raise Failure("nothing arrived")
    return count, us * 1e-6


def stream(*request):
    return answer(run([STREAM, *map(str, request)], 120))


class Lamina(System):
    name = "lamina"
    images = ["build/lamina.elf", "build/images/dom0.elf", "build/images/httpd.elf", f"{FOLDER}/stream.elf",
              f"{FOLDER}/disk.elf"]
    endpoints = {"http": (WEB, 80), "stream": (FIRST, 5001), "peer": (SECOND, 5001), "disk": (DISK, 5001)}

    def __init__(self, counting=False):
        configs = {}
        for name, image, address, disk, words in (
                ("web", "httpd", WEB, "'phy:/dev/vda,xvda,r'", "mount=xvda:/"), ("first", "stream", FIRST, "", ""),
                ("second", "stream", SECOND, "", ""), ("disk", "disk", DISK, "'phy:/dev/vdb,xvda,w'", "")):
            configs[f"etc/lamina/{name}.cfg"] = APPLIANCE.format(name=name, image=image, address=address, disk=disk,
                                                                 words=words).encode()
        images = {"images/httpd": "build/images/httpd", "images/stream": f"{FOLDER}/stream",
                  "images/disk": f"{FOLDER}/disk"}
        self.control = Control(self.name, counting)
        self.machine = Machine("bench-lamina", files={**configs, **images}, ports=list(self.endpoints.values()),
                               disks=[f"{FOLDER}/www.ext4:ro", fresh("lamina", f"{FOLDER}/data")], memory=MEMORY,
                               cpu=CPU, extra=["-smp", "2", *self.control.arguments])

    def up(self):
        for what in r"\[web\] httpd: port", r"\[first\] stream: port", r"\[second\] stream: port", r"\[disk\] disk: port":
            self.machine.position = 0
            self.machine.expect(what)

    def disk(self, verb, size, depth, seconds):
        """Operations."""
        with socket.create_connection(("127.0.0.1", self.port("disk")), timeout=seconds + 60) as s:
            s.sendall(f"{verb} {size} {depth} {seconds}\n".encode())
            text = s.makefile().read()
        if not text:
            raise Failure(f"disk: {verb} {size} failed")
        return answer(text)


def linux_disks(*disks):
    return ", ".join("'format=raw,vdev={1},access={2},script=block-plain,target=/dev/{0}'".format(*d.split())
                     for d in disks)


class Linux(System):
    name = "Xen with Linux"
    endpoints = {"http": (FIRST, 80), "stream": (FIRST, 5001), "shell": (FIRST, 5002), "peer": (SECOND, 5001)}

    def __init__(self, counting=False):
        files = {"images/vmlinuz": "build/stock/cloud/vmlinuz", "images/initrd": "build/stock/cloud.cpio.gz",
                 "first.cfg": LINUX.format(name="first", disks=linux_disks("vdd xvda r", "vda xvdb r", "vde xvdc w"),
                                           address=FIRST).encode(),
                 "second.cfg": LINUX.format(name="second", disks=linux_disks("vdd xvda r"),
                                            address=SECOND).encode()}
        self.control = Control("linux", counting)
        self.machine = Xen("bench", [], list(self.endpoints.values()), first=f"{FOLDER}/www.ext4:ro",
                           disks=[f"{FOLDER}/linux.ext4:ro", fresh("linux", f"{FOLDER}/data")], files=files,
                           memory=MEMORY, extra=self.control.arguments)

    def up(self):
        self.machine.up()
        for name in "first", "second":
            self.machine.shell(f"xl create /stock/{name}.cfg", 240)
        for name in "first", "second":
            log = f"/var/log/xen/console/guest-{name}.log"
            self.machine.shell(f"for i in $(seq 600); do grep -q 'stream: port' {log} && break; sleep 0.2; done; "
                               f"grep 'up after' {log}", 240)

    def disk(self, verb, size, depth, seconds):
        command = (f"fio --name=x --filename=/dev/xvdc --direct=1 --ioengine=libaio --rw={verb} --bs={size} "
                   f"--iodepth={depth} --time_based --runtime={seconds} --output-format=json; exit\n")
        with socket.create_connection(("127.0.0.1", self.port("shell")), timeout=seconds + 60) as s:
            s.sendall(command.encode())
            text = s.makefile().read()
        job = json.loads(text[text.index("{"):])["jobs"][0]["write" if "write" in verb else "read"]
        return job["total_ios"], job["runtime"] * 1e-3
