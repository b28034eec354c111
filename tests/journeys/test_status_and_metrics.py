"""The ports for those who watch: status, metrics, both logs."""
import json

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
    assert one.metric("apisix_http_latency_count", type="request", route="r1") == 3
    assert one.metric("apisix_http_latency_bucket", type="upstream", route="r1", le="+Inf") == 3
    assert one.metric("apisix_bandwidth", type="egress", route="r1") > 3 * len("hello from upstream-a\n")
    assert one.metric("apisix_bandwidth", type="ingress", route="r1") > 0
    assert one.metric("apisix_http_requests_total") >= 4
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


def test_the_access_log_can_be_json(gateway, upstream):
    one = gateway(settings={"nginx_config": {"http": {"access_log_format": "json"}}}, resources=route(upstream()))
    one.ask("GET", "/a/%22quoted%22?x=%0A", headers={"User-Agent": 'a "b" \\ c'})
    one.ask("GET", "/none")
    one.stop()
    lines = [json.loads(line) for line in one.read("logs/access.log").splitlines()]
    assert [line["status"] for line in lines] == [200, 404]
    assert lines[0]["user_agent"] == 'a "b" \\ c'
    assert lines[0]["route_id"] == "r1"
    assert lines[0]["reason"] in (None, "")
    assert lines[1]["reason"] == "no_route"


def test_the_access_log_can_be_switched_off(gateway, upstream):
    one = gateway(settings={"nginx_config": {"http": {"enable_access_log": False}}}, resources=route(upstream()))
    one.ask("GET", "/a/1")
    one.stop()
    assert one.read("logs/access.log") == ""
