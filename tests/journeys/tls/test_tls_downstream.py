"""Clients that come over TLS."""
import shutil
import socket
import ssl
import subprocess

import pytest

from harness.certificates import Certificate, authority, client_context
from harness.client import Client
from harness.patience import seconds, wait_until

VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]
LOG = "$scheme $https $ssl_protocol $ssl_server_name $ssl_session_reused $ssl_client_verify $status $reason"
LOGGING = {"nginx_config": {"http": {"access_log_format": LOG}}}


def route(upstream, uri="/*", **more):
    return {"id": "r", "uri": uri, "upstream": {"nodes": {upstream.address: 1}}, **more}


@pytest.fixture(scope="module")
def root():
    return authority()


def name_seen(gateway, context, server_name):
    """The common name of the certificate that is shown to who asks for `server_name`."""
    with gateway.connect_tls(context, server_name) as client:
        subject = client.sock.getpeercert()["subject"]
        return dict(pair for part in subject for pair in part)["commonName"]


def refused(gateway, context, server_name):
    """What the client says about a handshake that fails, at once or with the first bytes (TLS 1.3)."""
    with pytest.raises((ssl.SSLError, ConnectionError)) as failure:
        with gateway.connect_tls(context, server_name) as client:
            client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            if not client.sock.recv(1):
                raise ConnectionError("the connection ended")
    return str(failure.value)


@pytest.mark.parametrize("store", ["embedded", "yaml"])
@pytest.mark.parametrize("version", VERSIONS)
def test_a_request_over_tls_reaches_the_upstream(gateway, upstream, root, store, version):
    up = upstream()
    own = Certificate("a.example", root)
    g = gateway(LOGGING, store, {"ssls": [{"id": "1", **own.ssl()}], "routes": [route(up)]})
    with g.connect_tls(client_context(root, version), "a.example") as client:
        for _ in range(3):
            assert client.request("GET", "/hello", host="a.example").status == 200
        assert client.request("POST", "/hello", host="a.example", body="x" * 100_000).status == 200
    seen = up.take_seen()[-1].message
    assert seen.get("X-Forwarded-Proto") == "https"
    assert seen.get("X-Forwarded-Port") == str(g.ports["tls"])
    assert len(seen.body) == 100_000
    name = {"TLSv1_2": "TLSv1.2", "TLSv1_3": "TLSv1.3"}[version.name]
    g.wait_for_line(rf"^https on {name} a\.example \. NONE 200 -$", "logs/access.log")


def test_large_bodies_pass_whole(gateway, upstream, root):
    body = bytes(i * 7 % 251 for i in range(3_000_000))
    up = upstream(answers=[{"body": body}])
    g = gateway(resources={"ssls": [{"id": "1", **Certificate("a.example", root).ssl()}], "routes": [route(up)]})
    with g.connect_tls(client_context(root), "a.example") as client:
        assert client.request("GET", "/", host="a.example").body == body


def test_curl_and_openssl_are_served(gateway, upstream, root, tmp_path):
    up = upstream()
    g = gateway(resources={"ssls": [{"id": "1", **Certificate("a.example", root).ssl()}], "routes": [route(up)]})
    trusted = root.write(tmp_path)[0]
    asked = subprocess.run(["curl", "-sS", "--cacert", trusted, "--resolve", f"a.example:{g.ports['tls']}:127.0.0.1",
                            f"https://a.example:{g.ports['tls']}/hello", "-o", "/dev/null", "-w", "%{http_code}"],
                           capture_output=True, text=True, timeout=seconds(60), check=False)
    assert asked.stdout == "200", asked.stderr
    if shutil.which("openssl"):
        talked = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{g.ports['tls']}", "-servername", "a.example",
                                 "-CAfile", trusted, "-alpn", "h2,http/1.1", "-brief"], input="", capture_output=True,
                                text=True, errors="replace", timeout=seconds(60), check=False)
        assert "Verification: OK" in talked.stderr, talked.stderr


@pytest.mark.parametrize("offered, chosen", [(["h2", "http/1.1"], "h2"), (["http/1.1", "h2"], "h2"), (["http/1.1"], "http/1.1")])
def test_alpn_chooses_what_both_speak(gateway, root, offered, chosen):
    g = gateway(resources={"ssls": [{"id": "1", **Certificate("a.example", root).ssl()}]})
    context = client_context(root)
    context.set_alpn_protocols(offered)
    with g.connect_tls(context, "a.example") as client:
        assert client.sock.selected_alpn_protocol() == chosen


def test_the_server_name_chooses_the_certificate(gateway, root):
    exact, wild = Certificate("a.example.com", root), Certificate("*.example.com", root)
    g = gateway(resources={"ssls": [{"id": "1", **wild.ssl()}, {"id": "2", **exact.ssl()}]})
    context = client_context(root)
    assert name_seen(g, context, "a.example.com") == "a.example.com"
    assert name_seen(g, context, "b.example.com") == "*.example.com"
    assert "unrecognized name" in refused(g, context, "other.org").lower().replace("_", " ")
    line = g.wait_for_line(r"TLS handshake .* there is no ssl for the server name other\.org")
    assert "info" in line.lower()


def test_without_a_server_name_the_fallback_serves(gateway, root):
    resources = {"ssls": [{"id": "1", **Certificate("a.example", root).ssl()}]}
    context = client_context(root)
    context.check_hostname = False
    g = gateway(resources=resources)
    refused(g, context, None)
    g.wait_for_line(r"named no server")
    lenient = gateway({"apisix": {"ssl": {"fallback_sni": "a.example"}}}, resources=resources)
    assert name_seen(lenient, context, None) == "a.example"


def test_a_change_is_served_at_once_and_connections_stay(gateway, upstream, root):
    up = upstream()
    first, second = Certificate("a.example", root), Certificate("a.example", root)
    g = gateway(resources={"ssls": [{"id": "1", **first.ssl()}], "routes": [route(up)]})
    context = client_context(root)
    with g.connect_tls(context, "a.example") as client:
        before = client.sock.getpeercert()["serialNumber"]
        g.put("ssls/1", second.ssl())
        assert client.request("GET", "/", host="a.example").status == 200
        with g.connect_tls(context, "a.example") as later:
            assert later.sock.getpeercert()["serialNumber"] != before
        assert g.admin("DELETE", "ssls/1").status == 200
        refused(g, context, "a.example")
        assert client.request("GET", "/", host="a.example").status == 200


def test_the_admin_api_takes_certificates_and_shows_no_keys(gateway, root):
    g = gateway()
    one, other = Certificate("a.example", root), Certificate("b.example", root)
    of_rsa = Certificate("a.example", root, kind="rsa")
    made = g.put("ssls/1", one.ssl(certs=[of_rsa.pem], keys=[of_rsa.key_pem], labels={"team": "x"}))
    assert "PRIVATE KEY" not in made.text
    for path in ("ssls/1", "ssls"):
        shown = g.admin("GET", path)
        assert shown.status == 200 and "BEGIN CERTIFICATE" in shown.text and "PRIVATE KEY" not in shown.text
    assert "PRIVATE KEY" not in g.admin("PATCH", "ssls/1", {"labels": {"team": "y"}}).text
    assert name_seen(g, client_context(root), "a.example") == "a.example"

    def problem(body):
        answer = g.admin("PUT", "ssls/2", body)
        assert answer.status == 400, answer.text
        return answer.json()["error_msg"]

    assert "the key does not belong to the certificate" in problem({**one.ssl(), "key": other.key_pem})
    assert "failed to parse cert" in problem({**one.ssl(), "cert": "x" * 200})
    assert "failed to parse key" in problem({**one.ssl(), "key": "x" * 200})
    assert "mismatched number of 'certs' and 'keys'" in problem(one.ssl(certs=[other.pem]))
    assert "failed to validate client_cert" in problem(one.ssl(client={"ca": "x" * 200}))
    assert "invalid configuration" in problem({"cert": one.pem, "key": one.key_pem})
    assert "ssl_protocols" in problem(one.ssl(ssl_protocols=["TLSv1.1"]))


def test_an_expired_certificate_is_a_warning(gateway, root):
    g = gateway()
    g.put("ssls/1", Certificate("a.example", root, days=(-20, -10)).ssl())
    g.wait_for_line(r"ssls/1: the certificate CN=a\.example expired on")


def test_a_resource_may_be_switched_off(gateway, root):
    g = gateway()
    g.put("ssls/1", Certificate("a.example", root).ssl(status=0))
    refused(g, client_context(root), "a.example")
    assert g.admin("PATCH", "ssls/1", {"status": 1}).status == 200
    assert name_seen(g, client_context(root), "a.example") == "a.example"


def test_protocols_are_those_of_the_settings_or_of_the_resource(gateway, root):
    resources = {"ssls": [{"id": "1", **Certificate("a.example", root).ssl()},
                          {"id": "2", **Certificate("old.example", root).ssl(ssl_protocols=["TLSv1.2"])}]}
    g = gateway({"apisix": {"ssl": {"ssl_protocols": "TLSv1.3"}}}, resources=resources)
    refused(g, client_context(root, ssl.TLSVersion.TLSv1_2), "a.example")
    with g.connect_tls(client_context(root), "a.example") as client:
        assert client.sock.version() == "TLSv1.3"
    with g.connect_tls(client_context(root), "old.example") as client:
        assert client.sock.version() == "TLSv1.2"


def test_sessions_are_resumed_but_not_across_names(gateway, upstream, root):
    up = upstream()
    g = gateway({**LOGGING, "nginx_config": {**LOGGING["nginx_config"], "worker_processes": 2}}, resources={
        "routes": [route(up)],
        "ssls": [{"id": "1", **Certificate("a.example", root).ssl()}, {"id": "2", **Certificate("b.example", root).ssl()},
                 {"id": "3", **Certificate("c.example", root).ssl(client={"ca": root.pem})}]})
    for version in VERSIONS:
        context = client_context(root, version)
        with g.connect_tls(context, "a.example") as client:
            assert client.request("GET", "/", host="a.example").status == 200
            session, spoken = client.sock.session, client.sock.version()
        with g.connect_tls(context, "a.example", session) as client:
            assert client.sock.session_reused
            assert client.request("GET", "/", host="a.example").status == 200
        context.check_hostname = False  # a session is what is offered here, whatever its name
        with g.connect_tls(context, "b.example", session) as client:
            assert not client.sock.session_reused
        refused(g, context, "c.example")
        # The client is through with a handshake of TLS 1.3 before the gateway is.
        for result, count in (("full", 2), ("resumed", 1)):
            wait_until(lambda r=result, c=count, v=spoken: g.metric("sallyport_tls_handshakes_total", version=v, result=r) == c,
                       g.metrics)
    assert g.metric("sallyport_tls_handshakes_total", result="failed") == len(VERSIONS)
    g.wait_for_line(r" a\.example r NONE 200 ", "logs/access.log")


@pytest.mark.parametrize("version", VERSIONS)
def test_a_name_may_ask_its_clients_for_certificates(gateway, upstream, root, tmp_path, version):
    up = upstream()
    known = Certificate("client", root).write(tmp_path)
    stranger = Certificate("stranger", authority("other")).write(tmp_path)
    g = gateway(LOGGING, resources={
        "routes": [route(up)],
        "ssls": [{"id": "1", **Certificate("a.example", root).ssl(client={"ca": root.pem})},
                 {"id": "2", **Certificate("b.example", root).ssl()}]})
    with g.connect_tls(client_context(root, version, known), "a.example") as client:
        assert client.request("GET", "/", host="a.example").status == 200
    g.wait_for_line(r"a\.example \. SUCCESS 200 -", "logs/access.log")
    refused(g, client_context(root, version), "a.example")
    refused(g, client_context(root, version, stranger), "a.example")
    # By another name nobody comes in either.
    with g.connect_tls(client_context(root, version), "b.example") as client:
        assert client.request("GET", "/", host="b.example").status == 200
        assert client.request("GET", "/", host="a.example").status == 400
    g.wait_for_line(r"b\.example \. NONE 400 client_certificate", "logs/access.log")


def test_paths_may_be_exempt_from_certificates(gateway, upstream, root, tmp_path):
    up = upstream()
    known = Certificate("client", root).write(tmp_path)
    stranger = Certificate("stranger", authority("other")).write(tmp_path)
    mtls = {"ca": root.pem, "skip_mtls_uri_regex": ["^/open"]}
    g = gateway(resources={"routes": [route(up)], "ssls": [{"id": "1", **Certificate("a.example", root).ssl(client=mtls)}]})
    for certificate, status in ((None, 400), (stranger, 400), (known, 200)):
        with g.connect_tls(client_context(root, None, certificate), "a.example") as client:
            assert client.request("GET", "/open/door", host="a.example").status == 200
            assert client.request("GET", "/closed", host="a.example").status == status


@pytest.mark.parametrize("method", ["GET", "DELETE", "BREW"])
def test_plain_http_on_the_tls_port_is_told_so(gateway, root, method):
    g = gateway(LOGGING, resources={"ssls": [{"id": "1", **Certificate("a.example", root).ssl()}]})
    with Client(g.ports["tls"]) as client:
        answer = client.request(method, "/")
        assert answer.status == 400
        assert "The plain HTTP request was sent to HTTPS port" in answer.text
        assert client.is_closed()
    g.wait_for_line(r"400 clear_on_tls_port", "logs/access.log")


HELLO = bytes.fromhex("160301") + b"\x00\xf8\x01\x00\x00\xf4\x03\x03" + b"r" * 32
GARBAGE = {
    "zeros": b"\0" * 4096, "high": b"\xff" * 4096, "cut": HELLO, "one byte": b"\x16", "alert": b"\x15\x03\x03\x00\x02\x02\x28",
    "huge record": b"\x16\x03\x01\xff\xff" + b"a" * 70_000, "huge hello": b"\x16\x03\x01\x40\x00\x01\xff\xff\xff" + b"a" * 16380,
    "data first": b"\x17\x03\x03\x00\x10" + b"d" * 16, "ssl 2": b"\x80\x2e\x01\x00\x02" + b"s" * 43,
}


@pytest.mark.parametrize("case", GARBAGE)
def test_garbage_harms_nobody_else(gateway, upstream, root, case):
    up = upstream()
    g = gateway({"nginx_config": {"worker_processes": 1}},
                resources={"ssls": [{"id": "1", **Certificate("a.example", root).ssl()}], "routes": [route(up)]})
    with socket.create_connection(("127.0.0.1", g.ports["tls"]), timeout=seconds(60)) as sock:
        try:
            sock.sendall(GARBAGE[case])
            sock.shutdown(socket.SHUT_WR)
            while sock.recv(4096):
                pass
        except OSError:
            pass  # it may be reset
    with g.connect_tls(client_context(root), "a.example") as client:
        assert client.request("GET", "/", host="a.example").status == 200


def test_who_does_not_shake_hands_is_let_go(gateway, root):
    g = gateway({"nginx_config": {"http": {"client_header_timeout": "300ms"}}},
                resources={"ssls": [{"id": "1", **Certificate("a.example", root).ssl()}]})
    with socket.create_connection(("127.0.0.1", g.ports["tls"]), timeout=seconds(60)) as silent, \
            socket.create_connection(("127.0.0.1", g.ports["tls"]), timeout=seconds(60)) as half:
        half.sendall(HELLO)
        assert silent.recv(1) == b""
        wait_until(lambda: half.recv(100) == b"", lambda: "the gateway to end a handshake")


def test_a_gateway_that_ends_does_not_wait_for_handshakes(gateway, root):
    g = gateway(resources={"ssls": [{"id": "1", **Certificate("a.example", root).ssl()}]})
    with socket.create_connection(("127.0.0.1", g.ports["tls"]), timeout=seconds(60)) as half, \
            g.connect_tls(client_context(root), "a.example") as idle:
        half.sendall(HELLO)
        g.stop()
        assert idle.is_closed()


@pytest.mark.parametrize("setting, said", [({"ssl_ciphers": "NO-SUCH"}, "apisix.ssl.ssl_ciphers: no cipher of \"NO-SUCH\""),
                                           ({"ssl_trusted_certificate": "none.pem"}, "none.pem cannot be read")])
def test_settings_that_openssl_does_not_take_refuse_start_and_check(gateway, setting, said):
    one = gateway({"apisix": {"ssl": setting}}, start=False)
    for command in ("check", "run"):
        ended = one.run_command(command, "-c", "conf/config.yaml")
        assert ended.returncode == 1 and said in ended.stderr, ended.stderr
