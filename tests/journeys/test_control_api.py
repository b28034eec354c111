"""The control API: what it tells of health, resources and schemas, to whom."""
from harness.client import ask, ask_json
from harness.patience import wait_until


def control(one, method, path, **options):
    return ask(one.ports["control"], method, "/v1/" + path, **options)


def get(one, path):
    answer = control(one, "GET", path)
    return answer.status, answer.json()


def test_health_is_told_for_programs_and_for_people(gateway, upstream):
    good, down = upstream("good"), upstream(down=True)
    checks = {"active": {"unhealthy": {"tcp_failures": 1}}}
    one = gateway(resources={"upstreams": [{"id": "u", "nodes": {down.address: 1}, "checks": checks}, {"id": "none", "nodes": {}}],
                             "routes": [{"id": "r", "uri": "/a", "upstream": {"nodes": {good.address: 1}, "checks": checks}}]})
    wait_until(lambda: get(one, "healthcheck/upstreams/u")[1]["nodes"][0]["status"] == "unhealthy", one.tell)
    node = {"ip": "127.0.0.1", "port": down.port, "hostname": "127.0.0.1", "status": "unhealthy",
            "counter": {"success": 0, "http_failure": 0, "tcp_failure": 1, "timeout_failure": 0}}
    told = {"name": "/apisix/upstreams/u", "type": "http", "nodes": [node]}
    assert get(one, "healthcheck/upstreams/u") == (200, told)
    status, everything = get(one, "healthcheck")
    assert status == 200 and [each["name"] for each in everything] == ["/apisix/routes/r", "/apisix/upstreams/u"]
    page = control(one, "GET", "healthcheck", headers={"Accept": "text/html"})
    assert page.get("Content-Type").startswith("text/html") and f"<td>127.0.0.1:{down.port}</td><td>unhealthy</td>" in page.text
    assert get(one, "healthcheck/upstreams/none") == (404, {"error_msg": "no checker for upstreams[none]"})
    assert get(one, "healthcheck/routes/other") == (404, {"error_msg": "routes[other] not found"})
    assert get(one, "healthcheck/routes") == (404, {"error_msg": "missing src id for src type routes"})
    assert get(one, "healthcheck/plugins/1") == (400, {"error_msg": "invalid src type plugins"})


def test_it_tells_what_is_configured_and_is_no_upstream_itself(gateway, upstream):
    one = gateway(resources={"routes": [{"id": "r", "uri": "/a", "upstream": {"nodes": {upstream().address: 1}}}]})
    status, routes = get(one, "routes")
    assert status == 200 and routes[0]["key"] == "/apisix/routes/r" and routes[0]["value"]["uri"] == "/a"
    assert get(one, "route/r") == (200, routes[0])
    assert get(one, "route/x") == (404, {"error_msg": "routes[x] not found"})
    assert get(one, "upstreams") == (200, [])
    assert get(one, "plugin_metadatas") == (200, [])
    schema = get(one, "schema")[1]
    assert schema["main"]["route"]["properties"]["uri"] and schema["plugins"]["request-id"]["schema"]
    assert control(one, "POST", "gc").status == 200
    assert control(one, "POST", "routes").status == 405
    assert control(one, "GET", "gc").status == 405
    assert control(one, "GET", "unknown").status == 404
    to_itself = {"uri": "/b", "upstream": {"nodes": {f"127.0.0.1:{one.ports['control']}": 1}}}
    refused = one.admin("PUT", "routes/b", to_itself)
    assert refused.status == 400 and "own Admin API or control API" in refused.text
