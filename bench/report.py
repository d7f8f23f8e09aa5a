# SPDX-License-Identifier: MIT
# What `make bench` says: the table, CSV, JSON and the chart.
"""Costs are of one operation, without the probe. A row that failed anywhere has no numbers."""

import csv
import json
import math
import os
import statistics
import subprocess
from dataclasses import dataclass, field

PROBE = 4  # instructions that the targets include and the measured costs do not


@dataclass
class Row:
    """As the image prints it: ticks of a sample of `per` operations."""
    name: str
    per: int
    target: int
    samples: int
    failed: int
    minimum: int
    median: int


@dataclass
class Subject:
    """A hypervisor and its runs: `counts` under icount, `clocks` without."""
    path: str
    options: str
    name: str
    version: str = "?"
    counts: list = field(default_factory=list)
    clocks: list = field(default_factory=list)

    def good(self, runs, row):
        """The row's results in these runs; none if one of them failed."""
        found = [(run, run.rows[row]) for run in runs if row in run.rows]
        return [] if any(r.failed for _, r in found) else found

    def has(self, row):
        return any(row in run.rows for run in self.counts + self.clocks)

    def cost(self, row):
        counts = self.good(self.counts, row)
        clocks = self.good(self.clocks, row)
        cost = {}
        if counts:
            values = {r.median for _, r in counts}
            per = counts[0][1].per
            cost["instructions"] = min(values) / per
            cost["with_probe"] = (min(values) + PROBE) / per
            cost["identical"] = len(values) == 1 and len({r.minimum for _, r in counts}) == 1
        if clocks:
            ticks = [r.median / r.per for _, r in clocks]
            ns = [t * run.tick for t, (run, _) in zip(ticks, clocks)]
            cost.update(ns_min=min(ns), ns_median=statistics.median(ns), cycles=min(ticks))
        return cost


def first_line(command):
    try:
        out = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        return out.stdout.split("\n")[0]
    except OSError:
        return "?"


def cpu_model():
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as f:
        names = [line.split(":", 1)[1].strip() for line in f if line.startswith("model name")]
    return f"{names[0]}, {len(names)} processors" if names else "?"


def head(subjects, options, machines, seconds):
    """[(what, text)]: all that a reader needs to repeat the run."""
    lines = [("processor", cpu_model()),
             ("emulator", first_line(["qemu-system-x86_64", "--version"])),
             ("compiler", first_line(["gcc", "--version"])),
             ("revision", first_line(["git", "describe", "--always", "--dirty"]))]
    for subject in subjects:
        lines.append((subject.name, f"{subject.version}, {subject.path}, {options} "
                                    f"{subject.options}".rstrip()))
    lines += machines
    load = os.getloadavg()[0]
    return lines + [("runs", f"{len(subjects[0].counts)} counted, {len(subjects[0].clocks)} timed, "
                             f"{seconds:.0f} s in all, load average {load:.1f} at the end")]


def geometric(values):
    return math.exp(statistics.fmean(map(math.log, values))) if values else None


def shown(value, digits=0):
    return "-" if value is None else f"{value:,.{digits}f}"


class Table:
    def __init__(self, reference, subject, cycles):
        self.reference, self.subject, self.cycles = reference, subject, cycles
        self.rows, self.failures, self.differing = [], [], []
        for run in [reference.counts[0], reference.clocks[-1]]:
            for name, row in run.rows.items():
                if name not in [r["row"] for r in self.rows]:
                    self.rows.append(self.row(name, row.target))
        self.means = {key: geometric([r[key] for r in self.rows if r[key]])
                      for key in ("times_instructions", "times_ns")}

    def row(self, name, target):
        a, b = self.reference.cost(name), self.subject.cost(name)
        for subject, cost in (self.reference, a), (self.subject, b):
            if not cost and subject.has(name):
                self.failures.append((subject.name, name))
            elif cost and not cost.get("identical", True):
                self.differing.append((subject.name, name))

        def times(key):
            return a[key] / b[key] if a.get(key) and b.get(key) else None

        met = None
        if target and "with_probe" in b:
            met = b["with_probe"] <= target
        return {"row": name, "target": target or None, "met": met, self.reference.name: a,
                self.subject.name: b, "times_instructions": times("instructions"),
                "times_ns": times("ns_min")}

    def print(self, lines):
        for what, text in lines:
            print(f"{what + ':':<14}{text}")
        a, b = self.reference.name, self.subject.name
        unit = "cycles" if self.cycles else ""
        print(f"\n{'':<36} {'instructions':^30} | {'nanoseconds: minimum (median)':^43} |"
              f" {unit:<6}\n{'':<36} {a:>10} {b:>10} {'times':>8} | {a:>17} {b:>17} {'times':>7} |"
              f" {'at most':>8}")
        for row in self.rows:
            self.print_row(row, row[a], row[b])
        counts, ns = (shown(self.means[k], 2) for k in ("times_instructions", "times_ns"))
        print(f"{'geometric mean':<36} {'':>21} {counts:>8} | {'':>35} {ns:>7} |")
        self.print_remarks()

    def print_row(self, row, a, b):
        def both(cost):
            if "ns_min" not in cost:
                return "-"
            cycles = f" {shown(cost['cycles'])} c" if self.cycles else ""
            return f"{shown(cost['ns_min'])} ({shown(cost['ns_median'])}){cycles}"

        verdict = {True: "met", False: "MISSED", None: ""}[row["met"]]
        counts = [shown(c.get("instructions")) for c in (a, b)]
        print(f"{row['row']:<36} {counts[0]:>10} {counts[1]:>10} "
              f"{shown(row['times_instructions'], 1):>8} | {both(a):>17} {both(b):>17} "
              f"{shown(row['times_ns'], 1):>7} | {shown(row['target']):>8} {verdict}".rstrip())

    def print_remarks(self):
        with_target = [r for r in self.rows if r["met"] is not None]
        print(f"\ntargets: {sum(r['met'] for r in with_target)} of {len(with_target)} met "
              f"(they include the probe's {PROBE} instructions, the columns do not)")
        slower = [r["row"] for r in self.rows if r["times_ns"] and r["times_ns"] < 0.98]
        print("slower in nanoseconds: " + (", ".join(slower) or "no row"))
        print("instructions of the runs: " + ("identical" if not self.differing else "DIFFER in " +
              ", ".join(f"{name} ({row})" for name, row in self.differing)))
        for name, row in self.failures:
            print(f"FAILED: {name}: {row}: the operation did not do what it should; no number")

    def write(self, folder, lines):
        os.makedirs(folder, exist_ok=True)
        names = [self.reference.name, self.subject.name]
        keys = ["instructions", "identical", "ns_min", "ns_median", "cycles"]
        with open(f"{folder}/bench.csv", "w", encoding="utf-8", newline="") as f:
            out = csv.writer(f)
            out.writerow(["row", *(f"{n}_{k}" for n in names for k in keys), "times_instructions",
                          "times_ns", "target", "met"])
            for row in self.rows:
                out.writerow([row["row"], *(row[n].get(k) for n in names for k in keys),
                                  row["times_instructions"], row["times_ns"], row["target"],
                              row["met"]])
        with open(f"{folder}/bench.json", "w", encoding="utf-8") as f:
            json.dump({"head": dict(lines), "rows": self.rows, "geometric_mean": self.means}, f,
                      indent=1)
        self.chart(folder, names)
        print(f"\n{folder}/bench.csv, bench.json, bench.svg")

    def chart(self, folder, names):
        """One line a row, a point a hypervisor, on a logarithmic axis."""
        rows = [r for r in self.rows if all("instructions" in r[n] for n in names)]
        with open(f"{folder}/bench.dat", "w", encoding="utf-8") as f:
            for at, row in enumerate(reversed(rows)):
                f.write(f"\"{row['row']}\" {at} " +
                        " ".join(f"{max(row[n]['instructions'], 1):.1f}" for n in names) + "\n")
        script = f"""
set terminal svg size 900,{120 + 17 * len(rows)} font "sans,11" background "white" noenhanced
set output "{folder}/bench.svg"
set title "Instructions of one operation"
set logscale x
set format x "%.0s%c"
set grid x
set key top right
set yrange [-1:{len(rows)}]
set lmargin 38
plot "{folder}/bench.dat" using 4:2:($3-$4):(0) with vectors nohead lc "gray" notitle, \\
 "" using 3:2:ytic(1) with points pt 7 lc "#c04040" title "{names[0]}", \\
 "" using 4:2 with points pt 7 lc "#2060b0" title "{names[1]}"
"""
        subprocess.run(["gnuplot"], input=script, text=True, check=True)
