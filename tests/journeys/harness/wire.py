"""HTTP/1.1 as bytes, for both ends of a journey. It hides nothing and forgives little: what the gateway sends is under
test, so malformed framing is an error here."""
import json
import socket
from dataclasses import dataclass, field


class WireError(Exception):
    """The peer sent what is no HTTP, or ended too early; the text says what was seen."""


@dataclass
class Message:
    """A request or a response as it arrived; header names keep their case."""

    start: str
    headers: list = field(default_factory=list)  # [(name, value)]
    body: bytes = b""
    trailers: list = field(default_factory=list)
    interim: list = field(default_factory=list)  # statuses of 1xx heads before a response
    chunks: list = field(default_factory=list)  # sizes, when the body was chunked

    def all(self, name):
        return [v for n, v in self.headers if n.lower() == name.lower()]

    def get(self, name):
        values = self.all(name)
        return values[0] if values else None

    @property
    def status(self):
        return int(self.start.split(" ", 2)[1])

    @property
    def reason(self):
        return (self.start.split(" ", 2) + [""])[2]

    @property
    def method(self):
        return self.start.split(" ")[0]

    @property
    def target(self):
        return self.start.split(" ")[1]

    @property
    def text(self):
        return self.body.decode("utf-8", "replace")

    def json(self):
        return json.loads(self.body)


class Stream:
    """A socket with a buffer in front of it."""

    def __init__(self, sock):
        self.sock = sock
        self.buffer = b""

    def send(self, data):
        self.sock.sendall(data)

    def _fill(self):
        try:
            data = self.sock.recv(65536)
        except ConnectionResetError:
            data = b""
        except socket.timeout:
            raise WireError(f"nothing arrived in time; so far: {self.buffer[:300]!r}") from None
        self.buffer += data
        return bool(data)

    def line(self):
        while b"\r\n" not in self.buffer:
            if not self._fill():
                raise WireError(f"the peer closed within a line: {self.buffer[:300]!r}")
        line, self.buffer = self.buffer.split(b"\r\n", 1)
        return line.decode("latin-1")

    def exactly(self, size):
        while len(self.buffer) < size:
            if not self._fill():
                raise WireError(f"the peer closed after {len(self.buffer)} of {size} bytes of a body")
        data, self.buffer = self.buffer[:size], self.buffer[size:]
        return data

    def until_close(self):
        while self._fill():
            pass
        data, self.buffer = self.buffer, b""
        return data

    def is_closed(self):
        """Waits for the peer's next move: True when that is the end of the connection."""
        return not self.buffer and not self._fill()

    def fields(self):
        fields = []
        while line := self.line():
            name, colon, value = line.partition(":")
            if not colon or not name or name != name.strip():
                raise WireError(f"no header field: {line!r}")
            fields.append((name, value.strip(" \t")))
        return fields

    def head(self):
        return Message(start=self.line(), headers=self.fields())

    def chunked_body(self, message):
        while True:
            size = int(self.line().split(";")[0], 16)
            if size == 0:
                break
            message.chunks.append(size)
            message.body += self.exactly(size)
            if self.line():
                raise WireError("a chunk is not followed by CRLF")
        message.trailers = self.fields()

    def body_of(self, message, may_run_until_close):
        """Reads the body that the head of `message` announces (RFC 9112 6.3)."""
        lengths = message.all("content-length")
        if message.get("transfer-encoding"):
            if lengths:
                raise WireError("both Content-Length and Transfer-Encoding")
            if message.get("transfer-encoding").lower() != "chunked":
                raise WireError(f"unknown transfer coding {message.get('transfer-encoding')}")
            self.chunked_body(message)
        elif lengths:
            if len(lengths) > 1:
                raise WireError(f"more than one Content-Length: {lengths}")
            message.body = self.exactly(int(lengths[0]))
        elif may_run_until_close:
            message.body = self.until_close()

    def request(self):
        message = self.head()
        self.body_of(message, may_run_until_close=False)
        return message

    def response(self, method="GET"):
        interim = []
        while True:
            message = self.head()
            if not message.start.startswith("HTTP/1."):
                raise WireError(f"no status line: {message.start!r}")
            if message.status >= 200 or message.status == 101:
                break
            interim.append(message.status)
        message.interim = interim
        if method != "HEAD" and message.status not in (101, 204, 304):
            self.body_of(message, may_run_until_close=True)
        return message

    def close(self):
        self.sock.close()


def to_bytes(data):
    return data if isinstance(data, bytes) else str(data).encode()


def pairs(headers):
    """Headers as a mapping (values may be lists) or as a list of pairs, always as a list of pairs."""
    if not headers:
        return []
    if isinstance(headers, list):
        return [(str(n), str(v)) for n, v in headers]
    return [(n, str(v)) for n, values in headers.items() for v in (values if isinstance(values, list) else [values])]


def chunked(chunks, trailers=()):
    parts = [b"%x\r\n%s\r\n" % (len(c), c) for c in map(to_bytes, chunks) if c]
    ends = b"".join(f"{n}: {v}\r\n".encode() for n, v in pairs(trailers))
    return b"".join(parts) + b"0\r\n" + ends + b"\r\n"


def head_bytes(start, headers):
    return (start + "\r\n" + "".join(f"{n}: {v}\r\n" for n, v in headers) + "\r\n").encode("latin-1")
