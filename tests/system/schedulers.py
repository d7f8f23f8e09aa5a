#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Rule: what xl's verbs and configuration keys say of scheduling is so, on two processors: weight and
# cap, affinity, CPU pools of different schedulers, period and budget. What is wrong gets one line.
# timeout: 240
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from machine import Machine, check, main, require
import vm

SLEEPER = 'name = "{name}"\nkernel = "/images/hello"\nmemory = 4\nextra = "sleep=600"\n{more}\n'

CONFIGS = {
    "a": 'vcpus = 2\ncpu_weight = 512\ncap = 50\ncpus = "1"\ncpus_soft = [ "0", "0-1" ]',
    "b": 'pool = "rt"\nperiod = 20000\nbudget = 5000\nextratime = 0',
    "c": "period = 20000\nbudget = 5000",
    "d": 'cpus = "5"',
    "e": 'pool = "nowhere"',
}


def columns(text, name):
    """The words of the line that begins with name."""
    found = re.search(rf"^{name} .*$", text, re.M)
    return found[0].split() if found else None


def says(m, line, text):
    """A verb that is refused says why in one line."""
    answer = m.command(line).split("\n")[1:]
    require(any(text in a for a in answer) and len([a for a in answer if a]) == 1, f"{line}: {text}")


def credit(m):
    m.command("create -p etc/x/a.cfg")
    check("weight and cap", columns(m.command("sched-credit"), "a")[2:], ["512", "50"])
    m.command("sched-credit -d a -w 1000")
    check("a new weight", columns(m.command("sched-credit -d a"), "a")[2:], ["1000", "50"])
    m.command("sched-credit -t 5 -r 500 -m 300")
    require("tslice=5ms ratelimit=500us migration-delay=300us" in m.command("sched-credit"),
            "slice, ratelimit and migration delay")
    says(m, "sched-credit -d a -w 70000", "a number from 1 to 65535")
    says(m, "sched-credit -r 50", "0, or 100 to 500000")
    says(m, "sched-credit -m 100001", "a number from 0 to 100000")
    says(m, "sched-credit -x 1", "what is -x?")
    says(m, "sched-rtds -d a -b 5000", "scheduler is another one")


def affinity(m):
    lines = [line.split() for line in m.command("vcpu-list a").split("\n") if line.startswith("a ")]
    check("affinity of vcpu 0", lines[0][-3:], ["1", "/", "0"])
    check("of vcpu 1", lines[1][-3:], ["1", "/", "all"])
    m.command("vcpu-pin a 0 0-1 1")
    m.command("vcpu-pin -f a 1 - 0")
    lines = [line.split() for line in m.command("vcpu-list a").split("\n") if line.startswith("a ")]
    check("pinned anew", [line[-3:] for line in lines], [["all", "/", "1"], ["1", "/", "0"]])
    says(m, "vcpu-pin a 2 0", "vcpus 0 to 1")
    says(m, "vcpu-pin a 0 7", "has none of these")
    says(m, "vcpu-pin a 0 x", "write processors as in")


def pools(m):
    check("the first pool", columns(m.command("cpupool-list"), "Pool-0")[1:], ["2", "credit", "2"])
    says(m, "cpupool-create name=rt sched=edf", "there are credit, rtds and null")
    says(m, "cpupool-create name=rt sched=rtds cpus=1", "another pool has it")
    says(m, "cpupool-cpu-remove Pool-0 0", "stays in the first pool")
    m.command("cpupool-cpu-remove Pool-0 1")
    m.command('cpupool-create name="rt" sched="rtds" cpus="1"')
    check("a second pool", columns(m.command("cpupool-list"), "rt")[1:], ["1", "rtds", "0"])
    check("its processors", columns(m.command("cpupool-list -c"), "rt")[1], "1")
    m.send("create etc/x/b.cfg")
    m.expect(r"\[b\] Hello")
    check("period and budget", columns(m.command("sched-rtds"), "b")[2:], ["0", "20000", "5000", "no"])
    m.command("sched-rtds -d b -v all -b 6000 -e 1")
    check("others", columns(m.command("sched-rtds -d b"), "b")[2:], ["0", "20000", "6000", "yes"])
    says(m, "sched-rtds -d b -b 30000", "not more than its period")
    check("where it runs", columns(m.command("vcpu-list b"), "b")[3], "1")
    says(m, "cpupool-destroy rt", "1 domains are in it")
    says(m, "cpupool-cpu-remove rt 1", "the last one, and domains need it")
    m.command("cpupool-migrate b Pool-0")
    check("moved", columns(m.command("cpupool-list"), "Pool-0")[1:], ["1", "credit", "3"])
    check("with a new share", columns(m.command("sched-credit -p Pool-0"), "b")[2:], ["256", "0"])
    says(m, "cpupool-migrate 0 rt", "cannot move itself")
    m.command("cpupool-destroy rt")
    m.command("cpupool-cpu-add Pool-0 1")
    check("as before", columns(m.command("cpupool-list"), "Pool-0")[1:], ["2", "credit", "3"])


def refusals(m):
    says(m, "create etc/x/c.cfg", "the pool's scheduler is not rtds")
    says(m, "create etc/x/d.cfg", "the pool has none of them")
    says(m, "create etc/x/e.cfg", "there is no such CPU pool")
    for name in "a", "b":
        m.command(f"destroy {name}")
    check("who is left", len(re.findall(r"^\S+ +\d+ ", m.command("list"), re.M)), 1)


def run():
    files = {f"etc/x/{name}.cfg": SLEEPER.format(name=name, more=more).encode()
             for name, more in CONFIGS.items()}
    files["images/hello"] = "build/images/hello"
    with Machine("schedulers", files=files, ports=(), options=vm.OPTIONS + " dom0_max_vcpus=1",
                 extra=["-smp", "2"]) as m:
        m.expect(r"dom0> ")
        credit(m)
        affinity(m)
        pools(m)
        refusals(m)
        m.send("poweroff")
        m.wait()


main(run)
