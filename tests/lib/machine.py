# SPDX-License-Identifier: MIT
# A machine that runs Lamina in QEMU, for system tests: boot it, talk to its console, end it.
"""
    with Machine("name", apps=["httpd"], ports=[80]) as m:
        m.expect(r"httpd: serving")
        status, headers, body = m.get("/")
        m.send("destroy httpd"); m.expect(...)

All waiting has a limit; the console's text is kept in build/tests/logs/system-NAME.console.
"""

import http.client
import os
import re
import signal
import subprocess
import sys
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "ci"))
import vm

LOGS = "build/tests/logs"
# Of the machine, unless the test itself says how many: SMP=2 tests/system/page.py
PROCESSORS = int(os.environ.get("SMP", "1"))
# A neighbour that serves while the test does what it does, and must not notice.
WEB = b"""name = "web"
kernel = "/images/httpd"
memory = 16
extra = "ip=10.0.2.15/24,10.0.2.2"
vif = [ 'bridge=xenbr0' ]
disk = [ 'phy:/dev/vda,xvda,r' ]
"""


class Failure(Exception):
    """What a test found wrong."""


class Machine:
    """
    apps: examples whose image and configuration go into dom0's ramdisk. files: more files of the
    ramdisk, {name inside: host path or bytes}; they replace those of apps. disks: raw images on
    the host, read-only with ":ro" behind. ports: TCP ports of the first appliance to forward, or
    (address, port) of any; the host's side of port is self.ports[port]. A test that fails shows the
    console's end, unless verbose is False.
    """

    def __init__(self, name, apps=(), *, files=None, disks=(), ports=(80,), memory=256,
                 dom0_args="", dom0="build/images/dom0", options=vm.OPTIONS, cpu=None, extra=(),
                 verbose=True):
        os.chdir(ROOT)
        os.makedirs(LOGS, exist_ok=True)
        if PROCESSORS > 1 and "-smp" not in extra:
            name, extra = f"{name}-smp{PROCESSORS}", [*extra, "-smp", str(PROCESSORS)]
        self.name, self.console, self.position, self.verbose = name, "", 0, verbose
        self.changed = threading.Condition()
        content = {}
        for app in apps:
            content[f"etc/lamina/{app}.cfg"] = f"examples/{app}/{app}.cfg"
            content[f"images/{app}"] = f"build/images/{app}"
        content.update(files or {})
        ramdisk = f"{LOGS}/system-{name}.cpio.gz"
        vm.make_ramdisk(ramdisk, content)
        self.ports, forwards = {}, []
        first = 20000 + os.getpid() * 7 % 20000
        for entry in ports:
            address, port = entry if isinstance(entry, tuple) else ("", entry)
            self.ports[entry] = first = vm.choose_port(first=first)
            forwards += [("tcp", first, address, port), ("udp", first, address, port)]
            first += 1
        self.arguments = vm.command("build/lamina", dom0, ramdisk, dom0_args=dom0_args,
                                  options=options, memory=memory, disks=disks, forwards=forwards,
                                  cpu=cpu, extra=extra)
        self.qemu = None

    def __enter__(self):
        self.qemu = subprocess.Popen(self.arguments, env=vm.environment(), stdin=subprocess.PIPE,
                                     stdout=subprocess.PIPE,
                                     stderr=subprocess.STDOUT)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        return self

    def __exit__(self, kind, error, trace):
        self.stop()
        if error and self.verbose:
            print("\n".join(self.console.split("\n")[-60:]))
        return False

    def _read(self):
        with open(f"{LOGS}/system-{self.name}.console", "w", encoding="utf-8") as log:
            while data := os.read(self.qemu.stdout.fileno(), 65536):
                text = data.decode(errors="replace").replace("\r", "")
                log.write(text)
                log.flush()
                with self.changed:
                    self.console += text
                    self.changed.notify_all()
        with self.changed:
            self.changed.notify_all()

    def running(self):
        return self.qemu.poll() is None

    def expect(self, pattern, timeout=60):
        """The match of pattern in what the console says from here on; the next call goes on behind."""
        deadline = time.monotonic() + timeout
        expression = re.compile(pattern, re.M)
        with self.changed:
            while not (match := expression.search(self.console, self.position)):
                left = deadline - time.monotonic()
                if left <= 0 or not self.reader.is_alive():
                    why = "the machine ended" if not self.reader.is_alive() else f"{timeout} s"
                    raise Failure(f"the console did not say {pattern!r} ({why})")
                self.changed.wait(min(left, 0.5))
            self.position = match.end()
            return match

    def said(self, pattern):
        """Whether the console has said so at any time."""
        with self.changed:
            return re.search(pattern, self.console, re.M) is not None

    def send(self, line, end="\n"):
        """Types a line, at a pace that a serial port without flow control can take."""
        for character in line + end:
            self.qemu.stdin.write(character.encode())
            self.qemu.stdin.flush()
            time.sleep(0.002)

    def command(self, line, timeout=60):
        """Types a line at dom0's prompt and returns what was said until the next prompt."""
        with self.changed:
            start = self.position = len(self.console)
        self.send(line)
        end = self.expect(r"dom0> ", timeout).start()
        return self.console[start:end]

    def wait_for_ends(self, timeout=60):
        """Until no domain is shut down, dying or being freed: backends and processors let go late."""
        deadline = time.monotonic() + timeout
        while True:
            self.send("debug-keys q")
            ending = int(self.expect(r"domains that end: (\d+)$")[1])
            if not ending:
                return
            if time.monotonic() > deadline:
                raise Failure(f"{ending} domains have not come to their end in {timeout} s")
            time.sleep(0.1)

    def counts(self):
        """
        What must not leak: free frames, ports, store nodes and dom0's free pages, from `info`. Frames
        of the hypervisor come back after `destroy` has returned, so it waits for those.
        """
        self.wait_for_ends()
        self.send("info")
        return {key: int(self.expect(rf"{key} +: (\d+)\s")[1])
                for key in ("free_pages", "event_channels", "store_nodes", "dom0_free_pages")}

    def hypercalls(self, domain):
        """{hypercall: (entries, ns or None, sum of the ranges)} of `perf`."""
        found = re.findall(r"^(\w+) +(\d+)(?: +(\d+) +\d+((?:  \d+\w+:\d+)*))?$",
                           self.command(f"perf {domain}"), re.M)
        return {name: (int(count), int(ns) if ns else None,
                       sum(int(n) for n in re.findall(r":(\d+)", ranges)))
                for name, count, ns, ranges in found}

    def get(self, path="/", port=80, method="GET", headers=None, timeout=30):
        """(status, headers, body) of one HTTP request to the forwarded port."""
        connection = http.client.HTTPConnection("127.0.0.1", self.ports[port], timeout=timeout)
        try:
            connection.request(method, path, headers=headers or {})
            response = connection.getresponse()
            return response.status, response.headers, response.read()
        finally:
            connection.close()

    def wait_for_page(self, path="/", port=80, timeout=60):
        """The first answer to a request; retries until the appliance serves."""
        deadline = time.monotonic() + timeout
        while True:
            try:
                return self.get(path, port, timeout=5)
            except (OSError, http.client.HTTPException) as e:
                if time.monotonic() > deadline or not self.running():
                    raise Failure(f"no answer for {path} on port {port}: {e}") from e
            time.sleep(0.2)

    def wait(self, timeout=30):
        """QEMU's exit status once the machine has ended by itself."""
        try:
            status = self.qemu.wait(timeout)
        except subprocess.TimeoutExpired:
            raise Failure(f"the machine runs on after {timeout} s") from None
        self.reader.join(5)
        return status

    def stop(self):
        """Ends the machine, as if the power went."""
        if self.running():
            self.qemu.terminate()
            try:
                self.qemu.wait(5)
            except subprocess.TimeoutExpired:
                self.qemu.kill()
                self.qemu.wait()
        self.reader.join(5)
        self.qemu.stdin.close()
        self.qemu.stdout.close()


class Load(threading.Thread):
    """Fetches a page over and over, and counts what goes wrong."""

    def __init__(self, m, timeout=30):
        super().__init__(daemon=True)
        self.m, self.timeout = m, timeout
        self.good, self.bad, self.ending = 0, [], False

    def run(self):
        while not self.ending:
            try:
                status, _, body = self.m.get("/index.html", timeout=self.timeout)
                if status != 200 or not body:
                    raise OSError(f"status {status}")
                self.good += 1
            except Exception as e:  # whatever it is, the test names it
                self.bad.append(repr(e))


def check(what, got, wanted):
    """Prints what was found; a difference ends the test."""
    print(f"{what}: {got!r}")
    if got != wanted:
        raise Failure(f"{what}: {got!r} where {wanted!r} was due")


def require(condition, what):
    """Prints what holds; what does not ends the test."""
    if not condition:
        raise Failure(f"{what}: not so")
    print(f"ok {what}")


def skip(why):
    print(why)
    sys.exit(77)


def main(test):
    """Runs a test function: exit status 1 with one line when it fails. A signal ends its machines, too."""
    for number in signal.SIGTERM, signal.SIGHUP:
        signal.signal(number, lambda number, _: sys.exit(f"ERROR: ended by signal {number}"))
    try:
        test()
    except Failure as e:
        sys.exit(f"FAILED: {e}")
    except vm.SetupError as e:
        sys.exit(f"ERROR: {e}")
