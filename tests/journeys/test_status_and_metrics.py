"""The ports for those who watch: status, metrics, both logs."""
import json
import os
import re
import signal
import threading

from harness.client import ask
from harness.patience import wait_until


def route(upstream):
    return {"routes": [{"id": "r1", "uri": "/a/*", "upstream": {"nodes": {upstream.address: 1}}}]}


def test_status_tells_that_all_is_well(gateway):
    one = gateway()
    for path in ("/status", "/status/ready"):
        response = ask(one.ports["status"], "GET", path)
        assert (response.status, json.loads(response.body)) == (200, {"status": "ok"})
    assert ask(one.ports["status"], "GET", "/other").status == 404


def test_requests_are_counted_under_the_fields_names(gateway, upstream):
    one = gateway(resources=route(upstream()))
    for _ in range(3):
        assert one.ask("GET", "/a/1").status == 200
    assert one.ask("GET", "/none").status == 404
    labels = {"code": 200, "route": "r1", "matched_uri": "/a/*", "node": "127.0.0.1"}
    wait_until(lambda: one.metric("apisix_http_status", **labels) == 3, one.metrics)
    wait_until(lambda: one.metric("apisix_http_status", code=404) == 1, one.metrics)
    wait_until(lambda: one.metric("apisix_http_latency_count", type="request", route="r1") == 3, one.metrics)
    wait_until(lambda: one.metric("apisix_http_latency_bucket", type="upstream", route="r1", le="+Inf") == 3, one.metrics)
    wait_until(lambda: one.metric("apisix_bandwidth", type="egress", route="r1") > 3 * len("hello from upstream-a\n"), one.metrics)
    wait_until(lambda: one.metric("apisix_bandwidth", type="ingress", route="r1") > 0, one.metrics)
    wait_until(lambda: one.metric("apisix_http_requests_total") >= 4, one.metrics)
    assert one.metric("apisix_node_info") == 1
    assert one.metric("sallyport_resident_memory_bytes") > 0


def test_open_connections_are_counted(gateway, upstream):
    one = gateway(resources=route(upstream()))
    with one.connect() as client:
        client.request("GET", "/a/1")
        wait_until(lambda: one.metric("apisix_nginx_http_current_connections", state="active") >= 1, one.metrics)
    wait_until(lambda: one.metric("apisix_nginx_http_current_connections", state="active") == 0, one.metrics)
    assert one.metric("apisix_nginx_http_current_connections", state="accepted") >= 1


def test_the_revision_grows_with_each_change(gateway, upstream):
    one = gateway()
    before = one.revision()
    one.put_all(route(upstream()))
    assert one.revision() > before


def test_metrics_have_the_content_type_and_place_of_the_settings(gateway):
    one = gateway(settings={"plugin_attr": {"prometheus": {"export_uri": "/m", "metric_prefix": "edge_"}}})
    response = ask(one.ports["prometheus"], "GET", "/m")
    assert response.status == 200
    assert response.get("content-type").startswith("text/plain; version=0.0.4")
    assert "\nedge_http_requests_total " in response.text
    assert ask(one.ports["prometheus"], "GET", "/apisix/prometheus/metrics").status == 404


def test_the_access_log_can_be_switched_off(gateway, upstream):
    one = gateway(settings={"nginx_config": {"http": {"enable_access_log": False}}}, resources=route(upstream()))
    one.ask("GET", "/a/1")
    one.stop()
    assert one.read("logs/access.log") == ""


WHOSE = ["route", "service", "consumer", "node", "request_type", "request_llm_model", "llm_model"]
SERIES = {  # what dashboards and alerts of the field ask for: labels in no particular order
    "apisix_http_status": ["code", "matched_uri", "matched_host", "response_source", *WHOSE],
    "apisix_http_latency_bucket": ["type", "le", *WHOSE], "apisix_http_latency_sum": ["type", *WHOSE],
    "apisix_http_latency_count": ["type", *WHOSE], "apisix_bandwidth": ["type", *WHOSE],
    "apisix_nginx_http_current_connections": ["state"], "apisix_http_requests_total": [],
    "apisix_node_info": ["hostname", "version"]}
TYPES = {"http_status": "counter", "http_latency": "histogram", "bandwidth": "counter",
         "nginx_http_current_connections": "gauge", "http_requests_total": "gauge", "node_info": "gauge"}
STATES = {"accepted", "active", "handled", "reading", "waiting", "writing"}
BOUNDS = "1 2 5 10 20 50 100 200 500 1000 2000 5000 10000 30000 60000 +Inf".split()


def samples(text):
    """(name, labels, value) of each line; what is no sample or comment is no metrics."""
    found = []
    for line in text.splitlines():
        if line.startswith(("# HELP ", "# TYPE ")):
            continue
        name, labels, value = re.fullmatch(r"([a-z_]+)(?:\{(.*)\})? ([0-9.e+-]+)", line).groups()
        pairs = re.findall(r'([a-z_]+)="((?:[^"\\]|\\.)*)",?', labels or "")
        found.append((name, dict(pairs), float(value)))
    return found


def test_the_series_have_the_names_types_and_labels_of_the_field(gateway, upstream):
    one = gateway(resources=route(upstream()))
    assert one.ask("GET", "/a/1").status == 200
    wait_until(lambda: one.metric("apisix_http_status", code=200) == 1, one.metrics)
    text = one.metrics()
    found = samples(text)
    for name, labels in SERIES.items():
        of_that_name = [l for n, l, _ in found if n == name]
        assert of_that_name and all(sorted(l) == sorted(labels) for l in of_that_name), (name, of_that_name)
    for name, kind in TYPES.items():
        assert text.count(f"# TYPE apisix_{name} {kind}\n") == 1 and text.count(f"# HELP apisix_{name} ") == 1
    assert {l["state"] for n, l, _ in found if n == "apisix_nginx_http_current_connections"} == STATES
    assert {l["type"] for n, l, _ in found if n == "apisix_http_latency_count"} == {"request", "upstream", "apisix"}
    assert {l["type"] for n, l, _ in found if n == "apisix_bandwidth"} == {"ingress", "egress"}
    buckets = [(l["le"], v) for n, l, v in found if n == "apisix_http_latency_bucket" and l["type"] == "request"]
    assert [le for le, _ in buckets] == BOUNDS
    assert [v for _, v in buckets] == sorted(v for _, v in buckets) and buckets[-1][1] == 1
    status, = [l for n, l, _ in found if n == "apisix_http_status"]
    assert status == {"code": "200", "route": "r1", "matched_uri": "/a/*", "matched_host": "", "service": "", "consumer": "",
                      "node": "127.0.0.1", "request_type": "traditional_http", "request_llm_model": "", "llm_model": "",
                      "response_source": "upstream"}


def test_each_request_is_counted_once_wherever_the_plugin_stands(gateway, upstream):
    nodes = {upstream().address: 1}
    plugin = {"prometheus": {}}
    one = gateway(resources={
        "global_rules": [{"id": 1, "plugins": plugin}],
        "services": [{"id": "s", "hosts": ["s.test"], "upstream": {"nodes": nodes}, "plugins": plugin}],
        "routes": [{"id": "both", "uri": "/both", "upstream": {"nodes": nodes}, "plugins": plugin},
                   {"id": "neither", "uri": "/neither", "upstream": {"nodes": nodes}},
                   {"id": "service", "uri": "/service", "service_id": "s", "plugins": plugin},
                   {"id": "refused", "uri": "/refused", "plugins": {**plugin, "fault-injection": {"abort": {"http_status": 418}}}}]})
    with one.connect() as client:
        for target, host in (("/both", "a"), ("/neither", "a"), ("/service", "s.test"), ("/refused", "a"), ("/none", "a")):
            for _ in range(3):
                client.request("GET", target, host=host)
    wait_until(lambda: one.metric("apisix_http_status") == 15, one.metrics)
    found = [(l, v) for n, l, v in samples(one.metrics()) if n == "apisix_http_status"]
    assert sorted((l["code"], l["route"], l["service"], l["matched_host"], l["response_source"], v) for l, v in found) == [
        ("200", "both", "", "", "upstream", 3), ("200", "neither", "", "", "upstream", 3),
        ("200", "service", "s", "s.test", "upstream", 3), ("404", "", "", "", "apisix", 3),
        ("418", "refused", "", "", "plugin", 3)]
    wait_until(lambda: one.metric("apisix_http_latency_count", type="request") == 15, one.metrics)
    wait_until(lambda: one.metric("apisix_http_latency_count", type="upstream") == 9, one.metrics)
    wait_until(lambda: one.metric("apisix_http_requests_total") == 15, one.metrics)


def test_series_are_named_by_name_where_the_plugin_says_so(gateway, upstream):
    nodes = {upstream().address: 1}
    one = gateway(resources={
        "services": [{"id": "s", "name": "the service", "upstream": {"nodes": nodes}}],
        "routes": [{"id": "r", "name": 'the "route"', "uri": "/a", "service_id": "s", "plugins": {"prometheus": {"prefer_name": True}}},
                   {"id": "unnamed", "uri": "/b", "service_id": "s", "plugins": {"prometheus": {"prefer_name": True}}}]})
    for target in ("/a", "/b"):
        assert one.ask("GET", target).status == 200
    wait_until(lambda: one.metric("apisix_http_status", code=200) == 2, one.metrics)
    found = [(l["route"], l["service"]) for n, l, _ in samples(one.metrics()) if n == "apisix_http_status"]
    assert sorted(found) == [('the \\"route\\"', "the service"), ("unnamed", "the service")]


def test_bandwidth_is_what_went_over_the_wire(gateway, upstream):
    one = gateway(resources=route(upstream(answers=[{"chunks": ["ab", "c"]}])))
    request = b"POST /a/1 HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n12345"
    with one.connect() as client:
        client.send(request)
        response = client.read()
        assert response.text == "abc"
    head = len(response.start) + 2 + sum(len(n) + len(v) + 4 for n, v in response.headers) + 2
    chunks = sum(len(f"{size:x}") + size + 4 for size in response.chunks) + 5
    wait_until(lambda: one.metric("apisix_http_status", code=200) == 1, one.metrics)
    wait_until(lambda: one.metric("apisix_bandwidth", type="egress") == head + chunks, one.metrics)
    wait_until(lambda: one.metric("apisix_bandwidth", type="ingress") == len(request), one.metrics)


def test_metrics_can_be_switched_off(gateway, upstream):
    one = gateway(settings={"plugin_attr": {"prometheus": {"enable_export_server": False}}}, resources=route(upstream()))
    assert one.ask("GET", "/a/1").status == 200
    try:
        one.metrics()
    except OSError:
        return
    raise AssertionError("something answers on the port of the metrics")


def status_of(one, path):
    response = ask(one.ports["status"], "GET", path)
    return response.status, json.loads(response.body)


def answers_status(one):
    try:
        return status_of(one, "/status")[0] == 200
    except OSError:
        return False


def test_not_ready_while_the_resources_are_loaded(gateway, upstream):
    """The resources come through a pipe, so that the start lasts for as long as the journey wants."""
    one = gateway(start=False, store="yaml")
    path = one.path("conf/apisix.yaml")
    path.unlink()
    os.mkfifo(path)
    one.spawn()
    with open(path, "w", encoding="ascii") as pipe:  # opens when the gateway reads
        wait_until(lambda: answers_status(one), one.tell)
        assert status_of(one, "/status") == (200, {"status": "ok"})
        assert status_of(one, "/status/ready") == (
            503, {"status": "error", "error": "worker id: 0 has not received configuration"})
        one.write_resources(route(upstream()))  # in the place of the pipe, which stays open
        pipe.write(one.read("conf/apisix.yaml"))
    wait_until(one.is_ready, one.tell)
    assert one.ask("GET", "/a/1").status == 200


def test_not_ready_while_it_drains(gateway, upstream):
    released = threading.Event()
    up = upstream(answers=[{"held": released}])
    one = gateway(resources=route(up))
    with one.connect() as client:
        client.send("GET /a/1 HTTP/1.1\r\nHost: x\r\n\r\n")
        wait_until(lambda: up.seen, "the request to arrive")
        one.signal(signal.SIGTERM)
        wait_until(lambda: status_of(one, "/status/ready")[0] == 503, one.tell)
        assert status_of(one, "/status/ready")[1] == {"status": "error", "error": "the gateway is draining"}
        assert status_of(one, "/status") == (200, {"status": "ok"})
        released.set()
        assert client.read().status == 200
    assert one.wait_for_end() == 0


def test_a_start_that_fails_after_its_first_answer_ends_with_its_error(gateway):
    one = gateway(start=False, store="yaml")
    path = one.path("conf/apisix.yaml")
    path.unlink()
    os.mkfifo(path)
    one.spawn()
    with open(path, "w", encoding="ascii") as pipe:
        wait_until(lambda: answers_status(one), one.tell)
        pipe.write("routes: []\n")
    assert one.wait_for_end() == 1
    assert "#END" in one.read("stderr")
