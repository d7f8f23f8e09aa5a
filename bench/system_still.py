# SPDX-License-Identifier: MIT
# Rows of `make bench-system` that need no load: the hypervisors' boot and what everything weighs.
"""rows() answers [(name, unit, the reference's, Lamina's)]; less is better in each."""

import os
import struct
import subprocess
import tempfile

import vm
from machines import FOLDER, ROOT
from xen import XEN

DOM0 = f"{FOLDER}/image"  # the same for both: it says a line, and resets
OPTIONS = "com1=115200,8n1 console=com1 loglvl=error guest_loglvl=none dom0_mem=64M"


def elf_entry(path):
    with open(path, "rb") as f:
        head = f.read(64)
    return struct.unpack_from("<Q" if head[4] == 2 else "<I", head, 24)[0]


def multiboot_entry(path):
    """Of a kernel that tells its addresses in the multiboot header, else the ELF file's."""
    with open(path, "rb") as f:
        head = f.read(8192)
    at = head.index(struct.pack("<I", 0x1BADB002))
    flags = struct.unpack_from("<I", head, at + 4)[0]
    return struct.unpack_from("<I", head, at + 28)[0] if flags >> 16 & 1 else elf_entry(path)


def boot(hypervisor):
    """Instructions from the hypervisor's first to dom0's first."""
    with tempfile.TemporaryDirectory() as folder:
        marks = f"hypervisor={multiboot_entry(hypervisor):#x},dom0={elf_entry(DOM0):#x},out={folder}/counts"
        command = [vm.find_qemu(), "-accel", "tcg,thread=single", "-cpu", "EPYC,-smap,-monitor", "-m", "512", "-display",
                   "none", "-serial", "null", "-monitor", "none", "-no-reboot", "-kernel", hypervisor, "-append",
                   OPTIONS, "-initrd", f"{DOM0} row=none", "-plugin", f"{FOLDER}/count.so,{marks}"]
        subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, timeout=240, check=True)
        with open(f"{folder}/counts", encoding="ascii") as f:
            counts = {name: int(count) for name, count in (line.split() for line in f)}
    return counts["dom0"] - counts["hypervisor"]


def size(*paths):
    return sum(os.path.getsize(p) for p in paths)


def rows():
    os.chdir(ROOT)
    linux = ("build/stock/amd64/vmlinuz", "build/stock/dom0.cpio.gz")
    guest = ("build/stock/cloud/vmlinuz", "build/stock/cloud.cpio.gz")
    return [("boot of the hypervisor", "instr.", boot(XEN), boot("build/lamina")),
            ("hypervisor, file", "bytes", size(XEN), size("build/lamina")),
            ("dom0, without a root disk", "bytes", size(*linux), size("build/images/dom0")),
            ("web guest, without its disks", "bytes", size(*guest), size("build/images/httpd"))]
