"""What can be set for one Wasm plugin: that it takes effect, that a HUP changes it, and what is said about wrong values."""
import re
import signal

import pytest

from harness.modules import assemble, modules
from harness.patience import wait_until

# Answers with the variables that WASI shows, and, in the header x-log, with what proxy_log and proxy_get_property return.
TELLER = """(module
  (import "wasi_snapshot_preview1" "environ_sizes_get" (func $sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_get" (func $get (param i32 i32) (result i32)))
  (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
  (import "env" "proxy_get_property" (func $property (param i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_send_local_response" (func $answer (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 2)
  (data (i32.const 0) "plugin_name")
  ;; One header of five letters and one digit.
  (data (i32.const 100) "\\01\\00\\00\\00\\05\\00\\00\\00\\02\\00\\00\\00x-log\\00")
  (func (export "proxy_on_memory_allocate") (param i32) (result i32) (i32.const 66000))
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (local $size i32)
    (i32.store8 (i32.const 118) (i32.add (i32.const 48) (call $log (i32.const 3) (i32.const 0) (i32.const 11))))
    (i32.store8 (i32.const 119)
      (select (i32.const 49) (i32.const 48) (call $property (i32.const 0) (i32.const 11) (i32.const 300) (i32.const 304))))
    (drop (call $sizes (i32.const 400) (i32.const 404)))
    (drop (call $get (i32.const 500) (i32.const 1000)))
    (drop (call $answer (i32.const 200) (i32.const 0) (i32.const 0) (i32.const 1000) (i32.load (i32.const 404))
                        (i32.const 100) (i32.const 21) (i32.const -1)))
    (i32.const 1)))"""
CONF = {"conf": "x"}


def reload(one, text):
    before = one.read("logs/error.log").count(text)
    one.signal(signal.SIGHUP)
    wait_until(lambda: one.read("logs/error.log").count(text) > before, one.tell)


@pytest.fixture
def telling(gateway):
    """A gateway with the plugin `own`, whose settings are given, on /a."""

    def make(**settings):
        one = gateway({"nginx_config": {"worker_processes": 1},
                       "wasm": {"enable": True, "plugins": [{"name": "own", "file": "own.wasm", **settings}]}}, start=False)
        assemble(TELLER, one.path("own.wasm"))
        one.start()
        one.put("routes/1", {"uri": "/a", "plugins": {"own": CONF}, "upstream": {"nodes": {"127.0.0.1:1": 1}}})
        return one

    return make


def test_a_plugin_sees_its_variables_and_a_hup_changes_them(telling, monkeypatch):
    monkeypatch.setenv("SECRET_OF_THE_GATEWAY", "x")
    one = telling(env={"A": "1", "B": "two words"})
    assert one.ask("GET", "/a").text == "A=1\0B=two words\0"
    one.settings["wasm"]["plugins"][0]["env"] = {"C": "3"}
    one.write_settings()
    reload(one, "settings were read again")
    assert one.ask("GET", "/a").text == "C=3\0"
    del one.settings["wasm"]["plugins"][0]["env"]
    one.write_settings()
    reload(one, "settings were read again")
    assert one.ask("GET", "/a").text == ""


def test_calls_that_capabilities_do_not_name_have_no_effect_and_a_hup_changes_them(telling):
    one = telling(capabilities=["proxy_send_local_response"], env={"A": "1"})
    for _ in range(3):
        answer = one.ask("GET", "/a")
        assert (answer.status, answer.text, answer.get("x-log")) == (200, "", "01")
    one.wait_for_line("it called environ_get, ")  # the last of what it calls
    log = one.read("logs/error.log")
    assert log.count("it called proxy_log, which its capabilities do not name, and gets 0") == 1
    assert log.count("it called environ_get, which its capabilities do not name, and gets 76") == 1
    assert "plugin own: plugin_name" not in log
    one.settings["wasm"]["plugins"][0]["capabilities"] += ["proxy_log", "proxy_get_property", "environ_sizes_get", "environ_get"]
    one.write_settings()
    reload(one, "settings were read again")
    answer = one.ask("GET", "/a")
    assert (answer.text, answer.get("x-log")) == ("A=1\0", "00")
    wait_until(lambda: "plugin own: plugin_name" in one.read("logs/error.log"), one.tell)


WRONG = {
    "cpu_budget: soon": r"cpu_budget is no duration: \"soon\"; write seconds, or a number with a unit",
    "cpu_budget: 0": r"cpu_budget is 0; give from 1ms to 1h",
    "memory_limit: 5g": r"memory_limit is \"5g\"; give from 64k to 4g",
    "log_limit: -1": r"log_limit is -1; give how many lines a second",
    "metric_limit: many": r"metric_limit is \"many\"; give how many changes a second",
    "max_pause: 0": r"max_pause is 0; give from 1ms to 1h",
    "max_held_body: 2g": r"max_held_body is \"2g\"; write bytes, or a number with k, m or g, up to 1g",
    "max_metrics: many": r"max_metrics is \"many\"; give a number from 0 to 16384",
    "capabilities: proxy_log": r"capabilities wants a list of host calls",
    "capabilities: [proxy_lgo]": r"capabilities\[0\] is \"proxy_lgo\", which is no host call of this gateway; did you mean proxy_log\?",
    "env: [A]": r"env wants a mapping of names to texts",
    "env: {A: []}": r"env\.A is no text; give one, or a number",
    "vm_id: ''": r"vm_id is \"\"; give a text of 1 to 256 bytes",
    "fail: maybe": r"fail is \"maybe\"; give one of: closed, open, reload",
    "http_request_phase: late": r"http_request_phase is \"late\"; give one of: access, rewrite",
    "allow_on_headers_stop_iteration: 7": r"allow_on_headers_stop_iteration wants true or false, and is 7",
}


def test_a_wrong_setting_is_named_with_its_place_by_check_at_the_start_and_on_hup(telling):
    one = telling(env={"A": "1"})
    good = one.path("conf/config.yaml").read_text()
    text = good.rstrip("\n").split("\nwasm:")[0]
    for setting, said in WRONG.items():
        one.write_settings(f"{text}\nwasm:\n  plugins:\n    - name: own\n      file: own.wasm\n      {setting}\n")
        ended = one.run_command("check", "-c", "conf/config.yaml")
        assert ended.returncode == 1, setting
        assert re.search(rf"conf/config\.yaml:\d+:\d+: error: wasm\.plugins\[0\]\.{said}", ended.stderr), ended.stderr
    reload(one, "allow_on_headers_stop_iteration wants true or false, and is 7")
    assert one.ask("GET", "/a").text == "A=1\0"
    ended = one.run_command("run", "-c", "conf/config.yaml")
    assert ended.returncode == 1 and "allow_on_headers_stop_iteration wants true or false" in ended.stderr
    one.write_settings(good)


def test_a_route_gets_no_more_than_the_boot_file_allows(gateway):
    one = gateway({"wasm": {"enable": True, "cpu_budget": "40ms", "memory_limit": "16m", "log_limit": 10,
                            "capabilities": ["proxy_send_local_response", "environ_get", "environ_sizes_get"],
                            "plugins": [{"name": "own", "file": "own.wasm"}]}}, start=False)
    assemble(TELLER, one.path("own.wasm"))
    one.start()

    def put(**settings):
        return one.admin("PUT", "routes/1", {"uri": "/a", "upstream": {"nodes": {"127.0.0.1:1": 1}}, "plugins": {
            "wasm": {"conf": {"plugins": [{"path": "own.wasm", "name": "mine", **settings}]}}}})

    assert put(cpu_budget="20ms", memory_limit="8m", log_limit=5, env={"MINE": "1"}, fail="reload",
               capabilities=["proxy_send_local_response", "environ_get", "environ_sizes_get"]).status in (200, 201)
    assert one.ask("GET", "/a").text == "MINE=1\0"
    for settings, said in (
            ({"cpu_budget": "41ms"}, "cpu_budget is"), ({"memory_limit": "17m"}, "memory_limit is"),
            ({"log_limit": 11}, "log_limit is"), ({"max_metrics": 1001}, "max_metrics is"), ({"max_pause": 61}, "max_pause is"),
            ({"max_held_body": "2m"}, "max_held_body is"), ({"metric_limit": 1000001}, "metric_limit is"), ({"capabilities": ["proxy_log"]}, "capabilities/0 is proxy_log")):
        refused = put(**settings)
        assert refused.status == 400 and f"conf/plugins/0/{said}" in refused.text and "in the boot file" in refused.text, refused.text
    for settings, said in (({"vm_id": "own"}, "vm_id own is that of a plugin which the boot file declares"),
                           ({"fail": "maybe"}, "conf/plugins/0/fail is"), ({"env": {"A=": "1"}}, "conf/plugins/0/env/A="),
                           ({"env": "A"}, "wrong type"), ({"cpu_budget": []}, "wrong type")):
        refused = put(**settings)
        assert refused.status == 400 and said in refused.text, refused.text
    assert one.ask("GET", "/a").text == "MINE=1\0"


def test_how_long_and_how_much_a_plugin_may_hold_is_its_own_setting(gateway, upstream):
    held = {"path": str(modules() / "script.wasm"), "max_pause": "50ms", "max_held_body": 10}
    bodies = {"whole": "request_headers set wasm_process_req_body 1\nrequest_body append !",
              "pieces": "request_body pause", "response": "response_body pause"}
    node = upstream(answers=[{"body": "x" * 11}]).address

    def route(name, config, **settings):
        return {"id": name, "uri": f"/{name}", "upstream": {"nodes": {node: 1}},
                "plugins": {"wasm": {"conf": {**held, "config": config, **settings}}}}

    one = gateway({"wasm": {"enable": True, "allowed_dirs": [str(modules())]}}, resources={"routes": [
        route("pause", "request_headers pause"),
        *(route(name, config) for name, config in bodies.items()),
        *(route(f"{name}-more", config, max_held_body=11) for name, config in bodies.items())]})
    assert one.ask("GET", "/pause").status == 503
    wait_until(lambda: "it held an exchange for more than 50 ms" in one.read("logs/error.log"), one.tell)
    for name, status in (("whole", 413), ("pieces", 413), ("response", 500)):
        body = b"y" * 11 if status == 413 else None
        assert one.ask("POST", f"/{name}", body=body).status == status, name
        answer = one.ask("POST", f"/{name}-more", body=body)
        assert answer.status == (200 if name == "whole" else 503), (name, answer.status)


def test_a_new_budget_and_memory_limit_take_effect_with_a_hup(gateway):
    one = gateway({"nginx_config": {"worker_processes": 1}, "wasm": {"plugins": [
        {"name": "wasm_script", "file": str(modules() / "script.wasm"), "memory_limit": "16m"}]}})
    one.put("routes/1", {"uri": "/grow", "plugins": {"wasm_script": {"conf": "request_headers grow"}},
                         "upstream": {"nodes": {"127.0.0.1:1": 1}}})
    assert one.ask("GET", "/grow").status == 503
    wait_until(lambda: "memory limit of 16 MiB" in one.read("logs/error.log"), one.tell)
    one.settings["wasm"]["plugins"][0].update(memory_limit="8m", cpu_budget="5ms")
    one.write_settings()
    reload(one, "settings were read again")
    assert one.ask("GET", "/grow").status == 503
    wait_until(lambda: re.search("memory limit of 8 MiB|CPU budget of 5 ms", one.read("logs/error.log")), one.tell)


def test_traps_and_vms_are_counted(gateway):
    one = gateway({"nginx_config": {"worker_processes": 1}, "wasm": {"plugins": [
        {"name": "wasm_script", "file": str(modules() / "script.wasm")}]}})
    one.put("routes/1", {"uri": "/trap", "plugins": {"wasm_script": {"conf": "request_headers trap"}},
                         "upstream": {"nodes": {"127.0.0.1:1": 1}}})
    assert one.metric("sallyport_wasm_vms", plugin="wasm_script") == 1
    for _ in range(3):
        assert one.ask("GET", "/trap").status == 503
    traps = {"plugin": "wasm_script", "callback": "proxy_on_request_headers", "reason": "unreachable"}
    assert one.metric("sallyport_wasm_traps_total", **traps) == 3
    assert one.metric("sallyport_wasm_vm_restarts_total", plugin="wasm_script") >= 2


def test_with_fail_reload_the_plugin_is_back_after_a_while(gateway):
    one = gateway({"nginx_config": {"worker_processes": 1}, "wasm": {"plugins": [
        {"name": "wasm_script", "file": str(modules() / "script.wasm"), "fail": "reload"}]}})
    one.put("routes/1", {"uri": "/a", "plugins": {"wasm_script": {
        "conf": "request_headers if x-trap\nrequest_headers trap\nresponse_headers add x-good yes"}},
        "upstream": {"nodes": {"127.0.0.1:1": 1}}})
    for _ in range(2):
        assert one.ask("GET", "/a", headers={"x-trap": "1"}).status == 503
        wait_until(lambda: one.ask("GET", "/a").get("x-good") == "yes", one.tell)
    one.wait_for_line("started again in")
