"""One case of HTTP/1.1: sent on a connection of its own, and followed by a probe that shows whether both sides still
agree on where a message ends."""
import socket

from harness.patience import seconds
from harness.wire import Stream, WireError

from .recorder import rendered
from .verdict import Observation, judge

DEFAULT_REQUEST = r"GET /a HTTP/1.1\r\nHost: a.test\r\n\r\n"
PROBE = b"GET /probe HTTP/1.1\r\nHost: probe.test\r\nConnection: close\r\n\r\n"
OURS = {"server", "date"}


def tell(message):
    """A response as the corpus writes it."""
    fields = [f"{n}: {v}" for n, v in message.headers if n.lower() not in OURS]
    text = " | ".join([message.start.removeprefix("HTTP/1.1 "), *fields])
    text += f" -> {message.body.decode('latin-1')}" if message.body else ""
    return text + "".join(f" + {n}: {v}" for n, v in message.trailers)


class Exchange:
    def __init__(self, port, case):
        self.case = case
        sock = socket.create_connection(("127.0.0.1", port), timeout=seconds(10))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.stream = Stream(sock)
        self.statuses, self.last, self.end, self.problem = [], None, "", ""

    def run(self):
        try:
            self.stream.send(self.case.data)
            self._read()
        except OSError as error:  # closed while we sent, say
            self.end = self.end or "close"
            self.problem = "" if isinstance(error, (BrokenPipeError, ConnectionResetError)) else str(error)
        finally:
            self.stream.close()
        return " ".join([*map(str, self.statuses), self.end]).strip()

    def _read(self):
        wanted = self.case.want[0].split()
        if wanted == ["drop"]:
            self.stream.sock.shutdown(socket.SHUT_WR)
        while len(self.statuses) < len(wanted) - 1 or wanted == ["drop"]:
            if not self._one():
                return
        if self.statuses[-1:] == [101]:
            self.end = "tunnel"
        elif self.last and "close" in (self.last.get("connection") or ""):
            self._ends()
        else:
            self._probe()

    def _one(self):
        """Reads one final response; False where the connection is over, and `end` says how."""
        try:
            if self.stream.is_closed():
                self.end = "close" if self.statuses else "drop"
                return False
        except WireError:
            self.end = "silence"
            return False
        try:
            return self._response()
        except WireError as error:
            self.end = "cut"
            self.problem = "" if "closed" in str(error) else str(error)
            return False

    def _response(self):
        while True:
            self.last = self.stream.head()
            self.statuses.append(self.last.status)
            if self.last.status >= 200 or self.last.status == 101:
                break
        if not self.case.data.startswith(b"HEAD ") and self.last.status not in (101, 204, 304):
            self.stream.body_of(self.last, may_run_until_close=True)
        return True

    def _ends(self):
        try:
            self.end = "close" if self.stream.is_closed() else f"close, and then {self.stream.until_close()[:200]!r}"
        except WireError:
            self.end = "close, which does not come"

    def _probe(self):
        self.end = "keep"
        self.stream.send(PROBE)
        try:
            answer = self.stream.response()
            rest = self.stream.until_close()
        except WireError as error:
            self.problem = f"the next request on the connection: {error}"
            return
        if (answer.status, answer.body, rest) != (200, b"probed", b""):
            self.problem = f"the next request on the connection: {answer.start} {answer.body!r} {rest!r}"


def probe_anew(port):
    """The next client's request; what is wrong with its answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds(10)) as sock:
        sock.sendall(PROBE)
        stream = Stream(sock)
        answer = stream.response()
        return "" if (answer.status, answer.body) == (200, b"probed") else f"the next client got {answer.start} {answer.body!r}"


def run(case, port, recorder):
    """Sends the case to the gateway at `port`, and judges what came of it."""
    recorder.script(case.answer_bytes, case.upstream_closes)
    exchange = Exchange(port, case)
    outcome = exchange.run()
    problem = exchange.problem or (probe_anew(port) if case.answer else "")
    requests, garbage = recorder.take()
    passed = [request for request in requests if not request.start.startswith(b"GET /probe ")]
    probes = [request for request in requests if request.start.startswith(b"GET /probe ")]
    wrong_probe = [probe for probe in probes if probe.render(port) != b"GET /probe | Host: probe.test"]
    if wrong_probe:
        problem = problem or f"the probe arrived as {wrong_probe[0].render(port)!r}"
    if "502" in outcome and passed and any(probe.connection == passed[-1].connection for probe in probes):
        problem = problem or "the upstream's connection was used again"
    seen = Observation(outcome, [request.render(port) for request in passed], garbage, problem,
                       tell(exchange.last) if exchange.last else "")
    return judge(case, seen, [rendered(text).replace(b"{{upstream}}", recorder.address.encode()) for text in case.passed])
