"""Balancers that say whose a connection is: the PROXY protocol on ports of its own."""
import socket
import ssl
import struct

import pytest

from harness.certificates import Certificate, authority
from harness.client import Client
from harness.gateway import Gateway
from harness.patience import wait_until
from harness.ports import ReservedPort
from harness.upstream import Upstream

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
VERSION_1 = b"PROXY TCP4 192.0.2.7 10.0.0.1 12345 443\r\n"
TLV = b"\x04\x00\x02??"
VERSION_2 = SIGNATURE + struct.pack("!BBH4s4sHH", 0x21, 0x11, 12 + len(TLV), socket.inet_aton("192.0.2.7"),
                                    socket.inet_aton("10.0.0.1"), 12345, 443) + TLV
LOCAL = SIGNATURE + b"\x20\x00\x00\x00"
REQUEST = "GET /a HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 198.51.100.9\r\nX-Forwarded-Proto: https\r\n\r\n"


@pytest.fixture(scope="module")
def shared():
    clear, tls = ReservedPort(), ReservedPort()
    up = Upstream()
    g = Gateway(settings={
        "apisix": {"proxy_protocol": {"listen_http_port": clear.number, "listen_https_port": tls.number},
                   "trusted_addresses": ["127.0.0.0/8"], "clients": {"max_connections_per_address": 2}},
        "nginx_config": {"worker_processes": 1, "http": {
            "client_header_timeout": "200ms", "access_log_format": "$remote_addr $remote_port $status $request_uri"}},
    }, resources={"routes": [{"id": "r", "uri": "/*", "upstream": {"nodes": {up.address: 1}}}]}).start()
    g.ports |= {"announced": clear.number, "announced_tls": tls.number}
    yield g, up
    g.stop()
    g.remove()
    up.stop()
    clear.release()
    tls.release()


@pytest.mark.parametrize("header", [VERSION_1, VERSION_2], ids=["version 1", "version 2"])
@pytest.mark.parametrize("together", [True, False], ids=["with the request", "by the byte"])
def test_the_client_of_the_header_is_the_client(shared, header, together):
    g, up = shared
    up.take_seen()
    with Client(g.ports["announced"]) as client:
        if together:
            client.send(header + REQUEST.encode())
        else:
            for byte in header:
                client.send(bytes([byte]))
            client.send(REQUEST)
        assert client.read().status == 200
        assert client.request("GET", "/again").status == 200
    first, second = up.take_seen()
    assert first.get("X-Real-IP") == second.get("X-Real-IP") == "192.0.2.7"
    assert first.get("X-Forwarded-For") == "198.51.100.9, 192.0.2.7"
    assert first.get("X-Forwarded-Proto") == "http"  # the balancer is trusted, its client is not
    g.wait_for_line("^192.0.2.7 12345 200 /again", log="logs/access.log")


def test_a_balancer_may_speak_for_itself(shared):
    g, up = shared
    up.take_seen()
    with Client(g.ports["announced"]) as client:
        client.send(LOCAL + REQUEST.encode())
        assert client.read().status == 200
    assert up.take_seen()[0].get("X-Real-IP") == "127.0.0.1"


BROKEN = {"none": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "an address": b"PROXY TCP4 999.0.2.7 10.0.0.1 1 2\r\n",
          "a unix socket": SIGNATURE + b"\x21\x31\x00\xd8" + bytes(216), "too long": SIGNATURE + b"\x21\x11\xff\xff",
          "a TLV": SIGNATURE + b"\x21\x11\x00\x0d" + VERSION_2[16:28] + b"\x04", "not in time": b"PROXY TCP4 "}


@pytest.mark.parametrize("header", BROKEN.values(), ids=BROKEN.keys())
@pytest.mark.parametrize("port", ["announced", "announced_tls"])
def test_what_is_no_header_ends_the_connection(shared, header, port):
    g, up = shared
    up.take_seen()
    before = g.metric("sallyport_clients_cut_total", reason="proxy_header")
    with Client(g.ports[port]) as client:
        client.send(header)
        assert client.is_closed()
    wait_until(lambda: g.metric("sallyport_clients_cut_total", reason="proxy_header") == before + 1, g.metrics)
    assert not up.take_seen()


def test_a_visit_without_a_word_is_no_fault(shared):
    g, _ = shared
    before = g.metric("sallyport_clients_cut_total", reason="proxy_header")
    Client(g.ports["announced"]).close()
    assert g.metric("sallyport_clients_cut_total", reason="proxy_header") == before


def test_limits_of_an_address_are_those_of_the_client(shared):
    g, _ = shared
    clients = [Client(g.ports["announced"]) for _ in range(4)]
    for number, client in enumerate(clients):
        client.send(VERSION_1.replace(b"192.0.2.7", b"192.0.2.%d" % (10 if number < 3 else 11)))
        if number != 2:
            assert client.request("GET", "/a").status == 200
    assert clients[2].is_closed()
    for client in clients:
        client.close()


def test_other_ports_take_no_header(shared):
    g, _ = shared
    with g.connect() as client:
        client.send(VERSION_1)
        assert client.read().status == 400


def test_a_handshake_may_come_with_the_header(shared):
    g, up = shared
    pair = Certificate("a.example", authority())
    g.put("ssls/1", {"snis": ["a.example"], "cert": pair.pem, "key": pair.key_pem})
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    arriving, leaving = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(arriving, leaving, server_hostname="a.example")
    up.take_seen()
    with socket.create_connection(("127.0.0.1", g.ports["announced_tls"]), timeout=30) as sock:
        def turn(step, before=b""):
            while True:
                try:
                    done = step()
                except ssl.SSLWantReadError:
                    done = None
                sock.sendall(before + leaving.read())
                before = b""
                if done is not None:
                    return done
                arriving.write(sock.recv(65536))
        turn(lambda: tls.do_handshake() or True, VERSION_2)
        turn(lambda: tls.write(REQUEST.encode()))
        assert turn(lambda: tls.read(12)) == b"HTTP/1.1 200"
    assert up.take_seen()[0].get("X-Real-IP") == "192.0.2.7"
