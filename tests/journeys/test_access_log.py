"""The access log: what stands in a line, and that a line is one line whatever a client or an upstream sends."""
import base64
import json
import re

import pytest

from harness.patience import wait_until

# APISIX's default format, field by field.
FIELDS = [
    r"(?P<remote_addr>127\.0\.0\.1)", "-", r"(?P<remote_user>\S+)",
    r"\[(?P<time_local>\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000)\]", r"(?P<http_host>\S+)", r'"(?P<request>[^"]*)"',
    r"(?P<status>\d{3})", r"(?P<body_bytes_sent>\d+)", r"(?P<request_time>\d+\.\d{3})", r'"(?P<http_referer>[^"]*)"',
    r'"(?P<http_user_agent>[^"]*)"', r"(?P<upstream_addr>-|127\.0\.0\.1:\d+(?:, 127\.0\.0\.1:\d+)*)",
    r"(?P<upstream_status>-|\d{3})", r"(?P<upstream_response_time>-|\d+\.\d{3})", r'"(?P<upstream_url>http://[^"]*)"',
    r'"(?P<apisix_request_id>[0-9a-f]{32})"'
]
LINE = re.compile(" ".join(FIELDS) + r"(?: reason=(?P<reason>[a-z_:-]+))?")


def basic(credentials):
    return "Basic " + base64.b64encode(credentials).decode()


def logging(gateway, upstream, answers=None, **http):
    up = upstream(answers=answers)
    made = gateway(settings={"nginx_config": {"worker_processes": 1, "http": http}}, resources={"routes": [
        {"id": "r1", "uri": "/a/*", "upstream": {"nodes": {up.address: 1}}}]})
    return made, up


def lines_of(gateway):
    """Without what is not printable ASCII or a line feed: there is no such byte."""
    gateway.stop()
    data = gateway.path("logs/access.log").read_bytes()
    assert not re.search(rb"[^\n -~]", data), data
    assert data.endswith(b"\n")
    return data.decode().splitlines()


def test_the_default_line_is_the_one_of_the_field(gateway, upstream):
    made, up = logging(gateway, upstream)
    made.ask("GET", "/a/b%20c?d=e", host="shop.test:8080", headers={
        "User-Agent": "agent/1 (x)", "Referer": "http://from.test/?q", "Authorization": basic(b"jack:pw")})
    made.ask("HEAD", "/a/")
    made.ask("GET", "/none", version="1.0")
    lines = lines_of(made)
    fields = [LINE.fullmatch(line).groupdict() for line in lines]
    hello = "hello from upstream-a\n"
    assert {k: v for k, v in fields[0].items() if not k.endswith(("_time", "_local", "_id"))} == {
        "remote_addr": "127.0.0.1", "remote_user": "jack", "http_host": "shop.test:8080",
        "request": "GET /a/b%20c?d=e HTTP/1.1", "status": "200", "body_bytes_sent": str(len(hello)),
        "http_referer": "http://from.test/?q", "http_user_agent": "agent/1 (x)", "upstream_addr": up.address,
        "upstream_status": "200", "upstream_url": "http://shop.test:8080/a/b%20c?d=e", "reason": None}
    assert float(fields[0]["upstream_response_time"]) <= float(fields[0]["request_time"]) + 0.01
    assert [fields[1][k] for k in ("request", "status", "body_bytes_sent", "http_referer", "http_user_agent",
                                   "remote_user")] == ["HEAD /a/ HTTP/1.1", "200", "0", "-", "-", "-"]
    assert [fields[2][k] for k in ("request", "status", "upstream_addr", "upstream_status", "upstream_response_time",
                                   "reason")] == ["GET /none HTTP/1.0", "404", "-", "-", "-", "no_route"]
    assert len({f["apisix_request_id"] for f in fields}) == 3


TYPES = {"time": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", "remote_addr": "127.0.0.1", "host": "gateway.test", "method": "GET",
         "uri": r"/a/x\?y=1", "protocol": "HTTP/1.1", "status": 200, "reason": None, "body_bytes_sent": 22,
         "request_time": float, "referer": None, "user_agent": "ua", "route_id": "r1", "service_id": None,
         "consumer_name": None, "upstream_addr": r"127\.0\.0\.1:\d+", "upstream_status": 200,
         "upstream_response_time": float, "request_id": "[0-9a-f]{32}"}


def test_the_json_line_has_numbers_texts_and_nothing(gateway, upstream):
    made, _ = logging(gateway, upstream, access_log_format="json")
    made.ask("GET", "/a/x?y=1", headers={"User-Agent": "ua"})
    made.ask("GET", "/none")
    first, second = map(json.loads, lines_of(made))
    assert list(first) == list(second) == list(TYPES)
    for key, wanted in TYPES.items():
        got = first[key]
        if isinstance(wanted, str):
            assert re.fullmatch(wanted, got), (key, got)
        else:
            assert isinstance(got, wanted) if wanted is float else got == wanted, (key, got)
    assert (second["status"], second["reason"], second["route_id"], second["upstream_addr"]) == (404, "no_route", None, None)


EVIL = [  # what clients send as field values; each is a request of its own
    'a "quoted" \\ back\\x22slash', "tab\there", "\xff\xfe not UTF-8", "caf\xc3\xa9", '"} , {"status": 1',
    "%0d%0a 127.0.0.1 - -", "$status"]
FORGED = "127.0.0.1 - - [01/Jan/2026:00:00:00 +0000] forged"


def send_evil(gateway):
    """Requests of which each must leave one line; how many they are."""
    sent = 0
    for value in EVIL:
        gateway.ask("GET", "/a/x", headers={"User-Agent": value, "Referer": value, "Cookie": value})
        sent += 1
    for user in (f"evil\n{FORGED}:pw", f"evil\r\n{FORGED}:pw", 'e"v\\il\x00\x1b[2J:pw', "\xff:pw"):
        gateway.ask("GET", "/a/x", headers={"Authorization": basic(user.encode("latin-1"))})
        sent += 1
    for target in (f"/a/x%0A{FORGED.replace(' ', '%20')}", "/a/x%0D%0A?x=%0A", "/a/%22%5C", "/a/x?y=%00%1b", "/a/%ff"):
        with gateway.connect() as client:
            client.request("GET", target)
        sent += 1
    for raw in (b"GET /a/\"x\" HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /a/\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
                b"GET /a/x\n" + FORGED.encode() + b" HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /a/\x1b[2J HTTP/1.1\r\nHost: x\r\n\r\n",
                b"GET /a/x HTTP/1.1\r\nHost: x\r\nUser-Agent: a\x1b[2Jb\r\n\r\n",
                b"GET /a/x HTTP/1.1\r\nHost: x\r\nUser-Agent: a\r" + FORGED.encode() + b"\r\n\r\n",
                b"GET /a/x HTTP/1.1\r\nHost: x\"\r\n\r\n", b"GET /a/x HTTP/1.1\r\nHost: x\r\nReferer: \x00\r\n\r\n",
                b"G\"T /a/x HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"):
        with gateway.connect() as client:
            client.send(raw)
            assert client.read().status in (200, 400)
        sent += 1
    return sent


def test_no_client_writes_lines_of_its_own(gateway, upstream):
    made, _ = logging(gateway, upstream)
    sent = send_evil(made)
    lines = lines_of(made)
    assert len(lines) == sent
    for line in lines:
        # Quotes stand only around fields: those of values are \x22.
        assert re.fullmatch(
            r'127\.0\.0\.1 - [^"]*"[^"]*" \d{3} [^"]*"[^"]*" "[^"]*" [^"]*"[^"]*" "[0-9a-f]{32}"( reason=\w+)?', line), line
    assert not any(line.startswith(FORGED) for line in lines)
    assert not any("\n" in line for line in made.read("logs/error.log").split("\n")[:-1])
    assert not any(line.startswith(FORGED) for line in made.read("logs/error.log").splitlines())


def test_no_client_breaks_a_line_of_json(gateway, upstream):
    made, _ = logging(gateway, upstream, access_log_format="json")
    sent = send_evil(made)
    made.stop()
    lines = made.path("logs/access.log").read_bytes().split(b"\n")[:-1]
    assert len(lines) == sent
    for line in lines:
        assert list(json.loads(line)) == list(TYPES), line
    assert json.loads(lines[0])["user_agent"] == EVIL[0]
    assert json.loads(lines[4])["user_agent"] == EVIL[4]


@pytest.mark.parametrize("escape", ["default", "json", "none"])
def test_decoded_values_stay_on_one_line_in_every_escape(gateway, upstream, escape):
    made, _ = logging(gateway, upstream, access_log_format="<$uri|$arg_x|$remote_user|$http_user_agent>",
                      access_log_format_escape=escape)
    made.ask("GET", "/a/b%0D%0Ac?x=1%0D%0A2", headers={
        "User-Agent": "agent", "Authorization": basic(b"a\nb:pw")})
    made.stop()
    lines = made.path("logs/access.log").read_bytes().split(b"\n")
    feed = {"default": (rb"\x0D", rb"\x0A"), "json": (rb"\r", rb"\n"), "none": (rb"\x0D", rb"\x0A")}[escape]
    assert lines == [b"</a/b%s%sc|1%s%s2|a%sb|agent>" % (*feed, *feed, feed[1]), b""]


def test_a_format_of_ones_own_may_name_any_variable(gateway, upstream):
    made, _ = logging(gateway, upstream, answers=[{"headers": {"X-Up": "u"}, "body": "four"}], access_log_format=(
        "$request_method ${status}s $route_id $arg_q $http_x_a $sent_http_x_up $upstream_http_x_up $no_such "
        "$body_bytes_sent $reason"))
    made.ask("GET", "/a/x?q=1", headers={"X-A": "b"})
    made.ask("GET", "/none")
    assert lines_of(made) == ["GET 200s r1 1 b u u - 4 -", "GET 404s - - - - - - 36 no_route"]


def test_a_client_that_leaves_is_499(gateway, upstream):
    made, up = logging(gateway, upstream, answers=[{"hang": True}])
    with made.connect() as client:
        client.send("GET /a/x HTTP/1.1\r\nHost: x\r\n\r\n")
        wait_until(lambda: up.seen, "the request to arrive")
    wait_until(lambda: made.read("logs/access.log"), "the line")
    line = LINE.fullmatch(made.read("logs/access.log").rstrip("\n"))
    assert (line["status"], line["reason"], line["body_bytes_sent"]) == ("499", "client_closed", "0")


def test_a_response_that_breaks_off_says_so(gateway, upstream):
    made, _ = logging(gateway, upstream, answers=[{"raw": b"HTTP/1.1 200 Fine\r\nContent-Length: 10\r\n\r\nhalf"}])
    with made.connect() as client:
        client.send("GET /a/x HTTP/1.1\r\nHost: x\r\n\r\n")
        assert client.stream.until_close().endswith(b"half")
    line, = lines_of(made)
    assert LINE.fullmatch(line)["reason"] == "upstream_broke_off"


BODIES = {  # of which the gateway learns that they are bad when the upstream has the head
    "request_body_too_large": (b"Transfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n5\r\n67890\r\n0\r\n\r\n", 413),
    "request_body_timeout": (b"Content-Length: 4\r\n\r\nab", 408),
    "bad_request_body": (b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n", 400)}


@pytest.mark.parametrize("reason", BODIES)
def test_bodies_that_turn_out_bad_are_refused_with_the_reason(gateway, upstream, reason):
    made, _ = logging(gateway, upstream, client_max_body_size=8, client_body_timeout="100ms")
    body, status = BODIES[reason]
    with made.connect() as client:
        client.send(b"POST /a/x HTTP/1.1\r\nHost: x\r\n" + body)
        response = client.read()
        assert (response.status, "error_msg" in json.loads(response.body)) == (status, True)
    line, = lines_of(made)
    assert (LINE.fullmatch(line)["status"], LINE.fullmatch(line)["reason"]) == (str(status), reason)
