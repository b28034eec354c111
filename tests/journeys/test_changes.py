"""Changes while requests flow: none fails, none is lost."""
import itertools
import json
import random
import signal
import threading

import pytest

from harness.asking import AllAsking
from harness.patience import wait_until
from harness.wire import WireError


def route(upstream, number=0):
    return {"uri": "/a", "upstream": {"nodes": {upstream.address: 1}},
            "plugins": {"response-rewrite": {"headers": {"set": {"X-Number": str(number)}}}}}


@pytest.mark.takes_long
def test_no_request_fails_and_no_connection_closes_while_routes_change(gateway, upstream):
    up = upstream()
    one = gateway()
    one.put("routes/1", route(up))
    with AllAsking(one) as asking, one.connect() as client:
        for number in range(200):
            one.put("routes/1", route(up, number))
            # A write answers after every worker serves it.
            assert client.request("GET", "/a").get("x-number") == str(number)
    assert all(a.count > 10 for a in asking.clients)


@pytest.mark.takes_long
def test_kill_loses_no_acknowledged_write(gateway, upstream):
    """Kills the gateway within writes, many times over; after each, everything acknowledged is there."""
    up = upstream()
    one = gateway()
    acknowledged = {}
    dice = random.Random(20)
    number = 0
    for _ in range(200):
        writes = dice.randrange(1, 6)
        killer = threading.Timer(dice.random() * 0.01, one.kill)
        killer.start()
        try:
            for _ in range(writes):
                number += 1
                name = f"r{number % 40}"
                if one.admin("PUT", f"routes/{name}", route(up, number)).status in (200, 201):
                    acknowledged[name] = number
        except (OSError, WireError):
            # It was under way: either value may be there.
            acknowledged.pop(name, None)
        killer.join()
        one.kill()
        one.spawn()
        wait_until(one.is_ready, one.tell)
        stored = {item["value"]["id"]: item["value"] for item in json.loads(one.admin("GET", "routes").body)["list"]}
        for name, value in acknowledged.items():
            headers = stored[name]["plugins"]["response-rewrite"]["headers"]
            assert headers["set"]["X-Number"] == str(value), f"{name} after kill: {headers}, expected {value}"


def test_resources_survive_a_restart(gateway, upstream):
    up = upstream()
    one = gateway()
    one.put("routes/1", route(up))
    one.signal(signal.SIGTERM)
    assert one.wait_for_end() == 0
    one.spawn()
    wait_until(one.is_ready, one.tell)
    assert one.ask("GET", "/a").status == 200


def test_after_kills_within_writes_every_acknowledged_route_serves(gateway, upstream):
    """As clients see it: each path says its last acknowledged number, or is gone."""
    one = gateway()
    one.put("upstreams/shared", {"nodes": {upstream().address: 1}})
    serving = {}  # number by route; None: deleted
    dice, numbers = random.Random(4), itertools.count(1)
    for _ in range(6):
        killer = threading.Timer(dice.random() * 0.03, one.kill)
        try:
            while True:
                name = f"r{dice.randrange(8)}"
                before = serving.pop(name, None)  # what a write under way leaves is not known
                serving[name] = write(one, dice, name, str(next(numbers)), before)
                if not killer.ident:  # it starts with the first one that is acknowledged
                    killer.start()
        except (OSError, WireError):
            pass
        killer.join()
        one.spawn()
        wait_until(one.is_ready, one.tell)
        for name, number in serving.items():
            response = one.ask("GET", f"/{name}")
            assert (response.status, response.get("x-number")) == ((200, number) if number else (404, None)), name
    assert any(serving.values())


def write(gateway, dice, name, number, before):
    """One write of a random kind; what the route says afterwards."""
    plugins = {"response-rewrite": {"headers": {"set": {"X-Number": number}}}}
    kind = dice.choice(["put", "put", "patch", "delete"]) if before else "put"
    if kind == "put":
        gateway.put(f"routes/{name}", {"uri": f"/{name}", "upstream_id": "shared", "plugins": plugins})
    elif kind == "patch":
        assert gateway.admin("PATCH", f"routes/{name}", {"plugins": plugins}).status == 200
    else:
        assert gateway.admin("DELETE", f"routes/{name}").status == 200
    return None if kind == "delete" else number
