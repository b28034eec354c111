"""HUP: what is read again, what keeps its old form, what asks for a restart; no request notices."""
import signal

import pytest

from harness.asking import AllAsking
from harness.modules import assemble
from harness.patience import wait_until

MODULE = """(module
  (import "env" "proxy_add_header_map_value" (func $add (param i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "x-module") (data (i32.const 16) "%s")
  (func (export "proxy_on_memory_allocate") (param i32) (result i32) (i32.const 1024))
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
    (drop (call $add (i32.const 2) (i32.const 0) (i32.const 8) (i32.const 16) (i32.const 1)))
    (i32.const 0)))"""


def write_module(gateway, version):
    """Replaces own.wasm in one step, as a careful operator does."""
    assemble(MODULE % version, gateway.path("new.wasm")).rename(gateway.path("own.wasm"))


DONE = "settings were read again"


def reload(gateway, text=DONE, end=DONE):
    """Sends HUP and waits until one more line with each of these texts is in the log; `end` is in the last one."""
    before = {each: gateway.read("logs/error.log").count(each) for each in (text, end)}
    gateway.signal(signal.SIGHUP)
    for each, count in before.items():
        wait_until(lambda: gateway.read("logs/error.log").count(each) > count, gateway.tell)


def versions(gateway, target, count=8):
    """What the modules of all workers say: on connections of their own."""
    return {gateway.ask("GET", target).get("x-module") for _ in range(count)}


@pytest.fixture
def with_module(gateway, upstream):
    """A gateway with own.wasm in version 1, declared (on /a) and named by a route (on /inline)."""

    def make(store="embedded"):
        nodes = {upstream().address: 1}
        routes = [{"id": "declared", "uri": "/a", "upstream": {"nodes": nodes}, "plugins": {"wasm_own": {"conf": "x"}}},
                  {"id": "inline", "uri": "/inline", "upstream": {"nodes": nodes},
                   "plugins": {"wasm": {"conf": {"path": "own.wasm", "name": "own"}}}}]
        made = gateway({"wasm": {"enable": True, "plugins": [{"name": "wasm_own", "file": "own.wasm"}]}}, store=store,
                       resources={"routes": routes}, start=False)
        write_module(made, 1)
        return made.start()

    return make


@pytest.mark.parametrize("store", ["embedded", "yaml"])
def test_the_new_code_of_a_module_serves_and_no_request_fails(with_module, store):
    made = with_module(store)
    assert versions(made, "/a") == versions(made, "/inline") == {"1"}
    with AllAsking(made), AllAsking(made, "/inline", clients=2):
        for version in ("2", "3", "4"):
            write_module(made, version)
            reload(made)
            assert versions(made, "/a") == versions(made, "/inline") == {version}


def test_a_broken_module_leaves_the_old_code_and_is_named(with_module):
    made = with_module()
    with AllAsking(made):
        for content, reason in ((b"no longer a module", "it is not WebAssembly"), (b"\0asm\1\0\0\0\1\5\1", "broken or unsupported")):
            made.path("own.wasm").write_bytes(content)
            reload(made, "the plugins stay as they are")
            line = [line for line in made.read("logs/error.log").splitlines() if "the plugins stay" in line][-1]
            assert "[error]" in line and "wasm_own" in line and "own.wasm" in line and reason in line
            assert versions(made, "/a") == {"1"}
        made.path("own.wasm").unlink()
        reload(made, "No such file or directory")
        assert versions(made, "/a") == versions(made, "/inline") == {"1"}
        write_module(made, 2)
        reload(made)
        assert versions(made, "/a") == {"2"}


def test_reload_at_the_admin_api_does_the_same(with_module):
    made = with_module()
    write_module(made, 2)
    with AllAsking(made):
        answer = made.admin("PUT", "plugins/reload")
        assert (answer.status, answer.text) == (200, "done")
        assert versions(made, "/a") == {"2"}
    made.path("own.wasm").write_bytes(b"no longer a module")
    answer = made.admin("PUT", "plugins/reload")
    assert answer.status >= 400 and "it is not WebAssembly" in answer.text
    assert versions(made, "/a") == {"2"}
    assert made.admin("GET", "plugins/reload").status == 405


def test_declared_plugins_come_and_go(with_module):
    made = with_module()
    one = made.settings["wasm"]["plugins"]
    one.append({"name": "wasm_more", "file": "own.wasm"})
    route = made.admin("GET", "routes/declared").text
    body = {"uri": "/more", "plugins": {"wasm_more": {"conf": "y"}}, "upstream": {"nodes": {"127.0.0.1:1": 1}}}
    assert "unknown plugin [wasm_more]" in made.admin("PUT", "routes/more", body).text
    made.write_settings()
    reload(made)
    made.put("routes/more", body)
    # A plugin that is gone is skipped by the routes that have it, which the log says.
    made.settings["wasm"]["plugins"] = one[1:]
    made.write_settings()
    reload(made)
    wait_until(lambda: "routes/declared: unknown plugin " in made.read("logs/error.log"), made.tell)
    wait_until(lambda: versions(made, "/a") == {None}, made.tell)
    assert made.admin("GET", "routes/declared").text == route


RESTART = {  # what changes, and how it is called in the warning
    "apisix.node_listen": ("apisix", "node_listen", 9080),
    "apisix.status": ("apisix", "status", {"ip": "127.0.0.1", "port": 7085}),
    "apisix.control": ("apisix", "control", {"ip": "127.0.0.1", "port": 9090}),
    "apisix.disable_upstream_healthcheck": ("apisix", "disable_upstream_healthcheck", True),
    "apisix.enable_ipv6": ("apisix", "enable_ipv6", True),
    "apisix.router": ("apisix", "router", {"http": "radixtree_uri"}),
    "apisix.delete_uri_tail_slash": ("apisix", "delete_uri_tail_slash", True),
    "apisix.match_uri_encoded_slash": ("apisix", "match_uri_encoded_slash", True),
    "apisix.dns_resolver": ("apisix", "dns_resolver", ["127.0.0.1:5353"]),
    "apisix.enable_admin or deployment.role": ("apisix", "enable_admin", False),
    "apisix.enable_server_tokens or server_header": ("apisix", "enable_server_tokens", False),
    "apisix.show_upstream_status_in_response_header": ("apisix", "show_upstream_status_in_response_header", True),
    "deployment.admin.admin_listen": ("deployment", "admin", {"admin_listen": 9180}),
    "deployment.admin.reachable_through_routes": ("deployment", "admin", {"reachable_through_routes": True}),
    "deployment.embedded.path": ("deployment", "embedded", {"path": "data/other.db"}),
    "nginx_config.worker_processes": ("nginx_config", "worker_processes", 3),
    "nginx_config.http.keepalive_timeout": ("nginx_config", "http", {"keepalive_timeout": 7}),
    "wasm.first_tier": ("wasm", "first_tier", "off"),
    "plugin_attr.prometheus": ("plugin_attr", "prometheus", {"export_uri": "/other"}),
}


def test_every_setting_that_needs_a_restart_is_named(gateway, upstream):
    one = gateway(resources={"routes": [{"id": 1, "uri": "/a", "upstream": {"nodes": {upstream().address: 1}}}]})
    written = one.settings
    for name, (section, key, value) in RESTART.items():
        one.settings = {**written, section: {**written.get(section, {}), key: value}}
        one.write_settings()
        reload(one)
        line = f"[warn] {one.process.pid}: {name}: this change takes effect with a restart"
        assert one.read("logs/error.log").count(line) == 1, name
        reload(one)
        assert one.read("logs/error.log").count(line) == 2, name
        assert one.ask("GET", "/a").status == 200
    one.settings = written
    one.write_settings()
    before = one.read("logs/error.log").count("takes effect with a restart")
    reload(one)
    assert one.read("logs/error.log").count("takes effect with a restart") == before


def test_what_is_read_again_says_nothing_of_a_restart(gateway, upstream):
    one = gateway(resources={"routes": [{"id": 1, "uri": "/a", "upstream": {"nodes": {upstream().address: 1}}}]})
    assert one.admin("OPTIONS", "routes").get("access-control-allow-origin") == "*"
    admin = one.settings["deployment"]["admin"]
    admin.update(enable_admin_cors=False, allow_admin=["127.0.0.1"], admin_key=[{"name": "n", "key": "a-new-key-0123456789"}])
    one.settings["nginx_config"].update(worker_shutdown_timeout="100ms", error_log_level="debug",
                                        http={"access_log_format": "json"})
    one.settings["plugins"] = ["request-id", "prometheus"]
    one.settings["wasm"] = {"cpu_budget": "20ms"}
    one.write_settings()
    reload(one)
    assert "restart" not in one.read("logs/error.log")
    answer = one.admin("GET", "routes", key="a-new-key-0123456789")
    assert (answer.status, answer.get("access-control-allow-origin")) == (200, None)
    assert one.admin("GET", "routes").status == 401
    body = {"uri": "/b", "plugins": {"fault-injection": {"abort": {"http_status": 418}}}}
    assert "unknown plugin [fault-injection]" in one.admin("PUT", "routes/2", body, key="a-new-key-0123456789").text
    one.ask("GET", "/a")
    wait_until(lambda: one.read("logs/access.log").startswith('{"time":'), one.tell)


def test_the_time_to_drain_is_read_again(gateway, upstream):
    up = upstream(answers=[{"hang": True}])
    one = gateway(settings={"nginx_config": {"worker_shutdown_timeout": "3600s"}}, resources={"routes": [
        {"id": 1, "uri": "/a", "upstream": {"nodes": {up.address: 1}}}]})
    one.settings["nginx_config"]["worker_shutdown_timeout"] = "100ms"
    one.write_settings()
    reload(one)
    with one.connect() as client:
        client.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
        wait_until(lambda: up.seen, "the request to arrive")
        one.signal(signal.SIGTERM)
        one.wait_for_end()


def test_log_settings_that_cannot_be_used_leave_the_logs(gateway, upstream):
    one = gateway(resources={"routes": [{"id": 1, "uri": "/a", "upstream": {"nodes": {upstream().address: 1}}}]})
    one.path("occupied").write_text("a file")
    one.settings["nginx_config"]["http"] = {"access_log": "occupied/access.log"}
    one.write_settings()
    reload(one, "the logs stay as they are")
    one.settings["nginx_config"]["http"] = {"access_log_format": "$"}
    one.write_settings()
    reload(one, "nginx_config.http.access_log_format is no format", "the settings stay as they are")
    one.ask("GET", "/a?still")
    wait_until(lambda: "still" in one.read("logs/access.log"), one.tell)


def test_the_file_of_resources_is_read_at_once(gateway, upstream):
    up = upstream()
    one = gateway(store="yaml", resources={"routes": [{"id": 1, "uri": "/a", "upstream": {"nodes": {up.address: 1}}}]})
    one.write_resources({"routes": [{"id": 1, "uri": "/b", "upstream": {"nodes": {up.address: 1}}}]})
    reload(one)
    assert [one.ask("GET", uri).status for uri in ("/a", "/b")] == [404, 200]


def test_busy_connections_notice_nothing_of_settings_that_are_read_again(gateway, upstream):
    one = gateway(resources={"routes": [{"id": "r", "uri": "/a", "upstream": {"nodes": {upstream().address: 1}}}]})
    with AllAsking(one, clients=32, is_good=lambda response: response.get("connection") is None) as asking:
        for number in range(1, 6):
            before = [client.count for client in asking.clients]
            one.signal(signal.SIGHUP)
            wait_until(lambda: one.read("logs/error.log").count("settings were read again") >= number, one.tell)
            wait_until(lambda: all(c.failures or c.count > n for c, n in zip(asking.clients, before)),
                       "each client to be answered again")
