"""The corpus of HTTP/1.1 syntax, sent to the whole gateway and answered by its upstream: what the codec refuses reaches
nobody, what it takes is written anew."""
import socket
import threading

import pytest

from harness.client import Client
from harness.corpus import cases
from harness.patience import seconds, wait_until
from harness.wire import Stream, WireError

REQUESTS = cases("requests_line.txt", "requests_fields.txt", "requests_framing.txt", "requests_connection.txt")
RESPONSES = cases("responses.txt")
OF_ONE_CONNECTION = ["connection", "keep-alive", "proxy-connection", "te", "trailer", "upgrade", "http2-settings", "expect"]
MOST_SENT = 1 << 20  # longer bodies are announced only


def in_parallel(work, items, most=16):
    """Calls `work` with each item, some at a time; returns what the calls returned that is no None."""
    left, told = list(items), []

    def run():
        while True:
            try:
                item = left.pop()
            except IndexError:
                return
            try:
                result = work(item)
            except (WireError, OSError, AssertionError) as error:
                result = f"{item.name}: {type(error).__name__}: {error}"
            if result is not None:
                told.append(result)

    threads = [threading.Thread(target=run, daemon=True) for _ in range(most)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return told


def everywhere(upstream_address):
    return {"routes": [{"id": 1, "uri": "/*", "upstream": {"nodes": {upstream_address: 1}, "retries": 0}}]}


def test_refused_requests_get_their_status_and_end_the_connection(gateway, upstream):
    up = upstream()
    one = gateway(settings={"apisix": {"enable_http2": False}}, resources=everywhere(up.address))

    def refused(case):
        with one.connect() as client:
            # A line that does not end is looked at again when it has doubled (wire/head_arrival.h).
            endless = case.data[-1:] * len(case.data) if b"\n" not in case.data else b""
            client.send(case.data + case.unread + endless)
            response = client.read()
            if response.status != case.status:
                return f"{case.name}: expected {case.outcome}, got {response.start}"
            if "error_msg" not in response.text:
                return f"{case.name}: no error_msg: {response.text!r}"
            if not client.is_closed():
                return f"{case.name}: the connection stays open"
        return None

    chosen = [case for case in REQUESTS if case.is_refused]
    assert len(chosen) > 150
    assert in_parallel(refused, chosen) == []
    assert [seen.start for seen in up.seen] == []
    wait_until(lambda: len(one.read("logs/access.log").splitlines()) == len(chosen), "a line for each request")
    reasons = {case.outcome.split(" ")[1] for case in chosen}
    missing = {reason for reason in reasons if f"reason={reason}" not in one.read("logs/access.log")}
    assert missing == set()


def test_incomplete_requests_reach_nobody(gateway, upstream):
    up = upstream()
    one = gateway(resources=everywhere(up.address))

    def incomplete(case):
        with one.connect() as client:
            client.send(case.data)
            client.stream.sock.shutdown(socket.SHUT_WR)
            answer = client.stream.until_close()
            return f"{case.name}: got {answer!r}" if answer.startswith(b"HTTP/1.1 2") else None

    chosen = [case for case in REQUESTS if case.outcome == "incomplete"]
    assert chosen
    assert in_parallel(incomplete, chosen) == []
    assert [seen.start for seen in up.seen] == []


def body_to_send(case):
    """What follows the head, so that the request is whole; None when that would be too much."""
    kind = case.told("body")
    if kind == "none":
        return b"", b""
    if kind == "chunked":
        return b"2\r\nab\r\n0\r\n\r\n", b"ab"
    if int(kind) > MOST_SENT:
        return None
    return b"x" * int(kind), b"x" * int(kind)


def is_rewritten(name):
    """Whether the gateway has its own say about the field."""
    return name == "host" or name in OF_ONE_CONNECTION or name.startswith("x-forwarded-") or name in ("forwarded", "x-real-ip")


def ill_formed(case, seen, body):
    """What is wrong with the request as it arrived; None when nothing is."""
    names = [name.lower() for name, _ in seen.headers]
    host = case.told("host")
    if names[0] != "host" or names.count("host") != 1:
        return f"Host is not first and alone: {names}"
    if host and seen.get("host") != host:
        return f"Host is {seen.get('host')!r} instead of {host!r}"
    if not seen.start.endswith(" HTTP/1.1"):
        return f"the version is not HTTP/1.1: {seen.start}"
    if found := [name for name in names if name in OF_ONE_CONNECTION]:
        return f"fields of one connection were passed: {found}"
    if names.count("content-length") + names.count("transfer-encoding") != (0 if case.told("body") == "none" else 1):
        return f"not one framing field: {names}"
    if seen.body != body:
        return f"the body is {seen.body!r} instead of {body!r}"
    wanted = [pair for pair in case.fields if not is_rewritten(pair[0].lower())]
    if missing := [pair for pair in wanted if pair not in seen.headers]:
        return f"fields are missing: {missing} in {seen.headers}"
    return None


def test_accepted_requests_are_written_anew(gateway, upstream):
    up = upstream()
    one = gateway(resources=everywhere(up.address))
    wrong = []
    for case in REQUESTS:
        if not case.is_accepted or body_to_send(case) is None or " * " in case.outcome:
            continue
        sent, body = body_to_send(case)
        with one.connect() as client:
            client.send(case.data + sent)
            try:
                response = client.read(case.outcome.split(" ")[1])
            except WireError as error:
                wrong.append(f"{case.name}: {error}")
                continue
        seen = up.take_seen()
        if response.status != 200 or len(seen) != 1:
            wrong.append(f"{case.name}: {response.start}, {len(seen)} requests arrived")
        elif problem := ill_formed(case, seen[0], body):
            wrong.append(f"{case.name}: {problem}")
    assert wrong == []
    assert up.broken == []


class Scripted:
    """An upstream whose answer is the case with the number in the path; it sees what becomes of the connection."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        self.after = {}  # number of the case -> "closed", or the next request on the connection
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock):
        sock.settimeout(seconds(20))
        stream = Stream(sock)
        try:
            number = int(stream.request().target.strip("/"))
            case = RESPONSES[number]
            stream.send(case.data + answer_body(case))
            if ends_with_connection(case):
                sock.shutdown(socket.SHUT_WR)
            self.after[number] = "closed" if stream.is_closed() else "kept"
        except (OSError, WireError) as error:
            self.after[number] = f"{error}"
        finally:
            sock.close()

    def stop(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def answer_body(case):
    kind = case.told("body") if case.is_accepted else None
    if kind is None or kind == "none":
        return case.unread if not case.is_accepted else b""
    if kind == "chunked":
        return b"0\r\n\r\n"
    return b"hello"[:5 if kind == "until_close" else int(kind)]


def ends_with_connection(case):
    return case.outcome == "incomplete" or case.outcome.endswith(" close")


@pytest.fixture
def scripted():
    one = Scripted()
    yield one
    one.stop()


def is_final(case):
    return case.is_accepted and int(case.outcome.split(" ")[1]) >= 200


def test_bad_responses_are_502_and_their_connection_is_not_used_again(gateway, scripted):
    one = gateway(resources=everywhere(scripted.address))

    def bad(case):
        number = RESPONSES.index(case)
        with one.connect() as client:
            response = client.request(case.method, f"/{number}")
            if response.status != 502:
                return f"{case.name}: expected {case.outcome}, got {response.start}"
            wait_until(lambda: number in scripted.after, f"the connection of {case.name} to end")
            return None if scripted.after[number] == "closed" else f"{case.name}: {scripted.after[number]}"

    chosen = [case for case in RESPONSES if not case.is_accepted]
    assert len(chosen) > 30
    assert in_parallel(bad, chosen) == []
    wait_until(lambda: one.read("logs/access.log").count("reason=upstream_") == len(chosen), one.tell)


def test_good_responses_pass(gateway, scripted):
    one = gateway(resources=everywhere(scripted.address))

    def good(case):
        with one.connect() as client:
            response = client.request(case.method, f"/{RESPONSES.index(case)}")
        wanted = int(case.outcome.split(" ")[1])
        body = b"" if case.told("body") in ("none", "chunked") else answer_body(case)
        if (response.status, response.body) != (wanted, body):
            return f"{case.name}: expected {case.outcome}, got {response.start} {response.body!r}"
        if missing := [pair for pair in case.fields if pair not in response.headers and pair[0].lower() != "server"]:
            return f"{case.name}: fields are missing: {missing} in {response.headers}"
        return None

    assert in_parallel(good, [case for case in RESPONSES if is_final(case)]) == []
