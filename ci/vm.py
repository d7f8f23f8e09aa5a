# SPDX-License-Identifier: MIT
# What the QEMU machine of `make run` and of the system tests is made of.
"""Builds ramdisks and QEMU command lines. Nothing here starts a process but cpio."""

import gzip
import os
import shutil
import socket
import subprocess

QEMU = "qemu-system-x86_64"
OPTIONS = "com1=115200,8n1 console=com1 dom0_mem=64M"
EXIT_PORT = 0xF4
# What QEMU's DHCP gives first; appliances that run side by side count on from here.
FIRST_ADDRESS = 15
BACKLOG = "build/ci/backlog.so"
# EPYC without SMAP (an iretq of ring 3 faults with it under TCG) and without what TCG lacks anyway
# and would warn of.
CPU = ("EPYC,-smap,-rdseed,-sha-ni,-fxsr-opt,-misalignsse,-3dnowprefetch,-osvw,-topoext,"
       "-nrip-save,-xsavec")


class SetupError(Exception):
    """One line that says what is missing or in use."""


def find_qemu():
    path = shutil.which(QEMU)
    if not path:
        raise SetupError(f"{QEMU} is not installed (package qemu-system-x86)")
    return path


def environment():
    """What QEMU runs with: ours, and a listen() that takes bursts (ci/backlog.c)."""
    if not os.path.exists(BACKLOG):
        return None
    return {**os.environ, "LD_PRELOAD": os.path.abspath(BACKLOG)}


def address(index):
    """The address of the appliance of that index where there are several."""
    return f"10.0.2.{FIRST_ADDRESS + index}"


def port_is_free(port):
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def choose_port(wanted=None, first=8080):
    """The wanted port, which must be free, or the first free one from `first` up."""
    if wanted is not None:
        if not 0 < wanted < 65536:
            raise SetupError(f"{wanted} is no port number")
        if not port_is_free(wanted):
            raise SetupError(f"port {wanted} of 127.0.0.1 is in use; choose another by PORT=")
        return wanted
    for port in range(first, min(first + 1000, 65536)):
        if port_is_free(port):
            return port
    raise SetupError(f"no port from {first} to {first + 999} is free")


def kvm_works():
    """A /dev/kvm without vmx or svm interprets ring 0 instruction by instruction: not that one."""
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as f:
        flags = next((line.split() for line in f if line.startswith("flags")), [])
    return bool({"vmx", "svm"} & set(flags)) and os.access("/dev/kvm", os.R_OK | os.W_OK)


def make_ramdisk(path, files, mode=0o644):
    """Writes a gzipped cpio archive of {name inside: host path or bytes}, whole or not at all."""
    staging = path + ".files"
    shutil.rmtree(staging, ignore_errors=True)
    names = set()
    for name, content in files.items():
        target = os.path.join(staging, name)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if isinstance(content, bytes):
            with open(target, "wb") as f:
                f.write(content)
        else:
            shutil.copyfile(content, target)
        os.chmod(target, mode)
        while name:
            names.add(name)
            name = os.path.dirname(name)
    listing = "".join(n + "\n" for n in sorted(names)).encode()
    archive = subprocess.run(["cpio", "-o", "-H", "newc", "--reproducible", "--quiet"],
                             input=listing, cwd=staging, stdout=subprocess.PIPE, check=True).stdout
    with open(path + ".new", "wb") as f:
        f.write(gzip.compress(archive, 6, mtime=0))
    os.replace(path + ".new", path)
    shutil.rmtree(staging)


def command(hypervisor, dom0, ramdisk, *, dom0_args="", options=OPTIONS, memory=256, disks=(),
            forwards=(), accel="tcg", cpu=None, extra=()):
    """
    QEMU's arguments. disks: host paths of raw images, read-only where they end in ":ro".
    forwards: (protocol, host port, guest address or "", guest port); None for no network at all.
    """
    if accel == "kvm" and not kvm_works():
        raise SetupError("KVM needs /dev/kvm and a processor with vmx or svm; leave ACCEL out")
    args = [find_qemu(), "-accel", accel, "-cpu", cpu or ("host" if accel == "kvm" else CPU),
            "-m", str(memory), "-display", "none", "-serial", "stdio", "-monitor", "none",
            "-no-reboot", "-device", f"isa-debug-exit,iobase={EXIT_PORT:#x},iosize=4",
            "-kernel", hypervisor, "-append", options,
            "-initrd", f"{dom0} {dom0_args}".rstrip() + f",{ramdisk}"]
    if forwards is not None:
        rules = "".join(f",hostfwd={proto}:127.0.0.1:{host}-{address}:{guest}"
                        for proto, host, address, guest in forwards)
        args += ["-netdev", "user,id=net0,restrict=on" + rules,
                 "-device", "virtio-net-pci,netdev=net0,disable-legacy=on"]
    for i, disk in enumerate(disks):
        path, read_only = (disk[:-3], "on") if disk.endswith(":ro") else (disk, "off")
        args += ["-drive", f"if=none,id=disk{i},format=raw,file={path},readonly={read_only}",
                 "-device", f"virtio-blk-pci,drive=disk{i},disable-legacy=on"]
    return args + list(extra)
