"""Whoever is slow slows the other side down; the gateway keeps little of what is under way."""
import hashlib
import os
import select
import socket
import threading

import pytest

from harness.gateway import INSTRUMENTED
from harness.patience import seconds
from harness.wire import Stream, head_bytes

MIB = 1 << 20
SIZE = 64 * MIB
PIECE = os.urandom(MIB)
DIGEST = hashlib.sha256(PIECE * (SIZE // MIB)).hexdigest()
# Of the body, what may be in memory at once; instrumented binaries keep freed memory, too.
ALLOWED = 6 * MIB
ALLOWED_INSTRUMENTED = 320 << 20  # the sanitizer keeps up to 256 MiB of freed memory from being used again


class Endpoint:
    """An upstream that serves one connection with a function of the journey."""

    def __init__(self, serve):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        self.failures = []
        self.thread = threading.Thread(target=self._run, args=(serve,), daemon=True)
        self.thread.start()

    def _run(self, serve):
        try:
            sock, _ = self.listener.accept()
            sock.settimeout(seconds(30))
            with sock:
                serve(Stream(sock))
        except Exception as failure:  # the journey shows it
            self.failures.append(failure)

    def join(self):
        self.thread.join(seconds(60))
        self.listener.close()
        assert self.failures == []


def send_all(sock, stalled):
    """Sends the body; tells `stalled` when the peer has taken nothing for a while."""
    sock.setblocking(False)
    poll = select.poll()
    poll.register(sock, select.POLLOUT)
    for _ in range(SIZE // MIB):
        left = memoryview(PIECE)
        while left:
            if not poll.poll(300):
                stalled.set()
                assert poll.poll(seconds(30) * 1000), "the peer takes nothing any more"
            left = left[sock.send(left):]
    stalled.set()


def read_digest(stream):
    digest = hashlib.sha256(stream.buffer)
    left = SIZE - len(stream.buffer)
    stream.buffer = b""
    while left > 0:
        data = stream.sock.recv(min(left, 1 << 18))
        assert data, f"the peer closed with {left} bytes missing"
        digest.update(data)
        left -= len(data)
    return digest.hexdigest()


def peak(gateway):
    """The most memory it ever had, in bytes."""
    for line in open(f"/proc/{gateway.process.pid}/status", encoding="ascii"):
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("no VmHWM")


def allowed(gateway):
    with open(f"/proc/{gateway.process.pid}/exe", "rb") as program:
        return ALLOWED_INSTRUMENTED if INSTRUMENTED in program.read() else ALLOWED


def start(gateway, upstream, endpoint):
    warm = upstream()
    one = gateway(resources={"routes": [
        {"id": "warm", "uri": "/warm", "upstream": {"nodes": {warm.address: 1}}},
        {"id": "big", "uri": "/big", "upstream": {"nodes": {endpoint.address: 1}}}]})
    for _ in range(10):
        assert one.ask("POST", "/warm", body="x" * 100_000).status == 200
    return one


@pytest.mark.parametrize("framing", [[("Content-Length", str(SIZE))], []], ids=["with a length", "until the end"])
def test_a_slow_reader_holds_the_upstream_back(gateway, upstream, framing):
    stalled = threading.Event()

    def serve(stream):
        stream.request()
        stream.send(head_bytes("HTTP/1.1 200 Fine", framing))
        send_all(stream.sock, stalled)

    endpoint = Endpoint(serve)
    one = start(gateway, upstream, endpoint)
    before = peak(one)
    with one.connect() as client:
        # Without a length the body would be chunked for HTTP/1.1.
        client.send(b"GET /big HTTP/1.0\r\nHost: x\r\n\r\n")
        assert stalled.wait(seconds(30))
        assert client.stream.head().status == 200
        assert read_digest(client.stream) == DIGEST
        assert client.is_closed()
    endpoint.join()
    assert peak(one) - before < allowed(one)


def test_a_slow_upstream_holds_the_client_back(gateway, upstream):
    stalled = threading.Event()

    def serve(stream):
        head = stream.head()
        assert head.get("content-length") == str(SIZE)
        assert stalled.wait(seconds(30))
        digest = read_digest(stream)
        stream.send(head_bytes("HTTP/1.1 200 Fine", [("Content-Length", "64")]) + digest.encode())

    endpoint = Endpoint(serve)
    one = start(gateway, upstream, endpoint)
    before = peak(one)
    with one.connect() as client:
        client.send(b"POST /big HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % SIZE)
        send_all(client.stream.sock, stalled)
        client.stream.sock.settimeout(seconds(30))
        assert client.read().text == DIGEST
    endpoint.join()
    assert peak(one) - before < allowed(one)
