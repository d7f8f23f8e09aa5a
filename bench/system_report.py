# SPDX-License-Identifier: MIT
# What `make bench-system` and `make guest-bench` say: the table, CSV and JSON.
"""names: the reference first, then Lamina. A row without runs has no rates. aim: times the reference's rate."""

import csv
import glob
import json
import os
import statistics
import subprocess

import report
from report import shown
from measure import RUNS, SECONDS
from xen import CPU


def line_of(path):
    with open(path, encoding="ascii") as f:
        return f.read().strip()


def package(name):
    """Name and version, as downloaded."""
    found = sorted(glob.glob(f"build/stock/debs/{name}_*.deb"))
    return os.path.basename(found[-1]).split("_amd64")[0].replace("_", " ") if found else name


def head(guests, tools, memory, seconds):
    """guests: the folder of build/stock that has their kernel. memory: of each machine, MiB."""
    return [("processor", report.cpu_model()),
            ("emulator", report.first_line(["qemu-system-x86_64", "--version"])),
            ("revision", report.first_line(["git", "describe", "--always", "--dirty"])),
            ("Linux", f"guests {line_of(f'build/stock/{guests}/version')}, dom0 {line_of('build/stock/amd64/version')}"),
            ("tools", tools),
            ("rates", f"-accel tcg -cpu {CPU} -smp 2 -m {memory}, {RUNS} runs of {SECONDS} s"),
            ("instructions", "-smp 1, of all there is: hypervisor, dom0, guests"),
            ("took", f"{seconds:.0f} s, load average {os.getloadavg()[0]:.1f} at the end")]


def times(row, names):
    """(by rate, by instructions), None where there is nothing to compare."""
    rates = [None if n in row.failed else max(row.rates.get(n, [0])) for n in names]
    counts = [None if n in row.failed else row.instructions.get(n) for n in names]
    return (rates[1] / rates[0] if all(rates) else None, counts[0] / counts[1] if all(counts) else None)


def rate(row, name):
    figures = row.rates.get(name) if name not in row.failed else None
    return f"{max(figures):,.0f} ({statistics.median(figures):,.0f})" if figures else "-"


def show(lines, rows, names, still, aim):
    for what, text in lines:
        print(f"{what + ':':<14}{text}")
    print(f"\n{'':<39} {'best run (median)':^50} | {'instructions':^32}")
    print(f"{'':<39} {names[0]:>21} {names[1]:>21} {'times':>6} | {'each':<8} {names[0]:>14} {names[1]:>10} {'times':>6}")
    all_times = [times(row, names) for row in rows]
    for row, (by_rate, by_count) in zip(rows, all_times):
        counts = [shown(row.instructions.get(n)) for n in names]
        print(f"{row.name + ', ' + row.unit:<39} {rate(row, names[0]):>21} {rate(row, names[1]):>21} "
              f"{shown(by_rate, 1):>6} | {row.each:<8} {counts[0]:>14} {counts[1]:>10} "
              f"{shown(by_count, 1):>6}")
    means = [report.geometric([t[i] for t in all_times if t[i]]) for i in (0, 1)]
    print(f"{'geometric mean':<39} {'':>43} {shown(means[0], 1):>6} | {'':>34} {shown(means[1], 1):>6}")
    for name, unit, a, b in still:
        print(f"{name + ', ' + unit:<39} {shown(a):>21} {shown(b):>21} {shown(a / b, 1):>6} |")
    for row in rows:
        for name, why in row.failed.items():
            print(f"FAILED: {row.name}: {name}: {why}")
    below = [row.name for row, t in zip(rows, all_times) if t[0] and t[0] < aim]
    if any(t[0] for t in all_times):
        print(f"\nless than {aim} times: " + ("; ".join(below) or "no row"))


def write(stem, lines, rows, names, still, aim):
    """stem: of the files' names, .csv and so on behind it."""
    table = [{"row": r.name, "unit": r.unit, "rates": r.rates, "each": r.each, "instructions": r.instructions,
              "times": dict(zip(("rate", "instructions"), times(r, names)))} for r in rows]
    with open(f"{stem}.json", "w", encoding="utf-8") as f:
        json.dump({"head": dict(lines), "rows": table,
                   "still": [{"row": n, "unit": u, names[0]: a, names[1]: b} for n, u, a, b in still]}, f, indent=1)
    with open(f"{stem}.csv", "w", encoding="utf-8", newline="") as f:
        out = csv.writer(f)
        out.writerow(["row", "unit", *(f"{n}, {k}" for n in names for k in ("best", "median")), "times", "each",
                      *(f"{n}, instructions" for n in names), "times"])
        for row in rows:
            figures = [k(row.rates[n]) if n in row.rates and n not in row.failed else ""
                       for n in names for k in (max, statistics.median)]
            by_rate, by_count = times(row, names)
            out.writerow([row.name, row.unit, *figures, by_rate, row.each,
                          *(row.instructions.get(n) for n in names), by_count])
        for name, unit, a, b in still:
            out.writerow([name, unit, a, "", b, "", a / b])
    drawn = any(any(times(row, names)) for row in rows)
    if drawn:
        chart(stem, rows, names, aim)
    print(f"\n{stem}.csv, .json{', .svg' if drawn else ''}")


def chart(stem, rows, names, aim):
    """Two points a row, how many times better Lamina is, on a logarithmic axis."""
    found = [(row.name, *times(row, names)) for row in rows]
    with open(f"{stem}.dat", "w", encoding="utf-8") as f:
        for at, (name, by_rate, by_count) in enumerate(reversed(found)):
            f.write(f'"{name}" {at} {by_rate or "nan"} {by_count or "nan"}\n')
    script = f"""
set terminal svg size 900,{150 + 22 * len(rows)} font "sans,11" background "white" noenhanced
set output "{stem}.svg"
set title "Lamina, times {names[0]}"
set logscale x
set grid x
set key bottom right
set xrange [0.5:*]
set yrange [-1:{len(rows)}]
set lmargin 36
set arrow from {aim},-1 to {aim},{len(rows)} nohead lc "gray"
plot "{stem}.dat" using 3:2:ytic(1) with points pt 7 lc "#2060b0" title "rate", \\
 "" using 4:2 with points pt 6 lc "#c04040" title "instructions"
"""
    subprocess.run(["gnuplot"], input=script, text=True, check=True)
