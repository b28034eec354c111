"""An upstream that records what reaches it, forgives nothing, and answers as the case at hand says."""
import base64
import hashlib
import re
import socket
import threading
from dataclasses import dataclass

from harness.corpus import unescape

HELLO = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
PROBED = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nprobed"
FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*((?:[\x21-\x7e\x80-\xff](?:[ \t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?)[ \t]*\Z")
START = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+ [\x21-\x7e]+ HTTP/1\.1\Z")
CHUNK = re.compile(rb"[0-9a-f]+\Z")
WEBSOCKET_KEY = re.compile(rb"[0-9A-Za-z+/]{21}[AQgw]==\Z")


class Garbage(Exception):
    """What arrived is no request that the gateway may send."""


class Ended(Exception):
    """The connection ended; True where that was within a request."""


@dataclass
class Recorded:
    start: bytes
    fields: list  # [(name, value)]
    body: bytes
    trailers: list
    connection: int  # number of the connection, from 1

    @property
    def websocket_accept(self):
        """What answers its key (RFC 6455 4.2.2)."""
        key = next((v for n, v in self.fields if n.lower() == b"sec-websocket-key"), b"")
        return base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())

    def render(self, port, is_from_http2=False):
        """As the corpus writes it, without the forwarding fields where they are exactly what they are to be."""
        host = dict((n.lower(), v) for n, v in self.fields).get(b"host", b"")
        ours = {b"X-Real-IP": b"127.0.0.1", b"X-Forwarded-For": b"127.0.0.1", b"X-Forwarded-Proto": b"http",
                b"X-Forwarded-Host": re.sub(rb":\d*\Z", b"", host).lower(), b"X-Forwarded-Port": b"%d" % port}
        kept = [(n, v) for n, v in self.fields if ours.get(n) != v]
        if is_from_http2:
            kept = [(n, b"{{key}}" if n.lower() == b"sec-websocket-key" and WEBSOCKET_KEY.match(v) else v) for n, v in kept]
        text = b" | ".join([self.start.removesuffix(b" HTTP/1.1"), *(n + b": " + v for n, v in kept)])
        if self.body:
            text += b" -> " + self.body
        return text + b"".join(b" + " + n + b": " + v for n, v in self.trailers)


def rendered(text):
    """The corpus's form of a request with its escapes resolved."""
    return unescape(text)


class Connection:
    def __init__(self, sock, number):
        self.sock, self.number, self.buffer = sock, number, b""

    def fill(self, within):
        try:
            data = self.sock.recv(65536)
        except OSError:
            data = b""
        if not data:
            raise Ended(within)
        self.buffer += data

    def line(self, within=True):
        while b"\r\n" not in self.buffer:
            self.fill(within or self.buffer)
        line, self.buffer = self.buffer.split(b"\r\n", 1)
        if b"\n" in line or b"\r" in line or b"\0" in line:
            raise Garbage(line)
        return line

    def exactly(self, size):
        while len(self.buffer) < size:
            self.fill(True)
        data, self.buffer = self.buffer[:size], self.buffer[size:]
        return data

    def fields(self):
        fields = []
        while line := self.line():
            found = FIELD.match(line)
            if not found:
                raise Garbage(line)
            fields.append(found.groups())
        return fields

    def chunks(self):
        body = b""
        while True:
            line = self.line()
            if not CHUNK.match(line):
                raise Garbage(line)
            if int(line, 16) == 0:
                return body, self.fields()
            body += self.exactly(int(line, 16))
            if self.line():
                raise Garbage(b"no CRLF behind a chunk")

    def request(self):
        start = self.line(within=False)
        if not START.match(start):
            raise Garbage(start)
        fields = self.fields()
        framing = [(n.lower(), v) for n, v in fields if n.lower() in (b"content-length", b"transfer-encoding")]
        if len(framing) > 1 or [n.lower() for n, _ in fields].count(b"host") != 1:
            raise Garbage(b"framing or Host: %r" % fields)
        body, trailers = b"", []
        if framing and framing[0][0] == b"content-length":
            if not framing[0][1].isdigit():
                raise Garbage(b"length %r" % framing)
            body = self.exactly(int(framing[0][1]))
        elif framing:
            if framing[0][1] != b"chunked":
                raise Garbage(b"coding %r" % framing)
            body, trailers = self.chunks()
        return Recorded(start, fields, body, trailers, self.number)


class Recorder:
    def __init__(self):
        self._lock = threading.Lock()
        self._answer, self._closes = HELLO, False
        self._requests, self._garbage = [], []
        self._sockets, self.begun, self.connections = [], 0, 0
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.address = "127.0.0.1:%d" % self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def script(self, answer=None, closes=False):
        """What is answered until the next call, but not to /probe."""
        with self._lock:
            self._answer, self._closes = HELLO if answer is None else answer, closes

    def take(self):
        """The requests and the garbage that came since the last call."""
        with self._lock:
            taken = self._requests, self._garbage
            self._requests, self._garbage = [], []
            return taken

    def _accept(self):
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self.connections += 1
                self._sockets.append(sock)
                number = self.connections
            threading.Thread(target=self._serve, args=(Connection(sock, number),), daemon=True).start()

    def _serve(self, connection):
        try:
            while self._exchange(connection):
                pass
        except Ended as end:
            with self._lock:
                self.begun += bool(end.args[0])
        except Garbage as garbage:
            with self._lock:
                self._garbage.append(garbage.args[0])
        except OSError:
            pass  # the gateway is gone
        finally:
            connection.sock.close()

    def _exchange(self, connection):
        request = connection.request()
        is_probe = request.start.split(b" ")[1] == b"/probe"
        with self._lock:
            self._requests.append(request)
            answer, closes = (PROBED, False) if is_probe else (self._answer, self._closes)
        connection.sock.sendall(answer.replace(b"{{accept}}", request.websocket_accept))
        if closes:
            connection.sock.shutdown(socket.SHUT_WR)
        return True

    def stop(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for sock in self._sockets:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
