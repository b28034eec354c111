"""Upstreams that are spoken to over TLS."""
import ssl

import pytest

from harness.certificates import Certificate, authority
from harness.patience import wait_until


@pytest.fixture(scope="module")
def root():
    return authority()


@pytest.fixture
def secure(upstream, root, tmp_path):
    """Makes upstreams with a certificate for `name`; `asks`: for a certificate of the client."""
    def make(name="node.example", asks=False, issuer=None, **options):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*Certificate(name, issuer or root).write(tmp_path))
        if asks:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(cadata=root.pem)
        return upstream(tls=context, **options)

    return make


def over_tls(upstream, **more):
    return {"scheme": "https", "nodes": {upstream.address: 1}, **more}


def route(upstream, **more):
    return {"id": "r", "uri": "/*", "upstream": over_tls(upstream, **more)}


def trusting(root, tmp_path):
    return {"apisix": {"ssl": {"ssl_trusted_certificate": root.write(tmp_path)[0]}}}


def test_requests_share_connections_over_tls(gateway, secure):
    up = secure()
    g = gateway({"nginx_config": {"worker_processes": 1}}, resources={"routes": [route(up)]})
    with g.connect() as client:
        for _ in range(3):
            assert client.request("GET", "/hello", host="shop.example").status == 200
        assert client.request("POST", "/hello", host="shop.example", body="x" * 300_000).status == 200
    assert up.connections == 1
    assert up.handshakes == [("shop.example", None)]
    assert len(up.take_seen()[-1].body) == 300_000


def test_each_server_name_has_connections_of_its_own(gateway, secure):
    up = secure()
    g = gateway({"nginx_config": {"worker_processes": 1}}, resources={"routes": [route(up)]})
    for host in ("a.example", "b.example:9080", "a.example"):
        assert g.ask("GET", "/", host=host).status == 200
    assert [name for name, _ in up.handshakes] == ["a.example", "b.example"]


def test_a_later_connection_goes_on_with_the_session(gateway, secure, root, tmp_path):
    up = secure("node.example", answers=[{"headers": {"Connection": "close"}}])
    own_worker = {"nginx_config": {"worker_processes": 1}}
    g = gateway(own_worker | trusting(root, tmp_path), resources={"routes": [route(up, tls={"verify": True})]})
    for _ in range(3):
        assert g.ask("GET", "/", host="node.example").status == 200
    assert up.resumed == [False, True, True]
    g.put("routes/r", {k: v for k, v in route(up).items() if k != "id"})
    assert g.ask("GET", "/", host="node.example").status == 200
    assert up.resumed[3:] == [False]  # who does not verify has sessions of his own


def test_the_server_name_is_what_the_upstream_reads_as_host(gateway, secure):
    up = secure()
    g = gateway(resources={"routes": [route(up, pass_host="rewrite", upstream_host="rewritten.example")]})
    assert g.ask("GET", "/", host="shop.example").status == 200
    g.put("routes/r", {k: v for k, v in route(up, pass_host="node").items() if k != "id"})
    assert g.ask("GET", "/", host="shop.example").status == 200
    assert [name for name, _ in up.handshakes] == ["rewritten.example", None]  # an address is no name to ask for


def test_large_answers_pass_whole(gateway, secure):
    body = bytes(i * 7 % 251 for i in range(2_000_000))
    up = secure(answers=[{"body": body}])
    g = gateway(resources={"routes": [route(up)]})
    assert g.ask("GET", "/").body == body


def test_the_peer_is_verified_where_the_upstream_says_so(gateway, secure, root, tmp_path):
    up = secure("node.example")
    g = gateway(trusting(root, tmp_path), resources={"routes": [route(up, tls={"verify": True}, retries=0)]})
    assert g.ask("GET", "/", host="node.example").status == 200
    assert g.ask("GET", "/", host="other.example").status == 502
    g.wait_for_line(r"TLS handshake with .*server name other\.example.* [Hh]ostname mismatch")


def test_whom_the_system_trusts_is_trusted(gateway, secure, root, tmp_path, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", root.write(tmp_path)[0])
    trusted, stranger = secure("node.example"), secure("node.example", issuer=authority("nobody"))
    resources = {"routes": [route(trusted, tls={"verify": True}, retries=0),
                            {**route(stranger, tls={"verify": True}, retries=0), "id": "s", "uri": "/stranger"}]}
    g = gateway(resources=resources)
    assert g.ask("GET", "/stranger", host="node.example").status == 502
    assert g.ask("GET", "/", host="node.example").status == 200


def test_a_stranger_is_not_verified_and_otherwise_served(gateway, secure, root, tmp_path):
    up = secure("node.example", issuer=authority("nobody"))
    g = gateway(trusting(root, tmp_path), resources={"routes": [route(up, tls={"verify": True}, retries=0)]})
    assert g.ask("GET", "/", host="node.example").status == 502
    g.put("routes/r", {k: v for k, v in route(up).items() if k != "id"})
    assert g.ask("GET", "/", host="node.example").status == 200


def test_a_client_certificate_is_shown(gateway, secure, root):
    up = secure(asks=True)
    own = Certificate("gateway", root)
    g = gateway(resources={"routes": [route(up, tls={"client_cert": own.pem, "client_key": own.key_pem}, retries=0)]})
    assert g.ask("GET", "/", host="a.example").status == 200
    assert up.handshakes == [("a.example", "gateway")]
    assert "PRIVATE KEY" not in g.admin("GET", "routes/r").text


def test_a_client_certificate_is_named_and_replaced(gateway, secure, root):
    up = secure(asks=True)
    resources = {"ssls": [{"id": "c", "type": "client", **pair(Certificate("first", root))}],
                 "routes": [route(up, tls={"client_cert_id": "c"}, retries=0)]}
    g = gateway(resources=resources)
    assert g.ask("GET", "/", host="a.example").status == 200
    assert g.admin("DELETE", "ssls/c").status == 400
    g.put("ssls/c", {"type": "client", **pair(Certificate("second", root))})
    assert g.ask("GET", "/", host="a.example").status == 200
    assert [client for _, client in up.handshakes] == ["first", "second"]
    missing = {k: v for k, v in route(up, tls={"client_cert_id": "nobody"}).items() if k != "id"}
    assert "failed to fetch ssl info by ssl id [nobody]" in g.admin("PUT", "routes/r", missing).text


def test_probes_show_the_named_certificate_too(gateway, secure, root):
    up = secure(asks=True)
    active = {"type": "https", "https_verify_certificate": False, "healthy": {"interval": 1}, "unhealthy": {"interval": 1}}
    g = gateway(resources={"ssls": [{"id": "c", "type": "client", **pair(Certificate("first", root))}],
                           "routes": [route(up, tls={"client_cert_id": "c"}, checks={"active": active})]})
    wait_until(lambda: "first" in [client for _, client in up.handshakes], g.tell)
    g.put("ssls/c", {"type": "client", **pair(Certificate("second", root))})
    wait_until(lambda: "second" in [client for _, client in up.handshakes], g.tell)


def pair(certificate):
    return {"cert": certificate.pem, "key": certificate.key_pem}


def test_a_wrong_client_certificate_is_refused(gateway, secure, root):
    up = secure()
    own, other = Certificate("gateway", root), Certificate("other", root)
    g = gateway()
    body = {"uri": "/", "upstream": over_tls(up, tls={"client_cert": own.pem, "client_key": other.key_pem})}
    answer = g.admin("PUT", "routes/1", body)
    assert answer.status == 400 and "the key does not belong to the certificate" in answer.text


def test_another_node_is_tried_when_a_handshake_fails(gateway, secure, upstream):
    silent, good = upstream("silent"), secure()  # the one waits for the end of a head, and gets a client's greeting
    nodes = [{"host": "127.0.0.1", "port": silent.port, "weight": 1, "priority": 1},
             {"host": "127.0.0.1", "port": good.port, "weight": 1}]
    soon = {"connect": 0.3, "send": 60, "read": 60}
    g = gateway(resources={"routes": [{"id": "r", "uri": "/*",
                                       "upstream": {"scheme": "https", "nodes": nodes, "timeout": soon}}]})
    assert g.ask("GET", "/").status == 200
    assert len(good.handshakes) == 1
