#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Rule: xl's verbs on dom0's console do what they say: create, list, console, pause, unpause,
# shutdown, reboot, destroy, info, perf, dmesg; and a domain's end is followed by what its configuration says.
# timeout: 180
# smp-long: 2 4
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from machine import Machine, main, require

HELLO = 'name = "hello"\nkernel = "/images/hello"\nmemory = 4\nextra = "one two {extra}"\n{more}\n'


def config(extra="", more=""):
    return HELLO.format(extra=extra, more=more).encode()


def state(m, name):
    """The state column of `list` for a domain, or None."""
    found = re.search(rf"^{name} +\d+ +\d+ +\d+ +(\S+)", m.command("list"), re.M)
    return found[1] if found else None


def perf(m):
    """Entries are counted always, times while they are switched on."""
    before = m.hypercalls("Domain-0")
    require(before["domctl"][0] > 5 and before["domctl"][1] is None, "entries, no times")
    m.command("perf reset")
    m.command("perf on")
    for _ in range(3):
        m.command("list")
    m.send("create etc/other/sleeper.cfg")
    m.expect(r"\[sleeper\] argument 1")
    m.command("perf off")
    born = m.hypercalls("sleeper")
    require(all(born[call][1] for call in ("mmu_update", "event_channel_op")),
            "a domain that is made meanwhile has times from the beginning")
    m.command("destroy sleeper")
    timed = m.hypercalls("Domain-0")
    require(0 < timed["sysctl"][0] < before["sysctl"][0] + 20, "reset begins anew")
    entries, ns, ranges = timed["sysctl"]
    require(ns > 100 * ranges and 3 < ranges <= entries, "each timed entry is in a range")
    later = m.hypercalls("Domain-0")
    require(later["sysctl"][0] > entries and later["sysctl"][1:] == (ns, ranges),
            "off: counted, but not timed")
    require("there is no such domain" in m.command("perf nobody"), "whose hypercalls")


def run():
    files = {
        "images/hello": "build/images/hello",
        "etc/lamina/hello.cfg": config("status=3"),
        "etc/other/sleeper.cfg": config("sleep=600", "").replace(b'"hello"', b'"sleeper"'),
        "etc/other/again.cfg": config("sleep=600", 'on_reboot = "restart"').replace(b'"hello"', b'"again"'),
        "etc/other/kept.cfg": config("crash", 'on_crash = "preserve"').replace(b'"hello"', b'"kept"'),
    }
    with Machine("toolstack", files=files, ports=()) as m:
        m.expect(r"etc/lamina/hello.cfg started as domain 1")
        m.expect(r"\[hello\] Hello from hello")
        m.expect(r"\[hello\] .*exit status 3")
        m.expect(r"hello \(domain 1\) has powered off: destroyed")

        m.send("create etc/other/sleeper.cfg")
        m.expect(r"\[sleeper\] argument 1")
        # Until it sleeps it may be one that waits for the processor, which is neither.
        require(any(set("rb") & set(state(m, "sleeper")) for _ in range(100)), "list shows a running domain")
        m.command("pause sleeper")
        require("p" in state(m, "sleeper"), "a paused one")
        m.command("unpause sleeper")
        require("p" not in state(m, "sleeper"), "and unpaused again")
        require("it is not paused" in m.command("unpause sleeper"), "but not twice")
        require("a domain of this name runs already" in m.command("create etc/other/sleeper.cfg"),
                "names are unique")
        m.send("console sleeper")
        m.expect(r"Hello from")
        m.send("\x1d", end="")
        m.send("shutdown sleeper")
        m.expect(r"sleeper \(domain \d+\) has powered off: destroyed")

        m.send("create etc/other/again.cfg")
        m.expect(r"\[again\] Hello")
        m.send("reboot again")
        m.expect(r"again \(domain \d+\) wants to reboot: restarting")
        m.expect(r"\[again\] Hello")
        m.command("destroy again")
        require(state(m, "again") is None, "a destroyed domain is gone")

        m.send("create etc/other/kept.cfg")
        m.expect(r"\[kept\] .*null pointer")
        m.expect(r"kept \(domain \d+\) has crashed: preserved")
        require("sc" in state(m, "kept"), "a preserved domain is listed as crashed")
        m.command("destroy kept")

        perf(m)
        require(re.search(r"^free_memory +: \d+", m.command("info"), re.M), "info tells the free memory")
        require("no such verb" in m.command("nonsense"), "nonsense is told")
        require("there is no such domain" in m.command("destroy nobody"), "and who does not exist")
        # The log holds dom0's own prompts, so it comes last.
        m.send("dmesg")
        m.expect(r"Lamina, a hypervisor")
        m.send("poweroff")
        m.wait()


main(run)
