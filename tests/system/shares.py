#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Rule: domains get what their scheduler promises. credit: times as weights within 3 %, a cap within
# 3 %, an answer within a slice beside a busy domain, three domains two thirds of two processors each, but
# where a migration delay keeps them where they are.
# rtds: no deadline missed in 60 s beside a greedy domain. Pools: each processor its own scheduler.
# timeout: 300
"""
Time here is emulated: -icount lets the time-stamp counter, and the timers with it, advance by
2^shift ns an instruction, so that what is measured is the same on every machine and in every run.
With shift=5 a minute is 1.9 thousand million instructions. That is exact as well: schedulers see
nothing but that clock, and what their own instructions cost counts 32 times as much as with shift=0.
Two processors take turns in one thread, at the next timer at the latest; hence ticks and shift=3.
"""
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "lib"))
from machine import Failure, main, require
import vm

OPTIONS = "com1=115200,8n1 console=com1 loglvl=all dom0_mem=64M"
TIMEOUT = 200  # a run takes seconds; this only ends one that hangs
SLICE_NS = 10_000_000  # credit's default


def measure(words, options="", shift=5, processors=1):
    """[(name, {key: number})] of each line that the image prints."""
    command = [vm.find_qemu(), "-accel", "tcg", "-cpu", "EPYC,-smap,-monitor", "-icount",
               f"shift={shift},sleep=off", "-rtc", "base=2024-01-01T00:00:00,clock=vm", "-m", "512",
               "-smp", str(processors), "-display", "none", "-serial", "stdio", "-monitor", "none",
               "-no-reboot", "-kernel", "build/lamina", "-append", f"{OPTIONS} {options}".strip(),
               "-initrd", f"build/tests/shares {words}"]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, timeout=TIMEOUT, check=False)
    except subprocess.TimeoutExpired as e:
        raise Failure(f"{words}: no end; it said {(e.stdout or b'')[-300:]!r}") from None
    text = done.stdout.decode(errors="replace").replace("\r", "")
    print(f"--- {words} {options}\n{text}")
    if "SUCCESS" not in text:
        raise Failure(f"{words}: the image did not end well")
    found = []
    for line in re.findall(r"^shares: (.*)$", text, re.M):
        name, *rest = re.match(r"(\S+)( .*)?$", line).groups()
        numbers = re.findall(r"(\S+) (\d+)", rest[0]) or [("is", "0")]
        found.append((name, {key: int(value) for key, value in numbers}))
    return found


def times(found, key="time"):
    return {name: numbers[key] for name, numbers in found if key in numbers}


def near(what, got, wanted, percent):
    require(abs(got - wanted) <= wanted * percent / 100, f"{what}: {got:.3f}, wanted {wanted:.3f}")


def test_weights():
    found = measure("weights")
    for key in "time", "rounds":
        of = times(found, key)
        near(f"{key} of weights 512 and 256", of["two"] / of["one"], 2, 3)


def test_cap():
    found = measure("cap")
    of, rounds = times(found), times(found, "rounds")
    near("alone, ms", of["alone"] / 1e6, 1000, 1)
    for name in "capped", "capped-beside":
        near(f"{name} at 30 %, ms", of[name] / 1e6, 300, 3)
        near(f"{name}, work done", rounds[name] / rounds["alone"], 0.3, 3)
    near("who has no cap gets the rest, ms", of["neighbour"] / 1e6, 700, 3)


def test_answers():
    for options in "", "sched_ratelimit_us=1000":
        numbers = dict(measure("answers", options))["echo"]
        require(numbers["worst"] < SLICE_NS, f"the longest of {numbers['rounds']} answers took "
                f"{numbers['worst'] / 1e6:.2f} ms, the mean {numbers['mean'] / 1e6:.2f} ms")


def test_deadlines():
    found = dict(measure("deadlines", "sched=rtds"))
    for name, jobs in ("fast", 6000), ("slow", 3000):
        require(found[name]["missed"] == 0, f"{name}: no job was late")
        require(found[name]["rounds"] >= jobs, f"{name}: {found[name]['rounds']} jobs were done")
    left = 60e9 - found["fast"]["time"] - found["slow"]["time"]
    require(found["greedy"]["time"] > left * 0.95, "the greedy one had all that was left")
    # What the test would see if nobody cared.
    found = dict(measure("deadlines ms=3000", "sched=credit"))
    require(found["fast"]["missed"] > 0, "with credit jobs are late")


def test_spread():
    for name, time in times(measure("spread", shift=3, processors=2)).items():
        near(f"{name} of three on two processors, ms", time / 1e6, 2000, 3)


def test_delay():
    """Who waits ran less than 100 ms ago: nobody is taken from his processor, so one is alone on his."""
    got = sorted(times(measure("spread delay=100000", shift=3, processors=2)).values())
    for name, time, wanted in zip(("first", "second", "third"), got, (1500, 1500, 3000)):
        near(f"{name} of three who stay where they are, ms", time / 1e6, wanted, 3)


def test_pools():
    of = times(measure("pools ms=3000", shift=3, processors=2))
    near("in the pool of credit, weights 512 and 256", of["two"] / of["one"], 2, 3)
    near("in the pool of rtds, 20 of 100 ms", of["fifth"] / 3e9, 0.2, 3)
    near("60 of 100 ms", of["three-fifths"] / 3e9, 0.6, 3)


def run():
    os.chdir(ROOT)
    wanted = sys.argv[1:] or ["weights", "cap", "answers", "deadlines", "spread", "delay", "pools"]
    for name in wanted:
        globals()[f"test_{name}"]()


main(run)
