"""Workers share connections evenly, however the kernel spreads them; thousands that wait cost little."""
import resource

import pytest

from harness.gateway import INSTRUMENTED, binary
from harness.patience import wait_until

MIB = 1 << 20


def made(gateway, upstream, workers, **options):
    return gateway(settings={"nginx_config": {"worker_processes": workers}}, resources={"routes": [
        {"id": 1, "uri": "/a", "upstream": {"nodes": {upstream().address: 1}}}]}, **options)


def of_workers(one, workers):
    return [one.metric("sallyport_worker_connections", worker=str(number)) for number in range(workers)]


def test_a_few_connections_are_spread_over_all_workers(gateway, upstream):
    one = made(gateway, upstream, 8)
    clients = []
    for _ in range(16):
        clients.append(one.connect())
        assert clients[-1].request("GET", "/a").status == 200
    # By chance alone, this comes about once in 300 times.
    assert of_workers(one, 8) == [2] * 8
    assert one.metric("sallyport_worker_connections_handed_over_total") > 0
    for client in clients:
        assert client.request("GET", "/a").status == 200
        client.close()
    wait_until(lambda: of_workers(one, 8) == [0] * 8, one.metrics)


def test_connections_begun_at_once_are_shared_within_a_quarter(gateway, upstream):
    one = made(gateway, upstream, 4)
    clients = [one.connect() for _ in range(400)]
    for client in clients:
        client.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
    for client in clients:
        assert client.read().status == 200
    # A worker that counts while others do may be wrong by what is accepted at that moment.
    assert max(of_workers(one, 4)) <= 1.25 * 100 + 4
    for client in clients:
        client.close()


@pytest.fixture
def descriptors():
    """As many as this process may have."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (before[1], before[1]))
    yield before[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_ten_thousand_idle_connections_fit_into_100_mib(gateway, upstream, descriptors):
    count = 10_000
    if descriptors < count + 1_000:
        pytest.skip(f"a process may have {descriptors} descriptors here: ulimit -Hn")
    one = made(gateway, upstream, 2, start=False)
    one.preexec = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (1024, descriptors))  # as of many a shell
    one.start()
    clients = []
    try:
        for _ in range(count):
            clients.append(one.connect())
            assert clients[-1].request("GET", "/a").status == 200
        assert sum(of_workers(one, 2)) == count
        assert max(of_workers(one, 2)) <= 1.25 * count / 2
        if INSTRUMENTED not in open(binary(), "rb").read():
            assert one.metric("sallyport_resident_memory_bytes") < 100 * MIB
        assert all(client.request("GET", "/a").status == 200 for client in clients[::100])
    finally:
        for client in clients:
            client.close()
