"""Clients that speak HTTP/2: what reaches the upstream, and what comes back."""
import re
import shutil
import signal
import subprocess
import threading

import pytest

from harness.certificates import Certificate, authority, client_context
from harness.gateway import Gateway
from harness.h2_client import Http2Client
from harness.modules import with_modules
from harness.nghttpd import Nghttpd
from harness.patience import seconds, wait_until
from harness.upstream import Upstream
from harness.wire import chunked
from test_bounded_memory import Endpoint

LOG = "$server_protocol $http2 $scheme $request $status $reason"
LOGGING = {"nginx_config": {"http": {"access_log_format": LOG}}}
PROTOCOL_ERROR = 1


def routes(address, **more):
    return {"routes": [{"id": "r", "uri": "/*", "upstream": {"nodes": {address: 1}}, **more}]}


@pytest.fixture
def clear(gateway, upstream):
    """A gateway with one upstream, and a connection to it."""
    clients = []

    def make(answers=None, settings=None, address=None, **more):
        up = upstream(answers=answers)
        g = gateway({**LOGGING, **(settings or {})}, resources=routes(address or up.address, **more))
        clients.append(Http2Client(g.ports["proxy"]))
        return g, up, clients[-1]

    yield make
    for client in clients:
        client.sock.close()


def test_a_request_with_prior_knowledge_reaches_the_upstream(clear):
    g, up, client = clear()
    answer = client.ask("GET", "/a%20b?q=1", headers=[("x-one", "1"), ("cookie", "a=b"), ("cookie", "c=d")])
    assert (answer.status, answer.text) == (200, "hello from upstream-a\n")
    assert answer.get("content-length") == "22" and answer.get("connection") is None
    seen = up.take_seen()[-1].message
    assert seen.start == "GET /a%20b?q=1 HTTP/1.1"
    assert seen.get("host") == "gateway.test" and seen.get("x-one") == "1"
    assert seen.all("cookie") == ["a=b; c=d"]
    assert seen.get("transfer-encoding") is None and seen.get("content-length") is None
    g.wait_for_line(r"^HTTP/2.0 h2c http GET /a%20b\?q=1 HTTP/2.0 200 -$", "logs/access.log")


def test_alpn_chooses_http2_where_client_and_listener_speak_it(gateway, upstream):
    root = authority()
    own = Certificate("a.example", root)
    resources = {"ssls": [{"id": "1", **own.ssl()}], **routes(upstream().address)}
    g = gateway(LOGGING, resources=resources)
    with Http2Client(g.ports["tls"], client_context(root), "a.example") as client:
        assert client.ask("GET", "/a", authority="a.example").status == 200
        assert client.ask("POST", "/a", body=b"x" * 100_000, authority="a.example").status == 200
    g.wait_for_line(r"^HTTP/2.0 h2 https GET /a HTTP/2.0 200 -$", "logs/access.log")

    off = gateway({"apisix": {"enable_http2": False}}, resources=resources)
    context = client_context(root)
    context.set_alpn_protocols(["h2", "http/1.1"])
    with off.connect_tls(context, "a.example") as client:
        assert client.sock.selected_alpn_protocol() == "http/1.1"
        assert client.request("GET", "/a", host="a.example").status == 200
    with off.connect() as client:
        client.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        assert client.read().status == 505


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
def test_curl_is_served_by_either_way(gateway, upstream):
    root = authority()
    own = Certificate("a.example", root)
    g = gateway(resources={"ssls": [{"id": "1", **own.ssl()}], **routes(upstream().address)})
    g.path("root.crt").write_text(root.pem)

    def curl(*arguments):
        command = ["curl", "-s", "-w", " %{http_version} %{http_code}", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=seconds(60)).stdout

    hello = "hello from upstream-a\n 2 200"
    assert curl("--http2-prior-knowledge", f"http://127.0.0.1:{g.ports['proxy']}/a") == hello
    assert curl("--http2", "--cacert", str(g.path("root.crt")), "--resolve", f"a.example:{g.ports['tls']}:127.0.0.1",
                f"https://a.example:{g.ports['tls']}/a") == hello


def test_the_preface_may_come_in_pieces_and_other_methods_with_its_first_letters_are_no_preface(gateway, upstream):
    g = gateway(resources=routes(upstream().address))
    with g.connect() as client:
        client.send("P")
        client.send("RI /a HTTP/1.1\r\nHost: x\r\n\r\n")
        assert client.read().status == 200
    with g.connect() as client:
        for byte in "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n":
            client.send(byte)
        client.send(b"\0\0\0\4\0\0\0\0\0")
        assert client.stream.exactly(9)[3] == 4  # SETTINGS


def test_h2c_by_upgrade_is_neither_done_nor_passed_on(gateway, upstream):
    up = upstream()
    g = gateway(resources=routes(up.address))
    with g.connect() as client:
        fields = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "AAMAAABkAAQAAP__"}
        assert client.request("GET", "/a", headers=fields).status == 200
    seen = up.take_seen()[-1].message
    assert seen.get("upgrade") is None and seen.get("http2-settings") is None


def test_many_streams_are_served_at_once_and_the_fast_do_not_wait_for_the_slow(clear):
    held = threading.Event()
    g, up, client = clear(answers=[{"held": held, "body": "slow"}, {"status": 200, "body": "fast"}])
    slow = client.begin("GET", "/slow")
    wait_until(lambda: up.seen, "the slow request")
    fast = [client.begin("GET", f"/{n}") for n in range(50)]
    for stream in fast:
        assert client.answer(stream).text == "fast"
    assert not client.answers[slow].is_over
    held.set()
    assert client.answer(slow).text == "slow"


def test_bodies_pass_both_ways_whatever_their_size(clear):
    big = "0123456789abcdef" * (4 << 16)
    g, up, client = clear(answers=[{"status": 200, "body": big}])
    answer = client.ask("POST", "/a", body=big.encode(), headers=[("content-length", str(len(big)))])
    assert answer.text == big and answer.ended
    seen = up.take_seen()[-1].message
    assert seen.body == big.encode() and seen.get("content-length") == str(len(big))
    assert client.ask("POST", "/a", body=b"of unknown length").text == big
    assert up.take_seen()[-1].message.body == b"of unknown length"


def test_trailers_pass_both_ways(clear):
    g, up, client = clear(answers=[{"chunks": ["one", "two"], "trailers": {"X-Sum": "6"}}])
    stream = client.begin("POST", "/a", end=False)
    client.data(stream, b"abc")
    client.trailers(stream, [("x-digest", "d"), ("authorization", "x")])
    answer = client.answer(stream)
    assert (answer.text, answer.trailers) == ("onetwo", [("x-sum", "6")])
    assert up.take_seen()[-1].message.trailers == [("x-digest", "d")]


def test_what_has_no_body_ends_with_its_head(clear):
    g, up, client = clear(answers=[{"status": 204}, {"status": 304}, {"status": 200, "body": ""}])
    for status in (204, 304, 200):
        answer = client.ask("GET", "/a")
        assert (answer.status, answer.body, answer.ended) == (status, b"", True)


def test_an_answer_to_head_tells_the_length(gateway):
    def serve(stream):
        stream.head()
        stream.send(b"HTTP/1.1 200 Fine\r\nContent-Length: 12345\r\n\r\n")

    endpoint = Endpoint(serve)
    g = gateway(resources=routes(endpoint.address))
    with Http2Client(g.ports["proxy"]) as client:
        answer = client.ask("HEAD", "/a")
        assert (answer.status, answer.body, answer.get("content-length")) == (200, b"", "12345")
    endpoint.join()


def test_interim_responses_pass_and_a_client_that_expects_one_is_invited(clear):
    g, up, client = clear(answers=[{"interim": [103], "status": 200, "body": "x"}])
    assert client.ask("GET", "/a").interim == [103]
    stream = client.begin("POST", "/a", headers=[("expect", "100-continue")], end=False)
    client.until(lambda: client.answers[stream].interim == [100])
    client.data(stream, b"body", end=True)
    answer = client.answer(stream)
    assert answer.status == 200
    assert up.take_seen()[-1].message.body == b"body"
    assert client.ask("POST", "/a", body=b"x", headers=[("expect", "tea")]).status == 417


def test_pieces_pass_as_they_come(gateway):
    seen = [threading.Event() for _ in range(3)]

    def serve(stream):
        stream.head()
        stream.send(b"HTTP/1.1 200 Fine\r\nTransfer-Encoding: chunked\r\n\r\n")
        for number, event in enumerate(seen):
            stream.send(b"2\r\n%d;\r\n" % number)
            assert event.wait(30)
        stream.send(chunked([]))

    endpoint = Endpoint(serve)
    g = gateway(resources=routes(endpoint.address))
    with Http2Client(g.ports["proxy"]) as client:
        stream = client.begin("GET", "/a")
        for number, event in enumerate(seen):
            client.until(lambda: client.answers[stream].text.endswith(f"{number};"))
            event.set()
        assert client.answer(stream).text == "0;1;2;"
    endpoint.join()


def test_a_client_that_takes_no_data_holds_up_nobody_else(clear):
    big = "x" * 1_000_000
    g, up, client = clear(answers=[{"status": 200, "body": big}, {"status": 200, "body": "small"}])
    client.takes_data = False
    stalled = client.begin("GET", "/big")
    client.until(lambda: len(client.answers[stalled].body) == 65_535)
    client.http2.increment_flow_control_window(1 << 20)  # of the connection, not of that stream
    client.flush()
    assert client.ask("GET", "/small").text == "small"
    assert len(client.answers[stalled].body) == 65_535
    client.takes_data = True
    client.http2.increment_flow_control_window(1 << 20, stalled)
    client.flush()
    assert client.answer(stalled).text == big


def test_an_upload_waits_for_the_upstream_that_does_not_read(gateway):
    may_read = threading.Event()

    def serve(stream):
        stream.head()
        assert may_read.wait(60)
        stream.send(b"HTTP/1.1 200 Fine\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
        stream.until_close()

    endpoint = Endpoint(serve)
    g = gateway(resources=routes(endpoint.address))
    with Http2Client(g.ports["proxy"]) as client:
        stream = client.begin("POST", "/a", headers=[("content-length", str(1 << 30))], end=False)
        sent = 0
        client.sock.settimeout(1)
        while sent < 1 << 27:  # more than any buffers between here and there
            room = min(client.http2.local_flow_control_window(stream), 16_384)
            if room:
                client.http2.send_data(stream, b"x" * room)
                client.flush()
                sent += room
                continue
            try:
                client.take()
            except Exception:
                break  # no window came: the gateway waits
        assert sent < 1 << 27
        may_read.set()
        client.sock.settimeout(seconds(60))
        answer = client.answer(stream)
        assert answer.status == 200
    endpoint.join()


def test_a_stream_that_the_client_resets_ends_its_exchange_and_no_other(clear):
    held = threading.Event()
    g, up, client = clear(answers=[{"held": held, "body": "a"}, {"held": held, "body": "b"}])
    first, second = client.begin("GET", "/1"), client.begin("GET", "/2")
    wait_until(lambda: len(up.seen) == 2, "both requests")
    client.reset(first)
    g.wait_for_line(r"GET /1 HTTP/2.0 499 client_closed", "logs/access.log")
    held.set()
    assert client.answer(second).status == 200


def test_exchanges_end_with_their_connection(clear):
    held = threading.Event()
    g, up, client = clear(answers=[{"held": held, "body": "a"}])
    for number in range(3):
        client.begin("GET", f"/{number}")
    wait_until(lambda: len(up.seen) == 3, "the requests")
    client.sock.close()
    for number in range(3):
        g.wait_for_line(rf"GET /{number} HTTP/2.0 499 client_closed", "logs/access.log")
    held.set()


def test_a_response_that_breaks_off_resets_its_stream(gateway):
    def serve(stream):
        stream.head()
        stream.send(b"HTTP/1.1 200 Fine\r\nContent-Length: 10\r\n\r\nhalf")

    endpoint = Endpoint(serve)
    g = gateway(resources=routes(endpoint.address))
    with Http2Client(g.ports["proxy"]) as client:
        answer = client.answer(client.begin("GET", "/a"))
        assert answer.reset is not None and not answer.ended
    endpoint.join()


def test_an_answer_without_a_look_at_the_body_is_whole(clear):
    g, up, client = clear(plugins={"fault-injection": {"abort": {"http_status": 418, "body": "tea"}}})
    stream = client.begin("POST", "/a", headers=[("content-length", "1000000")], end=False)
    answer = client.answer(stream)
    assert (answer.status, answer.text, answer.ended) == (418, "tea", True)
    client.until(lambda: client.answers[stream].reset == 0)
    assert up.take_seen() == []


def usual(**changes):
    fields = {":method": "GET", ":scheme": "http", ":authority": "gateway.test", ":path": "/a", **changes}
    return [(name, value) for name, value in fields.items() if value is not None]


MALFORMED = {
    "a field of the connection": dict(headers=[("connection", "close")]),
    "transfer-encoding": dict(headers=[("transfer-encoding", "chunked")]),
    "upgrade": dict(headers=[("upgrade", "websocket")]),
    "keep-alive": dict(headers=[("keep-alive", "1")]),
    "proxy-connection": dict(headers=[("proxy-connection", "close")]),
    "te other than trailers": dict(headers=[("te", "gzip")]),
    "capital letters in a name": dict(headers=[("X-Capital", "1")]),
    "a line feed in a value": dict(headers=[("x-a", "a\nb")]),
    "a zero byte in a value": dict(headers=[("x-a", "a\0b")]),
    "a space before a value": dict(headers=[("x-a", " a")]),
    "a space in a name": dict(headers=[("x a", "a")]),
    "a colon in a name": dict(headers=[("x:a", "a")]),
    "an empty name": dict(headers=[("", "a")]),
    "two lengths": dict(headers=[("content-length", "0"), ("content-length", "1")]),
    "a length that is none": dict(headers=[("content-length", "+1")]),
    "a length without a body": dict(headers=[("content-length", "1")]),
    "no method": dict(pseudo=usual(**{":method": None})),
    "no path": dict(pseudo=usual(**{":path": None})),
    "an empty path": dict(pseudo=usual(**{":path": ""})),
    "no scheme": dict(pseudo=usual(**{":scheme": None})),
    "neither authority nor host": dict(pseudo=usual(**{":authority": None})),
    "a path with a space": dict(pseudo=usual(**{":path": "/a b"})),
    "a path with a line feed": dict(pseudo=usual(**{":path": "/a\r\nx: y"})),
    "a method with a space": dict(pseudo=usual(**{":method": "GET /b HTTP/1.1\r\nx:"})),
    "an authority with a space": dict(pseudo=usual(**{":authority": "a b"})),
    "a slash in the authority": dict(pseudo=usual(**{":authority": "gateway.test/x"})),
    "two hosts": dict(pseudo=usual(**{":authority": None}), headers=[("host", "a"), ("host", "a")]),
    "two paths": dict(pseudo=[*usual(), (":path", "/b")]),
    "an unknown pseudo field": dict(pseudo=[*usual(), (":protocol", "x")]),
    "a pseudo field of responses": dict(pseudo=[*usual(), (":status", "200")]),
    "a pseudo field behind others": dict(pseudo=[*usual(**{":path": None}), ("x-a", "1"), (":path", "/a")]),
}


@pytest.fixture(scope="module")
def shared():
    """One gateway for what must not reach an upstream."""
    up = Upstream()
    g = Gateway(LOGGING, resources=routes(up.address)).start()
    yield g, up
    g.stop()
    g.remove()
    up.stop()


@pytest.mark.parametrize("what", MALFORMED)
def test_malformed_requests_are_reset_and_nothing_reaches_the_upstream(shared, what):
    g, up = shared
    with Http2Client(g.ports["proxy"]) as client:
        case = {"pseudo": usual(), "headers": [], **MALFORMED[what]}
        stream = client.begin("", "", case["headers"], pseudo=case["pseudo"])
        assert client.answer(stream).reset == PROTOCOL_ERROR
        assert up.take_seen() == []
        assert client.ask("GET", "/fine").status == 200  # the connection goes on
        up.take_seen()


REFUSED_REQUESTS = {
    "user information in the authority": (400, "bad_host", dict(pseudo=usual(**{":authority": "user@gateway.test"}))),
    "two ports": (400, "bad_host", dict(pseudo=usual(**{":authority": "gateway.test:1:2"}))),
    "host and authority that differ": (400, "host_is_not_authority", dict(headers=[("host", "other.test")])),
    "another scheme": (400, "bad_scheme", dict(pseudo=usual(**{":scheme": "ftp"}))),
    "CONNECT": (501, "connect_not_implemented", dict(pseudo=usual(**{":method": "CONNECT", ":path": None, ":scheme": None}))),
    "an encoded slash": (400, "encoded_slash", dict(pseudo=usual(**{":path": "/a%2fb"}))),
    "too many fields": (431, "too_many_fields", dict(headers=[(f"x-{n}", "1") for n in range(100)])),
    "too long a head": (431, "head_too_large", dict(headers=[("x-long", "x" * 61_500)])),
}


@pytest.mark.parametrize("what", REFUSED_REQUESTS)
def test_requests_that_nobody_may_serve_are_answered(shared, what):
    g, up = shared
    status, reason, case = REFUSED_REQUESTS[what]
    case = {"pseudo": usual(), "headers": [], **case}
    with Http2Client(g.ports["proxy"]) as client:
        answer = client.answer(client.begin("", "", case["headers"], pseudo=case["pseudo"]))
        assert answer.status == status
        assert up.take_seen() == []
        assert client.ask("GET", "/fine").status == 200
        up.take_seen()
    if reason != "encoded_slash":
        g.wait_for_line(rf" {status} {reason}$", "logs/access.log")


@pytest.mark.parametrize("length, sent", [("0", b"smuggled"), ("3", b"smuggled"), ("9", b"short")])
def test_a_body_that_is_not_as_long_as_announced_never_makes_a_whole_request(clear, length, sent):
    g, up, client = clear()
    stream = client.begin("POST", "/a", headers=[("content-length", length)], end=False)
    client.data(stream, sent, end=True)
    assert client.answer(stream).reset == PROTOCOL_ERROR
    assert client.ask("GET", "/fine").status == 200
    assert [seen.target for seen in up.take_seen()] == ["/fine"]


def test_plugins_work_on_streams(clear):
    wasm = {"wasm": {"plugins": [{"name": "wasm_script", "priority": 1, "file": "{{modules}}/script.wasm"}]}}
    g, up, client = clear(
        settings=with_modules(wasm), answers=[{"status": 200, "body": "plain"}],
        plugins={"wasm_script": {"conf": "request_headers add x-asked 1\nresponse_headers add x-seen yes\n"
                                         "response_headers remove content-length\nresponse_body body edited"},
                 "response-rewrite": {"headers": {"set": {"X-Native": "too"}}}})
    streams = [client.begin("GET", f"/{n}") for n in range(20)]
    for stream in streams:
        answer = client.answer(stream)
        assert (answer.text, answer.get("x-seen"), answer.get("x-native")) == ("edited", "yes", "too")
    assert all(seen.message.get("x-asked") == "1" for seen in up.take_seen())


@pytest.mark.parametrize("speaks_http2", [False, True], ids=["to HTTP/1.1", "to HTTP/2"])
def test_plugins_change_trailers_both_ways(clear, speaks_http2):
    wasm = {"wasm": {"plugins": [{"name": "wasm_script", "priority": 1, "file": "{{modules}}/script.wasm"}]}}
    nghttpd = Nghttpd(options=["--trailer=x-sum: 9"]) if speaks_http2 else None
    other = {"upstream": {"nodes": {nghttpd.address: 1}, "http_version": "2"}} if nghttpd else {}
    try:
        g, up, client = clear(
            settings=with_modules(wasm), answers=[{"chunks": ["abc"], "trailers": {"X-Sum": "9"}}],
            **other, plugins={"wasm_script": {"conf": "\n".join(f"{way}_trailers {what}" for way in ("request", "response")
                                                       for what in ("replace x-sum changed", "add x-new here"))}})
        stream = client.begin("POST", "/a", end=False)
        client.data(stream, b"abc")
        client.trailers(stream, [("x-sum", "1"), ("x-kept", "yes")])
        answer = client.answer(stream)
        assert (answer.text, answer.trailers) == ("abc", [("x-sum", "changed"), ("x-new", "here")])
        if nghttpd:
            sent = re.findall(r"recv \(stream_id=\d+\) (x-\S+): (.*?)(?:\x1b|\n)", nghttpd.log())
            assert [field for field in sent if not field[0].startswith(("x-forwarded", "x-real"))] == [
                ("x-sum", "changed"), ("x-kept", "yes"), ("x-new", "here")]
        else:
            assert up.take_seen()[-1].message.trailers == [("x-sum", "changed"), ("x-kept", "yes"), ("x-new", "here")]
    finally:
        if nghttpd:
            nghttpd.stop()


def test_a_change_of_the_routes_touches_no_stream(clear):
    held = threading.Event()
    g, up, client = clear(answers=[{"held": held, "body": "old"}])
    stream = client.begin("GET", "/a")
    wait_until(lambda: up.seen, "the request")
    changed = routes(up.address, plugins={"fault-injection": {"abort": {"http_status": 418}}})
    g.put_all(changed)
    wait_until(lambda: client.ask("GET", "/b").status == 418, "the change")
    held.set()
    assert client.answer(stream).text == "old"


def test_a_gateway_that_ends_says_so_and_finishes_what_has_begun(clear):
    held = threading.Event()
    g, up, client = clear(answers=[{"held": held, "body": "done"}])
    streams = [client.begin("GET", f"/{n}") for n in range(10)]
    wait_until(lambda: len(up.seen) == 10, "the requests")
    g.signal(signal.SIGTERM)
    client.until(lambda: client.goaways)
    assert client.goaways[0] == (0, 2**31 - 1)  # the first of two steps: what is on its way still counts
    client.until(lambda: len(client.goaways) == 2)
    assert client.goaways[1] == (0, streams[-1])
    held.set()
    assert [client.answer(stream).text for stream in streams] == ["done"] * 10
    client.until_closed()
    assert g.wait_for_end() == 0
