#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Rule: the web appliance serves its own disk: pages, large files, directories, ranges, errors; and
# 2,000 requests over 32 connections without one that fails.
# timeout: 240
# smp: 2 4
import hashlib
import http.client
import os
import re
import shutil
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from machine import Failure, Machine, main, require

DISK, COPY = "build/run/httpd.ext4", "build/run/httpd.www"


def sha(data):
    return hashlib.sha256(data).hexdigest()


def read(name):
    with open(f"{COPY}/{name}", "rb") as f:
        return f.read()


def raw(m, request):
    """The first line of the answer to a request that no library would send."""
    with socket.create_connection(("127.0.0.1", m.ports[80]), timeout=20) as s:
        s.sendall(request)
        return s.makefile("rb").readline().decode().strip()


def contents(m):
    status, headers, body = m.get("/index.html")
    require(status == 200 and body == read("index.html"), "a text page")
    require(headers["Content-Type"].startswith("text/html"), "its content type")
    require(m.get("/")[2] == body, "the directory's index is its page")
    status, _, body = m.get("/big.bin", timeout=120)
    require(status == 200 and sha(body) == sha(read("big.bin")), "8 MiB equal to the host's copy")
    status, headers, body = m.get("/big.bin", headers={"Range": "bytes=1000-1999"})
    require(status == 206 and body == read("big.bin")[1000:2000], "a range")
    require(headers["Content-Range"] == f"bytes 1000-1999/{8 << 20}", "its Content-Range")
    require(m.get("/big.bin", headers={"Range": "bytes=-5"})[2] == read("big.bin")[-5:], "the last bytes")
    require(m.get("/big.bin", headers={"Range": f"bytes={8 << 20}-"})[0] == 416, "a range beyond the end")
    status, headers, body = m.get("/big.bin", method="HEAD")
    require(status == 200 and not body and headers["Content-Length"] == str(8 << 20), "HEAD")
    listed = m.get("/files/")
    require(listed[0] == 200 and b"notes.txt" in listed[2], "a directory is listed")


def errors(m):
    require(m.get("/nothing-here")[0] == 404, "a missing page is 404")
    require(m.get("/index.html", method="DELETE")[0] == 405, "another method is 405")
    require(" 400 " in raw(m, b"NONSENSE\r\n\r\n"), "nonsense is 400")
    line = raw(m, b"GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n")
    require(re.search(" 40[04] ", line), f"a path above the root is refused: {line}")
    line = raw(m, b"GET /%2e%2e/%2e%2e/x HTTP/1.1\r\nHost: x\r\n\r\n")
    require(re.search(" 40[04] ", line), f"and so in disguise: {line}")


def keeps_alive(m):
    connection = http.client.HTTPConnection("127.0.0.1", m.ports[80], timeout=20)
    for _ in range(5):
        connection.request("GET", "/index.html")
        require(connection.getresponse().read() == read("index.html"), "one connection, many requests")
    connection.close()


def many_connections(m):
    """QEMU's side of the port has a backlog of one: a burst would wait for the host's own retries."""
    held = []
    for _ in range(63):
        held.append(socket.create_connection(("127.0.0.1", m.ports[80]), timeout=60))
        time.sleep(0.02)
    require(m.get("/index.html")[0] == 200, "a page while 63 other connections are open")
    for s in held:
        s.sendall(b"GET /index.html HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    for s in held:
        require(s.makefile("rb").readline().startswith(b"HTTP/1.1 200"), "and each of them is served")
        s.close()


def load(m):
    url = f"http://127.0.0.1:{m.ports[80]}/index.html"
    if not shutil.which("ab"):
        raise Failure("ab is not installed (package apache2-utils)")
    out = subprocess.run(["ab", "-q", "-n", "2000", "-c", "32", "-k", "-s", "60", url],
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout
    print("\n".join(l for l in out.split("\n") if re.match("Requests per|Complete|Failed|Non-2xx", l)))
    require(re.search(r"Complete requests:\s+2000\b", out), "2,000 requests")
    require(re.search(r"Failed requests:\s+0\b", out) and "Non-2xx" not in out, "none of them failed")


def run():
    with Machine("page", apps=["httpd"], disks=[f"{DISK}:ro"]) as m:
        m.wait_for_page("/index.html")
        contents(m)
        errors(m)
        keeps_alive(m)
        many_connections(m)
        load(m)
        m.send("shutdown httpd")
        m.expect(r"httpd .*has powered off")
        m.send("poweroff")
        m.wait()


main(run)
