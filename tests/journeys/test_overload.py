"""When there is too much to do, the gateway does less, in steps, and all of it again afterwards."""
import threading

from harness.h2_client import Http2Client
from harness.patience import wait_until

def made(gateway, upstream, most, answers=None, **overload):
    up = upstream(answers=answers)
    slow = {"id": "slow", "uri": "/slow", "upstream": {"nodes": {up.address: 1}}}
    fast = {"id": "fast", "uri": "/a", "upstream": {"nodes": {upstream().address: 1}}}
    one = gateway(settings={
        "apisix": {"overload": {"max_busy_connections": most, "interval": "10ms", **overload}},
        "nginx_config": {"worker_processes": 1}}, resources={"routes": [slow, fast]})
    return one, up


def load(one):
    return one.metric("sallyport_load")


def occupy(one, up, count):
    """Connections with a request that is not answered before the event of the upstream is set."""
    clients = [one.connect() for _ in range(count)]
    for client in clients:
        client.send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
    wait_until(lambda: len(up.seen) == count, lambda: f"{count} requests, {len(up.seen)} came")
    return clients


def test_idle_connections_are_closed_and_others_end_with_their_response(gateway, upstream):
    released = threading.Event()
    one, up = made(gateway, upstream, 10, [{"held": released}], close_idle=20, shed=500, stop_accepting=500)
    with one.connect() as idle, Http2Client(one.ports["proxy"]) as idle_http2:
        assert idle.request("GET", "/a").status == 200
        assert idle_http2.ask("GET", "/a").status == 200
        busy = occupy(one, up, 2)
        wait_until(lambda: load(one) == 1, one.metrics)
        assert idle.is_closed()
        idle_http2.until_closed()
    with one.connect() as client:
        response = client.request("GET", "/a")
        assert (response.status, response.get("connection")) == (200, "close")
    released.set()
    for client in busy:
        assert client.read().status == 200
        client.close()
    wait_until(lambda: load(one) == 0, one.metrics)
    with one.connect() as client:
        assert [client.request("GET", "/a").status for _ in range(2)] == [200, 200]
    one.wait_for_line(r"load: busy connections at 20 %: idle connections are closed")
    one.wait_for_line(r"load: .*: everything is served again")


def test_requests_are_shed(gateway, upstream):
    released = threading.Event()
    one, up = made(gateway, upstream, 2, [{"held": released}], close_idle=50, shed=60, stop_accepting=500, recover=0)
    busy = occupy(one, up, 2)
    wait_until(lambda: load(one) == 2, one.metrics)
    assert one.metric("sallyport_resource_used_ratio", resource="busy_connections") == 1
    response = one.ask("GET", "/a")
    assert (response.status, response.get("retry-after"), response.get("connection")) == (503, "1", "close")
    with Http2Client(one.ports["proxy"]) as client:
        answer = client.ask("GET", "/a")
        assert (answer.status, answer.get("retry-after")) == (503, "1")
    assert one.metric("sallyport_clients_cut_total", reason="overload") == 2
    one.wait_for_line("reason=overload", log="logs/access.log")
    released.set()
    assert [client.read().status for client in busy] == [200, 200]  # what had begun is finished
    wait_until(lambda: one.ask("GET", "/a").status == 200, one.metrics)
    wait_until(lambda: load(one) == 0, one.metrics)  # it falls step by step, and 200 comes before the last


def test_connections_wait_until_they_are_accepted_again(gateway, upstream):
    released = threading.Event()
    one, up = made(gateway, upstream, 1, [{"held": released}], close_idle=50, shed=60, stop_accepting=70, recover=0)
    busy = occupy(one, up, 1)
    wait_until(lambda: load(one) == 3, one.metrics)
    accepted = one.metric("apisix_nginx_http_current_connections", state="accepted")
    with one.connect() as client:
        client.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
        assert one.metric("apisix_nginx_http_current_connections", state="accepted") == accepted
        released.set()
        assert busy[0].read().status == 200
        assert client.read().status == 200
    one.wait_for_line(r"load: .*: no connections are accepted")


def test_memory_counts(gateway, upstream):
    one, _ = made(gateway, upstream, 0, memory_limit="1m", stop_accepting=1000)
    wait_until(lambda: load(one) >= 2, one.metrics)
    assert one.metric("sallyport_resource_used_ratio", resource="memory") > 1
    one.wait_for_line("load: memory at")


def test_descriptors_run_short(gateway, upstream):
    one = gateway(settings={"apisix": {"overload": {"interval": "10ms"}},
                            "nginx_config": {"worker_processes": 1, "worker_rlimit_nofile": 1000}},
                  resources={"routes": [{"id": 1, "uri": "/a", "upstream": {"nodes": {upstream().address: 1}}}]})

    def used():
        return one.metric("sallyport_resource_used_ratio", resource="descriptors")

    clients = []
    while load(one) < 2:
        before = used()
        for _ in range(10):
            clients.append(one.connect())
            clients[-1].send("G")  # so that it is not closed as an idle one
        wait_until(lambda: used() > before, one.metrics)
    assert 0.95 <= used() < 1
    assert one.ask("GET", "/a").status == 503
    for client in clients:
        client.close()
    wait_until(lambda: one.ask("GET", "/a").status == 200, one.metrics)
    wait_until(lambda: load(one) == 0, one.metrics)  # it falls step by step, and 200 comes before the last


def test_the_last_descriptors_are_for_the_gateways_own_endpoints(gateway, upstream):
    one = gateway(settings={"apisix": {"overload": {"enable": False}},
                            "nginx_config": {"worker_processes": 1, "worker_rlimit_nofile": 200}},
                  resources={"routes": [{"id": 1, "uri": "/a", "upstream": {"nodes": {upstream().address: 1}}}]})
    clients = [one.connect() for _ in range(250)]
    wait_until(lambda: one.metric("sallyport_clients_cut_total", reason="descriptor_limit") > 0, one.metrics)
    assert one.admin("GET", "routes/1").status == 200
    for client in clients:
        client.close()
    wait_until(lambda: one.ask("GET", "/a").status == 200, one.metrics)
    one.wait_for_line("a connection was refused: clients have all descriptors but the last")
