# SPDX-License-Identifier: MIT
# How systems are measured beside each other, row by row: rates in turns, and instructions of all that runs.
"""
A system has name, machine, control (machines.Control), images (ELF files of its code, for a profile) and up(),
which waits until it serves. `makes`: classes, called with whether instructions are counted; the reference first.
"""

import os
import sys
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Callable

import blocks
from machines import Failure
from report import shown

RUNS = int(os.environ.get("RUNS", "3"))
COUNT = int(os.environ.get("COUNT", "1"))
PROFILE = int(os.environ.get("PROFILE", "0"))
SECONDS = 2
COUNTED_SECONDS = 1, 4  # the difference is what is counted: what a load does once falls out


@dataclass
class Row:
    """ask(system, seconds) answers (count, seconds); scale makes `unit` of the count by second."""
    name: str
    unit: str
    scale: float
    each: str  # what instructions are divided by: `part` counts
    part: int
    ask: Callable
    counted: tuple = COUNTED_SECONDS  # of one number: that is all there is to count
    rates: dict = field(default_factory=dict)  # system: one of each run
    instructions: dict = field(default_factory=dict)
    failed: dict = field(default_factory=dict)  # system: why


def say(text):
    print(text, file=sys.stderr, flush=True)


def boot(stack, makes, counting):
    """All machines, stopped. Each finds its ports when those of the last are taken."""
    systems = []
    for make in makes:
        system = make(counting)
        stack.enter_context(system.machine)
        system.up()
        if counting:
            blocks.settle(system.control.counts)
        system.control.execute("stop")
        systems.append(system)
    return systems


def ask(row, system, seconds):
    """None where it failed: the row has no number, the others go on."""
    system.control.execute("cont")
    try:
        return row.ask(system, seconds)
    except (Failure, OSError, ValueError) as e:
        row.failed[system.name] = str(e)
        say(f"{row.name}: {system.name}: {e}")
        return None
    finally:
        system.control.execute("stop")


def measure_rates(rows, makes):
    """The systems take turns, and only one's clock runs."""
    with ExitStack() as stack:
        systems = boot(stack, makes, False)
        for turn in range(RUNS):
            for row in rows:
                for system in systems:
                    answer = ask(row, system, SECONDS)
                    if not answer:
                        continue
                    rate = answer[0] / answer[1] * row.scale
                    row.rates.setdefault(system.name, []).append(rate)
                    say(f"{turn + 1} {row.name:<36} {system.name:<16} {rate:>12,.0f} {row.unit}")


def show_profile(before, after, count, images):
    by_image, by_function = blocks.profile(before, after, images)
    say("  " + ", ".join(f"{name} {n / count:,.0f}" for name, n in by_image.most_common(6)))
    for (image, function), n in by_function.most_common(PROFILE):
        say(f"  {n / count:>10,.1f} {image:<8} {function}")


def count_instructions(row, system):
    path, results = system.control.counts, [(0, 0)] if len(row.counted) == 1 else []
    for seconds in row.counted:
        before = blocks.snapshot(path)
        answer = ask(row, system, seconds)
        if not answer:
            return
        after = blocks.snapshot(path)
        results.append((answer[0] / row.part, blocks.instructions(before, after)))
    (count0, total0), (count1, total1) = results
    each = (total1 - total0) / (count1 - count0) if count1 > count0 and total1 > total0 else None
    row.instructions[system.name] = each  # None: so few that what is done once hides them
    say(f"{row.name:<36} {system.name:<16} {shown(each):>12} instructions a {row.each}")
    if PROFILE and system.images:
        show_profile(before, after, count1, system.images)


def measure_instructions(rows, makes):
    with ExitStack() as stack:
        systems = boot(stack, makes, True)
        for row in rows:
            for system in systems:
                count_instructions(row, system)


def measure(rows, makes):
    if RUNS:
        measure_rates(rows, makes)
    if COUNT:
        measure_instructions(rows, makes)
