"""Upstreams that are slow, full or gone, and the connections that are kept to them."""
import re
import socket
import threading

import pytest

from harness.full_listener import FullListener
from harness.patience import wait_until


def one_route(up, **upstream):
    return {"routes": [{"id": "r1", "uri": "/a", "upstream": {"nodes": {up.address: 1}, **upstream}}]}


ALONE = {"nginx_config": {"worker_processes": 1}}


def test_an_upstream_that_never_takes_the_connection_is_504_in_time(gateway):
    full = FullListener()
    try:
        one = gateway(resources=one_route(full, timeout={"connect": 0.1, "send": 60, "read": 60}))
        assert one.ask("GET", "/a").status == 504
        wait_until(lambda: "reason=upstream_timeout" in one.read("logs/access.log"), one.tell)
    finally:
        full.close()


def test_a_full_upstream_is_left_for_another(gateway, upstream):
    full = FullListener()
    try:
        up = upstream()
        one = gateway(settings=ALONE, resources={"routes": [{"id": 1, "uri": "/a", "upstream": {
            "nodes": {full.address: 1, up.address: 1}, "timeout": {"connect": 0.5, "send": 60, "read": 60}}}]})
        assert [one.ask("POST", "/a", body="x").status for _ in range(4)] == [200] * 4
        assert [seen.body for seen in up.seen] == [b"x"] * 4
    finally:
        full.close()


def send_until_refused(client):
    try:
        while True:
            client.send(b"x" * (1 << 20))
    except OSError:
        pass


def test_an_upstream_that_takes_no_body_is_504_in_time(gateway):
    listener = socket.create_server(("127.0.0.1", 0))
    try:
        one = gateway(resources={"routes": [{"id": 1, "uri": "/a", "upstream": {
            "nodes": {"127.0.0.1:%d" % listener.getsockname()[1]: 1}, "timeout": {"connect": 60, "send": 0.2, "read": 0.2}}}]})
        with one.connect() as client:
            client.send(b"PUT /a HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (1 << 30))
            sending = threading.Thread(target=send_until_refused, args=(client,))
            sending.start()
            assert client.read().status == 504
            assert client.is_closed()
            sending.join()
    finally:
        listener.close()


def test_an_upstream_that_stops_within_its_body_is_given_up(gateway, upstream):
    up = upstream(answers=[{"raw": b"HTTP/1.1 200 Fine\r\nContent-Length: 10\r\n\r\nhalf", "keep": True}])
    one = gateway(resources=one_route(up, timeout={"connect": 60, "send": 60, "read": 0.2}))
    with one.connect() as client:
        client.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
        assert client.stream.until_close().endswith(b"\r\n\r\nhalf")
    wait_until(lambda: '" 200 4 ' in one.read("logs/access.log"), one.tell)
    assert "reason=upstream_broke_off" in one.read("logs/access.log")


@pytest.mark.parametrize("size, status, tries", [(64 << 10, 200, 2), ((64 << 10) + 1, 502, 1)])
def test_a_body_is_sent_again_while_it_fits_in_64_kib(gateway, upstream, size, status, tries):
    up = upstream(answers=[{"close": True}, {"body": "ok"}])
    one = gateway(settings=ALONE, resources=one_route(up, retries=1))
    assert one.ask("PUT", "/a", body=b"x" * size).status == status
    wait_until(lambda: [len(seen.body) for seen in up.seen] == [size] * tries, one.tell)


@pytest.mark.parametrize("retry_timeout, tries", [(0.1, 1), (0, 3)])
def test_no_further_try_begins_after_retry_timeout(gateway, upstream, retry_timeout, tries):
    ups = [upstream(answers=[{"hang": True}]) for _ in range(3)]
    one = gateway(resources={"routes": [{"id": 1, "uri": "/a", "upstream": {
        "nodes": {up.address: 1 for up in ups}, "timeout": {"connect": 60, "send": 60, "read": 0.2},
        "retry_timeout": retry_timeout}}]})
    assert one.ask("GET", "/a").status == 504
    wait_until(lambda: sum(len(up.seen) for up in ups) == tries, one.tell)  # the last one may still be on its way


def test_connections_are_kept_and_used_again(gateway, upstream):
    up = upstream()
    one = gateway(settings=ALONE, resources=one_route(up))
    for _ in range(10):
        assert one.ask("GET", "/a").status == 200
    assert up.connections == 1


def test_a_connection_serves_no_more_requests_than_the_pool_says(gateway, upstream):
    up = upstream()
    one = gateway(settings=ALONE, resources=one_route(up, keepalive_pool={"requests": 2}))
    for _ in range(6):
        assert one.ask("GET", "/a").status == 200
    assert up.connections == 3


@pytest.mark.parametrize("how, requests", [
    ({"hash_on": "vars", "key": "arg_user"}, [{"target": f"/a?user={n}"} for n in range(40)]),
    ({"hash_on": "header", "key": "X-User"}, [{"target": "/a", "headers": {"X-User": str(n)}} for n in range(40)]),
    ({"hash_on": "cookie", "key": "user"}, [{"target": "/a", "headers": {"Cookie": f"user={n}"}} for n in range(40)])])
def test_with_consistent_hashing_the_same_user_has_the_same_node(gateway, upstream, how, requests):
    ups = [upstream(name) for name in ("one", "two", "three")]
    one = gateway(resources={"routes": [{"id": 1, "uri": "/a", "upstream": {
        "type": "chash", "nodes": {up.address: 1 for up in ups}, **how}}]})

    def served():
        return [one.ask("GET", request["target"], headers=request.get("headers")).text for request in requests]

    first = served()
    assert len(set(first)) == 3 and served() == first
    # A node that goes takes only its own users along.
    one.put("routes/1", {"uri": "/a", "upstream": {"type": "chash", "nodes": {up.address: 1 for up in ups[:2]}, **how}})
    after = served()
    assert all(now == before for before, now in zip(first, after) if "three" not in before)


def test_least_conn_chooses_the_node_that_has_least_to_do(gateway, upstream):
    released = threading.Event()
    busy, free = upstream("busy", answers=[{"held": released, "body": "busy"}]), upstream("free")
    one = gateway(settings=ALONE, resources={"routes": [{"id": 1, "uri": "/a", "upstream": {
        "type": "least_conn", "nodes": {busy.address: 1, free.address: 1}}}]})
    waiting = []
    try:
        while not busy.seen:
            waiting.append(one.connect())
            waiting[-1].send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
            wait_until(lambda: len(busy.seen) + len(free.seen) == len(waiting), "the request to arrive")
        assert {one.ask("GET", "/a").text for _ in range(6)} == {"hello from free\n"}
    finally:
        released.set()
        for client in waiting:
            client.close()


def test_an_upstream_that_is_down_does_not_fill_the_log(gateway, upstream):
    down = upstream(down=True)
    one = gateway(settings=ALONE, resources=one_route(down, retries=0))
    asked = 0

    def is_told():
        nonlocal asked
        with one.connect() as client:
            for _ in range(20):
                assert client.request("GET", "/a").status == 502
                asked += 1
        return "left out" in one.read("logs/error.log")

    wait_until(is_told, one.tell)
    lines = [line for line in one.read("logs/error.log").splitlines() if f"upstream {down.address}: " in line]
    left_out = [int(number) for line in lines for number in re.findall(r"; (\d+) more like it were left out", line)]
    assert "left out" not in lines[0] and len(lines) + sum(left_out) <= asked
    assert sum(left_out) > len(lines)


def metric(one, up):
    found = re.search(r'apisix_upstream_status\{name="/apisix/upstreams/u",ip="127.0.0.1",port="%d"\} (\d)' % up.port, one.metrics())
    return found and found.group(1)


def checked(*ups, **checks):
    return {"upstreams": [{"id": "u", "nodes": {up.address: 1 for up in ups}, "checks": checks}],
            "routes": [{"id": 1, "uri": "/a", "upstream_id": "u"}]}


def test_a_node_that_fails_its_probes_gets_no_requests(gateway, upstream):
    good, bad = upstream("good"), upstream("bad", answers=[{"status": 503}])
    one = gateway(settings=ALONE, resources=checked(good, bad, active={"http_path": "/health", "unhealthy": {"http_failures": 1}}))
    wait_until(lambda: metric(one, bad) == "0", one.tell)
    assert metric(one, good) == "1"
    assert {one.ask("GET", "/a").text for _ in range(6)} == {"hello from good\n"}
    one.wait_for_line(rf"node {re.escape(bad.address)} \(127\.0\.0\.1\) is unhealthy, was healthy")
    one.put("upstreams/u", {"nodes": {bad.address: 1, good.address: 2}, "retries": 0, "checks": {"active": {"http_path": "/health"}}})
    assert metric(one, bad) == "0"
    assert {one.ask("GET", "/a").text for _ in range(6)} == {"hello from good\n"}
    one.put("upstreams/u", {"nodes": {bad.address: 1, good.address: 1}})
    assert metric(one, bad) is None
    assert {one.ask("GET", "/a").status for _ in range(2)} == {200, 503}


def test_with_passive_checks_a_node_that_fails_is_tried_again_later(gateway, upstream):
    good, bad = upstream("good"), upstream("bad", answers=[{"status": 500}, {"body": "well again\n"}])
    one = gateway(settings=ALONE, resources=checked(good, bad, passive={"unhealthy": {"http_failures": 1, "recovery_time": 0.1}}))
    assert sorted(one.ask("GET", "/a").status for _ in range(2)) == [200, 500]
    wait_until(lambda: one.ask("GET", "/a").text == "well again\n", one.tell)
    assert len(bad.seen) == 2


def test_when_no_node_is_healthy_all_are_used(gateway, upstream):
    ups = [upstream(answers=[{"status": 500}]) for _ in range(2)]
    one = gateway(settings=ALONE, resources=checked(*ups, passive={"unhealthy": {"http_failures": 1}}))
    assert [one.ask("GET", "/a").status for _ in range(6)] == [500] * 6
    assert [len(up.seen) for up in ups] == [3, 3]
    one.wait_for_line("no node is healthy; requests go to all of them")
    one.stop()
    assert one.read("logs/error.log").count("no node is healthy; requests go to all of them") == 1
