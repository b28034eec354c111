"""One case of HTTP/2 in front of an upstream of HTTP/1.1: frames on a connection of its own, and a probe behind them."""
import socket
import struct

from hpack import Decoder
from hpack.exceptions import HPACKError

from harness.patience import seconds

from . import frames
from .recorder import rendered
from .verdict import Observation, judge

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
PROBE = 99  # its stream
ERRORS = ["NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT", "STREAM_CLOSED", "FRAME_SIZE_ERROR",
          "REFUSED_STREAM", "CANCEL", "COMPRESSION_ERROR", "CONNECT_ERROR", "ENHANCE_YOUR_CALM", "INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED"]
RST_STREAM, SETTINGS, GOAWAY = 3, 4, 7


class Connection:
    """What the gateway says on one connection."""

    def __init__(self, port):
        self.sock = socket.create_connection(("127.0.0.1", port), timeout=seconds(10))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.decoder = Decoder()
        self.statuses, self.ends, self.bodies = {}, {}, {}  # by stream
        self.goaway = None
        self.closed = False
        self._buffer = b""

    def send(self, data):
        """What the gateway no longer takes does not matter: what it says about that does."""
        try:
            self.sock.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def exactly(self, size):
        while len(self._buffer) < size:
            try:
                data = self.sock.recv(65536)
            except ConnectionResetError:
                data = b""
            if not data:
                self.closed = True
                return None
            self._buffer += data
        data, self._buffer = self._buffer[:size], self._buffer[size:]
        return data

    def step(self):
        """Reads a frame; False at the end of the connection."""
        head = self.exactly(9)
        payload = head and self.exactly(int.from_bytes(head[:3], "big"))
        if payload is None:
            return False
        kind, flags, stream = struct.unpack(">BBI", head[3:])
        if kind == frames.HEADERS:
            fields = dict(self.decoder.decode(payload))
            self.statuses.setdefault(stream, fields.get(":status"))
        elif kind == frames.DATA:
            self.bodies[stream] = self.bodies.get(stream, b"") + payload
        elif kind == RST_STREAM:
            self.ends.setdefault(stream, ERRORS[int.from_bytes(payload, "big")])
        elif kind == GOAWAY:
            code = ERRORS[int.from_bytes(payload[4:8], "big")]
            self.goaway = code if self.goaway in (None, "NO_ERROR") else self.goaway
        elif kind == SETTINGS and not flags:
            self.send(frames.frame(SETTINGS, 1, 0))
        if flags & frames.END_STREAM and kind in (frames.HEADERS, frames.DATA):
            self.ends.setdefault(stream, "end")
        return True

    def until(self, condition):
        """What is wrong when that does not come."""
        try:
            while not condition() and self.step():
                pass
        except (socket.timeout, HPACKError, ValueError) as error:
            return f"{type(error).__name__}: {error}"
        return ""

    def told(self, stream):
        """The status of a response that ended, else what its stream was reset with."""
        end = self.ends.get(stream)
        return f"{stream}={self.statuses.get(stream) if end == 'end' or end == 'NO_ERROR' else end}"

    def outcome(self):
        streams = [self.told(stream) for stream in sorted(self.ends) if stream != PROBE]
        if self.goaway not in (None, "NO_ERROR"):
            return " ".join([*streams, f"goaway={self.goaway}"])
        return " ".join([*streams, "close" if self.closed else "keep"])


def run(case, port, recorder):
    recorder.script(case.answer_bytes, case.upstream_closes)
    connection = Connection(port)
    connection.send(PREFACE + frames.frame(SETTINGS, 0, 0) + b"".join(map(frames.to_bytes, case.sent)))
    connection.send(frames.request(PROBE, path=b"/probe", authority=b"probe.test"))
    awaited = {int(word.split("=")[0]) for word in case.want[0].split() if word[0].isdigit()} | {PROBE}
    problem = connection.until(lambda: awaited <= set(connection.ends))
    outcome = connection.outcome()
    connection.sock.close()
    if outcome.endswith("keep") and not problem and connection.bodies.get(PROBE) != b"probed":
        problem = f"the next request on the connection: {connection.told(PROBE)} {connection.bodies.get(PROBE)}"
    requests, garbage = recorder.take()
    passed = [request.render(port, is_from_http2=True) for request in requests if not request.start.startswith(b"GET /probe ")]
    seen = Observation(outcome, sorted(passed), garbage, problem)
    return judge(case, seen, sorted(rendered(text) for text in case.passed))
