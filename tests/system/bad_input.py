#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Rule: what a person gets wrong is told in one clear line, and leaves nothing behind.
# timeout: 180
import os
import re
import socket
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from machine import Machine, check, main, require

GOOD = 'name = "x"\nkernel = "/images/hello"\nmemory = 4\n'


def kernel():
    with open("build/images/hello", "rb") as f:
        return f.read()


def without_notes():
    data = bytearray(kernel())
    at = 0
    while (at := data.find(b"Xen\0", at)) >= 0:
        data[at:at + 4] = b"Xyz\0"
    return bytes(data)


def for_32_bits():
    data = bytearray(kernel())
    data[4] = 1
    return bytes(data)


# file name, contents of the configuration, the line that is due
CASES = [
    ("no-elf", GOOD.replace("/images/hello", "/images/text"), r"/images/text: .*ELF"),
    ("cut", GOOD.replace("/images/hello", "/images/cut"), r"/images/cut: .*(cut short|ends)"),
    ("cut-gzip", GOOD.replace("/images/hello", "/images/cut.gz"), r"/images/cut.gz: .*(damaged|cut short)"),
    ("no-notes", GOOD.replace("/images/hello", "/images/nonotes"), r"/images/nonotes: .*Xen notes"),
    ("bits-32", GOOD.replace("/images/hello", "/images/bits32"), r"/images/bits32: .*64"),
    ("missing", GOOD.replace("/images/hello", "/images/nothing"), r"/images/nothing: .*no such file"),
    ("too-large", GOOD + 'ramdisk = "/images/ballast"\n', r"needs at least \d+ KiB .*raise memory="),
    ("too-much", GOOD.replace("memory = 4", "memory = 100000"), r"memory=100000 MiB, but only \d+ MiB"),
    ("unknown-key", GOOD + 'colour = "red"\n', r"unknown-key.cfg:4: .*colour"),
    ("malformed", GOOD + "vif = [ 'bridge=xenbr0'\n", r"malformed.cfg:\d: "),
    ("bad-value", GOOD.replace("memory = 4", 'memory = "much"'), r"bad-value.cfg:3: .*memory"),
    ("no-disk", GOOD + "disk = [ 'phy:/dev/vdz,xvda,w' ]\n", r"no disk /dev/vdz"),
]


def toolstack():
    files = {f"etc/other/{name}.cfg": text.encode() for name, text, _ in CASES}
    files.update({
        "images/hello": kernel(), "images/text": b"I am no kernel.\n" * 100,
        "images/cut": kernel()[:20000], "images/nonotes": without_notes(),
        "images/bits32": for_32_bits(), "images/ballast": bytes(5 << 20),
        "images/cut.gz": __import__("gzip").compress(kernel())[:9000],
        "etc/other/good.cfg": GOOD.replace('"x"', '"twice"').encode() + b'extra = "sleep=600"\n',
    })
    with Machine("bad-input", files=files, ports=()) as m:
        m.expect(r"dom0> ")
        before = m.counts()
        before.pop("dom0_free_pages")
        for name, _, line in CASES:
            m.send(f"create etc/other/{name}.cfg")
            found = m.expect(line)
            print(f"ok {name}: {found[0]}")
        after = m.counts()
        after.pop("dom0_free_pages")
        check("frames, ports and nodes", after, before)
        m.send("create etc/other/good.cfg")
        m.expect(r"\[twice\] Hello")
        m.send("create etc/other/good.cfg")
        m.expect(r"twice: a domain of this name runs already")


def make(*arguments, **environment):
    out = subprocess.run(["make", "--no-print-directory", "run", *arguments], stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, text=True, timeout=100, stdin=subprocess.DEVNULL,
                         env={**os.environ, **environment})
    return out.returncode, out.stdout


def host():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        status, text = make(f"PORT={port}")
        require(status and re.search(rf"port {port} of 127.0.0.1 is in use", text), "a port in use is told")
    path = ":".join(p for p in os.environ["PATH"].split(":")
                    if not os.path.exists(f"{p}/qemu-system-x86_64"))
    os.makedirs("build/tests/bin", exist_ok=True)
    for tool in os.listdir("/usr/bin"):
        if not tool.startswith("qemu-system") and not os.path.lexists(f"build/tests/bin/{tool}"):
            os.symlink(f"/usr/bin/{tool}", f"build/tests/bin/{tool}")
    status, text = make(PATH=f"{path}:{os.path.abspath('build/tests/bin')}")
    require(status and "qemu-system-x86_64 is not installed" in text, "a missing QEMU is told")


def run():
    toolstack()
    host()


main(run)
