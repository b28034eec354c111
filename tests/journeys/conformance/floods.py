"""Floods: what is cheap to send and would be dear to serve. Whoever sends it is cut short, little of it reaches the
upstream, and others are served meanwhile."""
import socket

from harness.corpus import unescape
from harness.patience import seconds
from harness.wire import Stream, WireError

from . import frames, http1
from .http2 import PREFACE, Connection
from .verdict import Observation, Verdict


def judge(case, outcome, port, recorder):
    """Where the next client is answered and no more has reached the upstream than may, the outcome decides."""
    problem = http1.probe_anew(port)
    requests, garbage = recorder.take()
    arrived = sum(not request.start.startswith(b"GET /probe ") for request in requests)
    if arrived > case.at_most:
        problem = problem or f"{arrived} requests reached the upstream, at most {case.at_most} may"
    wanted = [unescape(want).decode() for want in case.want]
    seen = Observation(outcome[:200], garbage=garbage, problem=problem)
    return Verdict(case, seen, "as_wanted" if outcome in wanted and not problem and not garbage else "forbidden")


def repeated_frames(case):
    if not any("{n}" in line for line in case.repeated):
        return b"".join(map(frames.to_bytes, case.repeated)) * case.repeat
    return b"".join(frames.to_bytes(line.replace("{n}", str(2 * n + 1))) for n in range(case.repeat) for line in case.repeated)


def run_http2(case, port, recorder):
    recorder.script()
    connection = Connection(port)
    connection.send(PREFACE + frames.frame(4, 0, 0) + b"".join(map(frames.to_bytes, case.sent)) + repeated_frames(case))
    awaited = {int(word.split("=")[0]) for word in case.want[0].split() if word[0].isdigit()}
    problem = connection.until(lambda: awaited and awaited <= set(connection.ends))
    outcome = connection.outcome() if awaited else (f"goaway={connection.goaway}" if connection.goaway else "close")
    connection.sock.close()
    return judge(case, problem or outcome, port, recorder)


def read_all(case, sock):
    """The statuses on that connection, and its end."""
    stream, statuses = Stream(sock), []
    wanted = case.repeat if case.want[0].startswith("\\{") else None
    try:
        while len(statuses) != wanted and not stream.is_closed():
            statuses.append(str(stream.response().status))
        end = "keep" if len(statuses) == wanted else "close"
    except (WireError, OSError) as error:
        end = str(error)
    return " ".join([*statuses, end])


def send_all(sock, data):
    """As much as the gateway takes."""
    try:
        sock.sendall(data)
    except (BrokenPipeError, ConnectionResetError):
        pass


def run_http1(case, port, recorder):
    recorder.script()
    socks = [socket.create_connection(("127.0.0.1", port), timeout=seconds(10)) for _ in range(case.connections)]
    data = case.data + b"".join(map(unescape, case.repeated)) * case.repeat
    for sock in socks:
        send_all(sock, data)
    meanwhile = http1.probe_anew(port)
    outcomes = {read_all(case, sock) for sock in socks}
    for sock in socks:
        sock.close()
    wrong = outcomes - {unescape(want).decode() for want in case.want}
    return judge(case, meanwhile or ("; ".join(wrong) if wrong else outcomes.pop()), port, recorder)
