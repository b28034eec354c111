"""No route leads to the gateway's own Admin API or control API, however its address is written, unless the settings allow it."""
import re

import pytest

from harness.addresses import has_ipv6_loopback, other_own_address
from harness.patience import wait_until

REASON = "is the gateway's own Admin API or control API, which no route may lead to unless the settings allow it"
# Each of them ends at a listener on 127.0.0.1.
LITERALS = ["127.0.0.1", "0.0.0.0", "[::ffff:127.0.0.1]", "[::ffff:0.0.0.0]", "[::ffff:7f00:1]"]
NAMES = ["localhost", "LocalHost", "localhost.", "some.localhost"]


def to(address, uri="/*"):
    return {"uri": uri, "upstream": {"nodes": {address: 1}}}


def listening_on(gateway, ip, **options):
    made = gateway(start=False, **options)
    made.settings["deployment"]["admin"]["admin_listen"]["ip"] = ip
    made.settings["deployment"]["admin"]["allow_admin"] = ["0.0.0.0/0", "::/0"]
    made.write_settings()
    return made.start()


def assert_refused(gateway, method, path, body):
    answer = gateway.admin(method, path, body)
    assert answer.status == 400, f"{method} {path} {body}: {answer.status} {answer.text}"
    assert REASON in answer.text, answer.text


def test_the_address_is_refused_in_every_spelling(gateway):
    one = gateway()
    for host in LITERALS + NAMES:
        assert_refused(one, "PUT", "routes/1", to(f"{host}:{one.ports['admin']}"))
    assert one.admin("GET", "routes/1").status == 404


def test_the_address_is_refused_wherever_an_upstream_is_written(gateway):
    one = gateway()
    own = f"127.0.0.1:{one.ports['admin']}"
    as_list = [{"host": "127.0.0.1", "port": one.ports["admin"], "weight": 1}]
    for body in (to(own), {"uri": "/", "upstream": {"nodes": as_list}},
                 {"uri": "/", "upstream": {"nodes": {"127.0.0.1:1": 1, own: 0}}}):
        assert_refused(one, "PUT", "routes/1", body)
        assert_refused(one, "POST", "routes", body)
    assert_refused(one, "PUT", "services/1", {"upstream": {"nodes": {own: 1}}})
    assert_refused(one, "PUT", "upstreams/1", {"nodes": {own: 1}})
    one.put("upstreams/1", {"nodes": {"127.0.0.1:1": 1}})
    assert_refused(one, "PATCH", "upstreams/1", {"nodes": {own: 1}})
    assert_refused(one, "PATCH", "upstreams/1/nodes", {own: 1})
    assert "127.0.0.1:1" in one.admin("GET", "upstreams/1").text


def test_other_ports_and_other_loopback_addresses_are_free(gateway, upstream):
    one = gateway()
    one.put("routes/1", to(f"127.0.0.2:{one.ports['admin']}"))
    one.put("routes/1", to(f"127.0.0.1:{one.ports['proxy']}"))
    one.put("routes/1", to(upstream().address))
    assert one.ask("GET", "/").status == 200


def test_an_admin_api_on_every_address_is_refused_at_every_address(gateway):
    one = listening_on(gateway, "0.0.0.0")
    for host in [*LITERALS, *NAMES, "127.0.0.2", "127.255.255.254", other_own_address()]:
        assert_refused(one, "PUT", "routes/1", to(f"{host}:{one.ports['admin']}"))
    one.put("routes/1", to(f"192.0.2.77:{one.ports['admin']}"))  # somebody else's machine


@pytest.mark.parametrize("allowed", [False, True])
def test_the_settings_decide(gateway, allowed):
    one = gateway(settings={"deployment": {"admin": {"reachable_through_routes": allowed}}})
    for number, host in enumerate(["127.0.0.1", "localhost", "0.0.0.0", "[::ffff:127.0.0.1]"]):
        answer = one.admin("PUT", f"routes/{number}", to(f"{host}:{one.ports['admin']}", f"/{number}"))
        assert answer.status == (201 if allowed else 400)
    if allowed:
        one.put("routes/1", to(f"127.0.0.1:{one.ports['admin']}", "/apisix/admin/*"))
        assert one.ask("GET", "/apisix/admin/routes").status == 401  # of the Admin API: it wants a key


def test_an_item_of_the_yaml_store_is_left_out_and_its_line_named(gateway, upstream):
    one = gateway(store="yaml", start=False)
    routes = [{"id": "good", **to(upstream().address, "/good")}, {"id": "own", **to(f"0.0.0.0:{one.ports['admin']}", "/own")}]
    one.write_resources({"routes": routes})
    one.start()
    assert one.ask("GET", "/good").status == 200
    assert one.ask("GET", "/own").status == 404
    assert "apisix.yaml:7:3: routes/own: " in one.wait_for_line(REASON)
    checked = one.run_command("check", "-c", "conf/config.yaml")
    assert checked.returncode == 1 and REASON in checked.stderr, checked


@pytest.mark.skipif(not has_ipv6_loopback(), reason="this machine has no ::1")
def test_an_admin_api_on_ipv6_is_refused_in_every_spelling(gateway):
    one = gateway(store="yaml", start=False)
    one.settings["deployment"]["admin"]["admin_listen"]["ip"] = "::1"
    one.write_settings()
    hosts = {"[::1]": True, "[::]": True, "[0:0:0:0:0:0:0:1]": True, "localhost": True, "127.0.0.1": False, "[::2]": False}
    one.write_resources({"routes": [{"id": n, **to(f"{host}:{one.ports['admin']}", f"/{n}")} for n, host in enumerate(hosts)]})
    said = one.run_command("check", "-c", "conf/config.yaml").stderr
    assert [f"routes/{n}: " in said for n in range(len(hosts))] == list(hosts.values()), said


def named(gateway, name_server, answers):
    names = name_server()
    names.answers = answers
    return gateway(settings={"apisix": {"dns_resolver": [names.address], "resolver_timeout": 1, "enable_ipv6": True},
                             "nginx_config": {"worker_processes": 1}})


def test_a_name_that_leads_there_is_refused_when_it_is_looked_up(gateway, name_server, upstream):
    up = upstream()
    one = named(gateway, name_server, {"evil.test": ["127.0.0.1"], "any.test": ["0.0.0.0"], "mapped.test": ["::ffff:127.0.0.1"]})
    for name in ("evil.test", "any.test", "mapped.test"):
        one.put("routes/1", to(f"{name}:{one.ports['admin']}"))
        answer = one.ask("GET", "/apisix/admin/routes")
        assert (answer.status, "error_msg" in answer.text) == (503, True), name
        wait_until(lambda: f"{name} is the gateway's own Admin API or control API, which no route may lead to" in one.read("logs/error.log"),
                   one.tell)
    # The name is good for other ports.
    one.put("routes/1", to(f"evil.test:{up.port}"))
    assert one.ask("GET", "/").status == 200


def test_a_name_that_begins_to_lead_there_is_refused_from_then_on(gateway, name_server):
    """As one does whose owner waits until the route is accepted."""
    names = name_server(time_to_live=1)
    names.answers = {"moves.test": ["127.0.0.2"]}
    one = gateway(settings={"apisix": {"dns_resolver": [names.address]}, "nginx_config": {"worker_processes": 1}})
    one.put("routes/1", to(f"moves.test:{one.ports['admin']}"))
    assert one.ask("GET", "/").status == 502  # nobody listens there
    names.answers = {"moves.test": ["127.0.0.1"]}
    wait_until(lambda: one.ask("GET", "/").status == 503, one.tell)
    wait_until(lambda: "moves.test is the gateway's own Admin API" in one.read("logs/error.log"), one.tell)


def test_of_a_name_with_several_addresses_only_the_others_serve(gateway, name_server, upstream):
    one = named(gateway, name_server, {"half.test": ["127.0.0.1", "127.0.0.3"]})
    up = upstream(host="127.0.0.3", port=one.ports["admin"])
    one.put("routes/1", to(f"half.test:{one.ports['admin']}"))
    assert [one.ask("GET", "/").status for _ in range(6)] == [200] * 6
    assert len(up.seen) == 6


def test_a_port_that_the_kernel_chose_is_refused_too(gateway):
    one = gateway(start=False, resources={})
    one.settings["deployment"]["admin"]["admin_listen"]["port"] = 0
    one.write_settings()
    one.start()
    said = one.wait_for_line(r"Admin API on 127\.0\.0\.1:\d+", log="stderr")
    one.ports["admin"] = int(re.search(r"Admin API on 127\.0\.0\.1:(\d+)", said).group(1))
    assert_refused(one, "PUT", "routes/1", to(f"127.0.0.1:{one.ports['admin']}"))
    # Nor by a name that is looked up when it is asked for.
    assert_refused(one, "PUT", "routes/1", to(f"localhost:{one.ports['admin']}"))
