"""Nodes that are host names: looked up at the name server of the settings, again when the answer has run out."""
import pytest

from harness.addresses import has_ipv6_loopback
from harness.full_listener import FullListener
from harness.nghttpd import Nghttpd
from harness.patience import wait_until
from harness.ports import ReservedPort

LONG = 300  # seconds; no journey lasts that long


def settings(server, **more):
    return {"apisix": {"dns_resolver": [server.address], "resolver_timeout": 1, **more},
            "nginx_config": {"worker_processes": 1}}


def route(nodes, uri="/a", **upstream):
    return {"routes": [{"id": "r1", "uri": uri, "upstream": {"nodes": nodes, **upstream}}]}


@pytest.fixture
def siblings(upstream):
    """Upstreams on 127.0.0.2, 127.0.0.3, ... that share a port, as the addresses of one name do."""
    reserved = []

    def make(count):
        reserved.append(ReservedPort("0.0.0.0"))  # on all addresses
        return [upstream(host, host=host, port=reserved[-1].number) for host in
                (f"127.0.0.{number}" for number in range(2, count + 2))]

    yield make
    for port in reserved:
        port.release()


def served_by(response):
    return response.text.removeprefix("hello from ").strip()


def test_a_name_with_a_port_is_looked_up_once_for_many_requests(gateway, name_server, siblings):
    up, = siblings(1)
    names = name_server(time_to_live=LONG)
    names.answers = {"upstream-service": ["127.0.0.2"]}
    one = gateway(settings=settings(names), resources=route({f"upstream-service:{up.port}": 1}))
    with one.connect() as client:
        for _ in range(20):
            assert client.request("GET", "/a").status == 200
    assert names.count("upstream-service") == 1
    assert len(up.seen) == 20


def test_a_name_without_a_port_means_port_80(gateway, name_server):
    names = name_server()
    names.answers = {"httpbin.org": ["127.0.0.77"]}
    one = gateway(settings={**settings(names), "nginx_config": {"http": {"access_log_format": "at $upstream_addr"}}},
                  resources=route({"httpbin.org": 1}))
    one.ask("GET", "/a")
    wait_until(lambda: one.read("logs/access.log") == "at 127.0.0.77:80\n", one.tell)


def test_the_addresses_of_a_name_share_the_load(gateway, name_server, siblings):
    ups = siblings(3)
    names = name_server(time_to_live=LONG)
    names.answers = {"many.test": ["127.0.0.2", "127.0.0.3", "127.0.0.4"]}
    one = gateway(settings=settings(names), resources=route({f"many.test:{ups[0].port}": 1}))
    with one.connect() as client:
        for _ in range(30):
            assert client.request("GET", "/a").status == 200
    assert [len(up.seen) for up in ups] == [10, 10, 10]


def test_an_address_that_refuses_is_left_for_another_of_the_name(gateway, name_server, siblings):
    up, = siblings(1)
    names = name_server(time_to_live=LONG)
    names.answers = {"half.test": ["127.0.0.2", "127.0.0.99"]}
    one = gateway(settings=settings(names), resources=route({f"half.test:{up.port}": 1}, retries=1))
    with one.connect() as client:
        assert [client.request("GET", "/a").status for _ in range(6)] == [200] * 6


def test_an_address_that_does_not_answer_gives_way_to_another_of_the_name(gateway, name_server, siblings):
    up, = siblings(1)
    names = name_server(time_to_live=LONG)
    names.answers = {"half.test": ["127.0.0.2", "127.0.0.3"]}
    full = FullListener("127.0.0.3", up.port)
    try:
        log = {"nginx_config": {"worker_processes": 1, "http": {"access_log_format": "at $upstream_addr"}}}
        one = gateway(settings={**settings(names), **log}, resources=route({f"half.test:{up.port}": 1}, keepalive_pool={"requests": 1}))
        assert [one.ask("GET", "/a").status for _ in range(2)] == [200] * 2  # one of them began with the other address
        wait_until(lambda: one.read("logs/access.log") == f"at 127.0.0.2:{up.port}\n" * 2, one.tell)
    finally:
        full.close()


def test_streams_of_http2_go_to_the_address_that_answers(gateway, name_server):
    port = ReservedPort("0.0.0.0")
    up, full = Nghttpd(host="127.0.0.2", port=port.number), FullListener("127.0.0.3", port.number)
    try:
        names = name_server(time_to_live=LONG)
        names.answers = {"half.test": ["127.0.0.2", "127.0.0.3"]}
        nodes = {f"half.test:{port.number}": 1}
        log = {"nginx_config": {"worker_processes": 1, "http": {"access_log_format": "at $upstream_addr"}}}
        one = gateway(settings={**settings(names), **log}, resources=route(nodes, uri="/*", http_version="2"))
        assert [one.ask("GET", "/hello").text for _ in range(6)] == ["hello"] * 6
        wait_until(lambda: one.read("logs/access.log") == f"at {up.address}\n" * 6, one.tell)
        assert len(up.connections()) == 1
    finally:
        up.stop()
        full.close()
        port.release()


def test_a_changed_answer_is_followed_when_the_old_one_has_run_out(gateway, name_server, siblings):
    first, second = siblings(2)
    names = name_server(time_to_live=1)
    names.answers = {"moves.test": ["127.0.0.2"]}
    one = gateway(settings=settings(names), resources=route({f"moves.test:{first.port}": 1}))
    assert served_by(one.ask("GET", "/a")) == "127.0.0.2"
    names.answers = {"moves.test": ["127.0.0.3"]}
    with one.connect() as client:
        wait_until(lambda: served_by(client.request("GET", "/a")) == "127.0.0.3", "the new address to serve")
        first.take_seen()
        assert {served_by(client.request("GET", "/a")) for _ in range(5)} == {"127.0.0.3"}
    assert not first.seen


def test_a_changed_answer_waits_as_long_as_the_old_one_lives(gateway, name_server, siblings):
    first, _ = siblings(2)
    names = name_server(time_to_live=LONG)
    names.answers = {"stays.test": ["127.0.0.2"]}
    one = gateway(settings=settings(names), resources=route({f"stays.test:{first.port}": 1}))
    assert served_by(one.ask("GET", "/a")) == "127.0.0.2"
    names.answers = {"stays.test": ["127.0.0.3"]}
    assert {served_by(one.ask("GET", "/a")) for _ in range(20)} == {"127.0.0.2"}
    assert names.count("stays.test") == 1


def test_the_settings_may_say_how_long_answers_live(gateway, name_server, siblings):
    first, _ = siblings(2)
    names = name_server(time_to_live=LONG)
    names.answers = {"short.test": ["127.0.0.2"]}
    one = gateway(settings=settings(names, dns_resolver_valid=1), resources=route({f"short.test:{first.port}": 1}))
    assert served_by(one.ask("GET", "/a")) == "127.0.0.2"
    names.answers = {"short.test": ["127.0.0.3"]}
    wait_until(lambda: served_by(one.ask("GET", "/a")) == "127.0.0.3", "the new address to serve")


def test_when_nobody_answers_the_request_fails_in_time_and_says_why(gateway, name_server):
    names = name_server()
    names.silent = True
    one = gateway(settings=settings(names), resources=route({"silent.test:80": 1}))
    response = one.ask("GET", "/a")
    assert (response.status, "error_msg" in response.text) == (503, True)
    wait_until(lambda: 'cannot resolve the name "silent.test": no answer in time' in one.read("logs/error.log"), one.tell)
    wait_until(lambda: "reason=no_upstream" in one.read("logs/access.log"), one.tell)


def test_while_nobody_answers_the_last_good_addresses_serve(gateway, name_server, siblings):
    up, = siblings(1)
    names = name_server(time_to_live=1)
    names.answers = {"fades.test": ["127.0.0.2"]}
    one = gateway(settings=settings(names), resources=route({f"fades.test:{up.port}": 1}))
    with one.connect() as client:
        assert client.request("GET", "/a").status == 200
        names.silent = True
        statuses = set()

        def stays_in_use():
            statuses.add(client.request("GET", "/a").status)
            return "fades.test\": no answer in time; the addresses known so far stay in use" in one.read("logs/error.log")

        wait_until(stays_in_use, one.tell)
        statuses.add(client.request("GET", "/a").status)
    assert statuses == {200}


def test_a_name_that_does_not_exist_is_503_until_it_does(gateway, name_server, siblings):
    up, = siblings(1)
    names = name_server()
    one = gateway(settings=settings(names), resources=route({f"later.test:{up.port}": 1}))
    assert one.ask("GET", "/a").status == 503
    wait_until(lambda: 'cannot resolve the name "later.test"' in one.read("logs/error.log"), one.tell)
    names.answers = {"later.test": ["127.0.0.2"]}
    wait_until(lambda: one.ask("GET", "/a").status == 200, one.tell)


def test_a_name_that_does_not_exist_leaves_the_other_nodes(gateway, name_server, upstream):
    up = upstream()
    one = gateway(settings=settings(name_server()), resources=route({"nowhere.test:80": 1, up.address: 1}))
    assert [one.ask("GET", "/a").status for _ in range(6)] == [200] * 6


@pytest.mark.skipif(not has_ipv6_loopback(), reason="this machine has no ::1")
def test_a_name_may_have_only_an_ipv6_address(gateway, name_server, upstream):
    up = upstream("six", host="::1")
    names = name_server(time_to_live=LONG)
    names.answers = {"six.test": ["::1"]}
    one = gateway(settings=settings(names, enable_ipv6=True), resources=route({f"six.test:{up.port}": 1}))
    assert served_by(one.ask("GET", "/a")) == "six"


@pytest.mark.parametrize("how, expected", [
    ({}, "gateway.test"),
    ({"pass_host": "node"}, "named.test:{port}"),
    ({"pass_host": "rewrite", "upstream_host": "other.test"}, "other.test"),
])
def test_the_upstream_is_told_the_host_that_pass_host_says(gateway, name_server, siblings, how, expected):
    up, = siblings(1)
    names = name_server(time_to_live=LONG)
    names.answers = {"named.test": ["127.0.0.2"]}
    one = gateway(settings=settings(names), resources=route({f"named.test:{up.port}": 1}, **how))
    assert one.ask("GET", "/a").status == 200
    assert up.seen[0].all("host") == [expected.format(port=up.port)]
