"""What a plugin is told at the end of how an exchange went: its flags, details and gRPC status."""
import pytest

from harness.modules import modules

TELL = "log count flags response/flags\nlog keep details response/code_details\nlog count grpc response/grpc_status"


@pytest.fixture
def ending(gateway):
    """Makes a gateway whose plugin tells the access log how each exchange ended; the routes are {path: fields of it}."""

    def make(routes, config=TELL):
        conf = {"path": str(modules() / "script.wasm"), "config": config, "http_request_phase": "rewrite"}
        script = {"wasm": {"conf": conf, "_meta": {"priority": 12000}}}  # before any that answers
        return gateway(
            settings={"nginx_config": {"worker_processes": 1, "http": {
                          "access_log_format": "$uri $wasm_flags $wasm_details $wasm_grpc"}},
                      "wasm": {"enable": True, "allowed_dirs": [str(modules())]}},
            resources={"routes": [{"id": path, "uri": f"/{path}", **fields, "plugins": {**script, **fields.get("plugins", {})}}
                                  for path, fields in routes.items()]})

    return make


def to(upstream, **fields):
    return {"upstream": {"nodes": {upstream.address: 1}, **fields}}


def test_flags_name_the_cause_as_envoy_does(ending, upstream):
    fine, down, hanging = upstream(), upstream("down", down=True), upstream("hanging", [{"hang": True}])
    closing, odd = upstream("closing", [{"close": True}]), upstream("odd", [{"raw": "no HTTP\r\n\r\n"}])
    waits = {"timeout": {"connect": 5, "send": 5, "read": 0.1}, "retries": 0}
    delay = {"plugins": {"fault-injection": {"delay": {"duration": 0.01}}}}
    fault = {"plugins": {"fault-injection": {"abort": {"http_status": 418}}}}
    mild = {"plugins": {"fault-injection": {"abort": {"http_status": 204}}}}
    made = ending({"mild": {**to(fine), **mild}, "fine": to(fine), "refused": to(down), "late": to(hanging, **waits), "closed": to(closing, retries=0),
                   "odd": to(odd), "delayed": {**to(fine), **delay}, "fault": {**to(fine), **fault},
                   "nowhere": {"upstream": {"nodes": {}}}})
    statuses = {path: made.ask("GET", f"/{path}").status
                for path in ("fine", "refused", "late", "closed", "odd", "delayed", "fault", "mild", "nowhere")}
    assert statuses == {"fine": 200, "refused": 502, "late": 504, "closed": 502, "odd": 502, "delayed": 200, "fault": 418,
                        "mild": 204, "nowhere": 503}
    made.stop()
    assert made.read("logs/access.log").splitlines() == [
        "/fine 0 via_upstream -",
        "/refused 32 upstream_refused -",
        "/late 4 upstream_timeout -",
        "/closed 64 upstream_closed -",
        "/odd 8388608 upstream_protocol -",
        "/delayed 512 via_upstream -",
        "/fault 1024 plugin:fault-injection -",
        "/mild 1024 direct_response -",
        "/nowhere 2 no_upstream -"]


def test_the_status_of_grpc_is_that_of_the_trailers(ending, upstream):
    made = ending({
        "trailers": to(upstream("trailers", [{"chunks": ["x"], "trailers": {"grpc-status": "5"}}])),
        "head": to(upstream("head", [{"status": 200, "headers": {"grpc-status": "7"}, "body": ""}])),
        "none": to(upstream("none"))})
    for path in ("trailers", "head", "none"):
        assert made.ask("GET", f"/{path}").status == 200
    made.stop()
    assert made.read("logs/access.log").splitlines() == [
        "/trailers 0 via_upstream 5", "/head 0 via_upstream 7", "/none 0 via_upstream -"]


def test_the_upstream_is_named_as_calls_name_it_and_its_connection_is_known(gateway, upstream):
    there, down = upstream(), upstream("down", down=True)
    tells = "\n".join(f"log {line}" for line in (
        "keep cluster xds/cluster_name", "count nodes upstream/num_endpoints", "keep local upstream/local_address",
        "count ready upstream/cx_pool_ready_duration", "keep failure upstream/transport_failure_reason"))
    plugins = {"wasm": {"conf": {"path": str(modules() / "script.wasm"), "config": tells}}}
    targets = {"named": {"upstream_id": "u1"}, "shadowed": {"upstream_id": "u2"}, "unnamed": {"upstream_id": "u3"},
               "service": {"service_id": "s1"}, "inline": {"upstream": {"nodes": {there.address: 1}}},
               "refused": {"upstream_id": "u4"}}
    made = gateway(
        settings={"nginx_config": {"worker_processes": 1, "http": {
                      "access_log_format": "$uri|$wasm_cluster|$wasm_nodes|$wasm_local|$wasm_ready|$wasm_failure"}},
                  "wasm": {"enable": True, "allowed_dirs": [str(modules())]}},
        resources={
            "upstreams": [{"id": "u1", "name": "backend", "nodes": {there.address: 1}},
                          {"id": "u2", "name": "backend", "nodes": {there.address: 1}},
                          {"id": "u3", "nodes": {there.address: 1, "127.0.0.9:1": 0}},
                          {"id": "u4", "name": "dead", "retries": 0, "nodes": {down.address: 1}}],
            "services": [{"id": "s1", "name": "the service", "upstream_id": "u1"}],
            "routes": [{"id": path, "uri": f"/{path}", "plugins": plugins, **target} for path, target in targets.items()]})
    for path in targets:
        assert made.ask("GET", f"/{path}").status == (502 if path == "refused" else 200)
    local = f"127.0.0.1:{there.take_seen()[0].peer_port}"
    made.stop()
    lines = [line.split("|") for line in made.read("logs/access.log").splitlines()]
    assert [line[:4] for line in lines] == [
        ["/named", "backend", "1", local], ["/shadowed", "u2", "1", local], ["/unnamed", "u3", "2", local],
        ["/service", "backend", "1", local], ["/inline", "-", "1", local], ["/refused", "dead", "1", "-"]]
    assert [line[5] for line in lines[:-1]] == ["-"] * 5
    assert int(lines[0][4]) > 0
    assert lines[-1][4:] == ["-", f"cannot connect to {down.address}: Connection refused"]


def test_why_a_connection_was_broken_off_is_told_at_the_end(ending, upstream):
    broken = upstream("broken", [{"raw": "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"}])
    tell = "log keep details connection/termination_details\nlog count flags response/flags"
    made = ending({"broken": to(broken), "fine": to(upstream())}, config=tell)
    with made.connect() as client, pytest.raises(Exception):
        client.request("GET", "/broken")
    assert made.ask("GET", "/fine").status == 200
    made.stop()
    assert made.read("logs/access.log").splitlines() == ["/broken 64 upstream_broke_off -", "/fine 0 - -"]


@pytest.mark.parametrize("stream", [2, 3])
def test_closing_a_stream_of_tcp_does_not_end_the_exchange(ending, upstream, stream):
    config = f"request_headers close {stream}\nresponse_headers close {stream}\nlog count flags response/flags"
    made = ending({"tcp": to(upstream())}, config=config)
    assert made.ask("GET", "/tcp").status == 200
