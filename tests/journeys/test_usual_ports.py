"""What a gateway does that is told next to nothing: the usual ports and places."""
import json
import socket

from harness.client import ask
from harness.gateway import ROOT
from harness.own_network import in_own_network
from harness.patience import wait_until

USUAL = {"proxy": 9080, "admin": 9180, "status": 7085, "prometheus": 9091}
KNOWN = "edd1c9f034335f136f87ad84b625c8f1"


def started(gateway, text):
    one = gateway(start=False)
    one.ports = USUAL
    one.write_settings(text)
    return one.start()


def listens_on(port):
    """The addresses, as /proc/net/tcp and tcp6 have them."""
    found = set()
    for name, family, size in (("tcp", socket.AF_INET, 4), ("tcp6", socket.AF_INET6, 16)):
        with open(f"/proc/net/{name}", encoding="ascii") as table:
            for line in table.readlines()[1:]:
                local, state = line.split()[1], line.split()[3]
                address, at = local.split(":")
                if state == "0A" and int(at, 16) == port:
                    raw = bytes.fromhex(address)
                    words = [raw[i:i + 4][::-1] for i in range(0, size, 4)]
                    found.add(socket.inet_ntop(family, b"".join(words)))
    return found


@in_own_network
def test_a_small_file_starts_with_the_usual_ports_and_an_embedded_store(gateway, upstream):
    one = started(gateway, "apisix: {node_listen: 9080, admin_listen: 9180}\nplugins: [wasm]\n")
    key = one.read("data/admin.key").strip()
    assert one.admin("GET", "routes", key=key).status == 200
    route = {"uri": "/a", "upstream": {"nodes": {upstream().address: 1}}}
    assert one.admin("PUT", "routes/1", route, key=key).status == 201
    assert one.ask("GET", "/a").status == 200
    assert json.loads(ask(7085, "GET", "/status").body) == {"status": "ok"}
    wait_until(lambda: one.metric("apisix_http_requests_total") == 1, one.metrics)
    assert one.path("data/sallyport.db").exists()
    one.stop()
    assert one.read("logs/access.log").count("\n") == 1
    assert listens_on(9080) == set()


@in_own_network
def test_only_traffic_is_taken_from_other_machines(gateway):
    started(gateway, "deployment: {role: traditional}\n")
    assert listens_on(9080) >= {"0.0.0.0"}
    for port in (9180, 9091, 9090, 7085):
        assert listens_on(port) == {"127.0.0.1"}, port


@in_own_network
def test_the_settings_of_the_repository_serve_the_recipes(gateway, upstream):
    one = started(gateway, (ROOT / "conf/config.yaml").read_text())
    route = {"uri": "/a", "plugins": {"request-id": {}}, "upstream": {"type": "roundrobin", "nodes": {upstream().address: 1}}}
    assert one.admin("PUT", "routes/1", route, key=KNOWN).status == 201
    assert one.ask("GET", "/a").get("X-Request-Id")
    assert not one.path("data/admin.key").exists()


@in_own_network
def test_listeners_of_the_former_layout_are_understood(gateway):
    one = gateway(start=False)
    one.ports = {"proxy": 9081, "admin": 9181, "status": 7085, "prometheus": 9092}
    one.write_settings(f"""
apisix: {{node_listen: [9081, {{ip: 127.0.0.1, port: 9082}}], port_admin: 9181, admin_key: [{{name: a, key: {KNOWN}, role: admin}}]}}
plugin_attr: {{prometheus: {{export_addr: {{ip: 127.0.0.1, port: 9092}}}}}}
""")
    one.start()
    assert one.admin("GET", "routes", key=KNOWN).status == 200
    assert ask(9082, "GET", "/").status == 404
    assert one.metric("apisix_node_info") == 1
