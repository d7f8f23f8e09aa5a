#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Rule: a server that does not know its gateway's hardware address yet keeps what it has to say to a burst of clients
# behind it: each is answered when the address is known, not when the answer is repeated seconds later.
import os
import socket
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from machine import LOGS, Machine, check, main

CLIENTS = 32
DUMP = f"{LOGS}/system-burst.pcap"
SYN_ACK = 0x12


def frames():
    with open(DUMP, "rb") as f:
        data = f.read()
    at = 24
    while at + 16 <= len(data):
        size = struct.unpack_from("<I", data, at + 8)[0]
        yield data[at + 16:at + 16 + size]
        at += 16 + size


def answered():
    """Ports of clients to whom a SYN was answered."""
    return {struct.unpack_from(">H", f, 36)[0] for f in frames()
            if len(f) >= 54 and f[12:14] == b"\x08\x00" and f[23] == 6 and f[47] == SYN_ACK}


def run():
    with Machine("burst", apps=["httpd"], disks=["build/run/httpd.ext4:ro"],
                 extra=["-object", f"filter-dump,id=dump,netdev=net0,file={DUMP}"]) as m:
        m.expect(r"\[httpd\] httpd: port 80")
        clients = [socket.create_connection(("127.0.0.1", m.ports[80]), timeout=60) for _ in range(CLIENTS)]
        # What has the last one's request has seen all the others before.
        clients[-1].sendall(b"GET / HTTP/1.0\r\n\r\n")
        check("the last client's answer", clients[-1].recv(8), b"HTTP/1.1")
        check("clients whose SYN is answered by then", len(answered()), CLIENTS)
        for client in clients:
            client.close()


main(run)
