# SPDX-License-Identifier: MIT
# Reads the counts of bench/blocks-plugin.c while the machine runs: how much was executed, and where.
"""
    before = blocks.snapshot(path); ...; after = blocks.snapshot(path)
    blocks.instructions(before, after)
    blocks.profile(before, after, ["build/lamina.elf", "build/images/dom0.elf"])
"""

import bisect
import struct
import subprocess
import time
from collections import Counter

SETTLED = 1_000_000  # instructions a second

PROCESSORS = 4
HEAD = struct.Struct("<8Q")
RECORD = struct.Struct(f"<2Q16s{PROCESSORS}Q")


def snapshot(path):
    """All records: (address, instructions, first bytes, times executed by each processor)."""
    with open(path, "rb") as f:
        used = HEAD.unpack(f.read(HEAD.size))[0]
        return list(RECORD.iter_unpack(f.read(used * RECORD.size)))


def executed(before, after, processor=None):
    """(address, instructions executed, first bytes) of each block that was, by one processor or by all."""
    which = slice(3, None) if processor is None else slice(3 + processor, 4 + processor)
    counts = [sum(r[which]) for r in before] + [0] * (len(after) - len(before))
    for record, old in zip(after, counts):
        times = sum(record[which])
        if times > old:
            yield record[0], record[1] * (times - old), record[2]


def instructions(before, after, processor=None):
    return sum(count for _, count, _ in executed(before, after, processor))


def settle(path):
    """Until what a boot leaves for idle processors is done: next to nothing is executed, or steadily the same."""
    seen = []
    for _ in range(120):
        before = snapshot(path)
        time.sleep(1)
        seen = [*seen[-2:], instructions(before, snapshot(path))]
        if seen[-1] < SETTLED or (len(seen) == 3 and max(seen) < 1.15 * min(seen)):
            break


class Image:
    """An ELF file: its code, to know a block by its bytes, and its functions."""

    def __init__(self, path):
        self.name = path.rsplit("/", 1)[-1].removesuffix(".elf")
        with open(path, "rb") as f:
            self.data = f.read()
        where, count = struct.unpack_from("<Q", self.data, 32)[0], struct.unpack_from("<H", self.data, 56)[0]
        heads = [struct.unpack_from("<IIQQQQ", self.data, where + 56 * i) for i in range(count)]
        self.segments = [(va, va + size, offset) for kind, _, offset, va, _, size in heads if kind == 1]
        out = subprocess.run(["nm", "-n", path], stdout=subprocess.PIPE, text=True, check=True).stdout
        symbols = [line.split() for line in out.splitlines() if " t " in line.lower()]
        self.addresses = [int(s[0], 16) for s in symbols]
        self.names = [s[2] for s in symbols]

    def has(self, address, data):
        data = data.rstrip(b"\0")[:8]
        return any(self.data[offset + address - start:][:len(data)] == data
                   for start, end, offset in self.segments if start <= address < end)

    def function(self, address):
        at = bisect.bisect_right(self.addresses, address) - 1
        return self.names[at] if at >= 0 else "?"


def profile(before, after, paths, processor=None):
    """Counters of instructions by image and by (image, function); `?` is code of none of these ELF files."""
    images, by_image, by_function = [Image(p) for p in paths], Counter(), Counter()
    for address, count, data in executed(before, after, processor):
        image = next((i for i in images if i.has(address, data)), None)
        name = image.name if image else "?"
        by_image[name] += count
        by_function[name, image.function(address) if image else "?"] += count
    return by_image, by_function
