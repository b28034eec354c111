"""Which modules are taken, how they are started, and what calls answer that are not there yet."""
import re
import shutil
import signal
import tempfile
import threading
from pathlib import Path

import pytest

from harness.modules import ROOT, assemble, modules
from harness.patience import wait_until

# Adds the response header x-told with $size bytes at 64 as its value.
TELLER = """(module
  (import "env" "proxy_add_header_map_value" (func $add (param i32 i32 i32 i32 i32) (result i32)))
  {imports}
  (memory (export "memory") 1)
  (data (i32.const 16) "x-told")
  (global $size (mut i32) (i32.const 0))
  (func $tell (param $byte i32)
    (i32.store8 (i32.add (i32.const 64) (global.get $size)) (local.get $byte))
    (global.set $size (i32.add (global.get $size) (i32.const 1))))
  (func (export "proxy_on_memory_allocate") (param i32) (result i32) (i32.const 4096))
  (func (export "{marker}"))
  {functions}
  (func (export "proxy_on_response_headers") {parameters} (result i32)
    {calls}
    (drop (call $add (i32.const 2) (i32.const 16) (i32.const 6) (i32.const 64) (global.get $size)))
    (i32.const 0)))"""


def teller(marker="proxy_abi_version_0_2_1", imports="", functions="", calls=""):
    parameters = "(param i32 i32)" if marker.endswith("0_1_0") else "(param i32 i32 i32)"
    return TELLER.format(marker=marker, imports=imports, functions=functions, calls=calls, parameters=parameters)


def letter(text):
    return f"(call $tell (i32.const {ord(text)}))"


def told(gateway, upstream, text, **declared):
    """What a plugin made of that text says about a request."""
    one = gateway({"nginx_config": {"worker_processes": 1}, "wasm": {"plugins": [{"name": "own", "file": "own.wasm", **declared}]}},
                  start=False)
    assemble(text, one.path("own.wasm"))
    one.start()
    one.put("routes/1", {"uri": "/a", "plugins": {"own": {"conf": "x"}}, "upstream": {"nodes": {upstream().address: 1}}})
    answer = one.ask("GET", "/a")
    assert answer.status == 200, one.tell()
    return answer.get("x-told")


@pytest.mark.parametrize("version", ["0_1_0", "0_2_0", "0_2_1", "0_2_100"])
def test_every_version_of_the_abi_is_served(gateway, upstream, version):
    assert told(gateway, upstream, teller(f"proxy_abi_version_{version}", calls=letter("v"))) == "v"


VM_START = '(func (export "proxy_on_vm_start") (param i32 i32) (result i32) ' + letter("v") + " (i32.const 1))"
CONFIGURE = '(func (export "proxy_on_configure") (param i32 i32) (result i32) ' + letter("c") + " (i32.const 1))"


def start_function(name, mark):
    return f'(func (export "{name}") {letter(mark)})'


@pytest.mark.parametrize("functions, order", [
    (start_function("_initialize", "i") + VM_START + CONFIGURE, "ivc"), (start_function("_start", "s") + CONFIGURE + VM_START, "svc"),
    (VM_START + CONFIGURE, "vc")], ids=["_initialize", "_start", "neither"])
def test_a_vm_is_started_before_it_is_configured(gateway, upstream, functions, order):
    assert told(gateway, upstream, teller(functions=functions)) == order


# How many parameters calls have, all i32 unless their types are named.
SHAPES = {
    "set_tick_period_milliseconds": 1, "define_metric": 4, "increment_metric": ["i32", "i64"], "record_metric": ["i32", "i64"],
    "get_metric": 2, "register_shared_queue": 3, "resolve_shared_queue": 5, "enqueue_shared_queue": 3, "dequeue_shared_queue": 3,
    "http_call": 10, "grpc_call": 12, "grpc_stream": 9, "grpc_send": 4, "grpc_cancel": 1, "grpc_close": 1}


def missing_calls():
    """What docs/wasm.md says about calls that are not there yet: {name: code}. A name may be cut short, as in `resolve_`."""
    text = (ROOT / "docs/wasm.md").read_text()
    section = text.partition("## Host calls that are not there yet")[2]
    rows = re.findall(r"^\| (`.*?) \| (\d+) \|$", section, re.MULTILINE)
    codes = {name: int(code) for names, code in rows for name in re.findall(r"`(\w+)`", names)}
    return {call: codes[name] for call in SHAPES for name in (call, f"{call.split('_')[0]}_") if name in codes}


def test_calls_that_are_not_there_yet_answer_as_the_documentation_says(gateway, upstream):
    missing = missing_calls()
    imports, calls = "", ""
    for name in missing:
        types = SHAPES[name] if isinstance(SHAPES[name], list) else ["i32"] * SHAPES[name]
        imports += f'(import "env" "proxy_{name}" (func ${name} (param {" ".join(types)}) (result i32)))\n'
        # As pointers and as sizes they lie within the memory.
        arguments = " ".join(f"({kind}.const {2048 if kind == 'i32' else 0})" for kind in types)
        calls += f"(call $tell (i32.add (i32.const {ord('0')}) (call ${name} {arguments})))\n"
    codes = [ord(byte) - ord("0") for byte in told(gateway, upstream, teller(imports=imports, calls=calls)) or ""]
    assert dict(zip(missing, codes)) == missing


def test_without_allowed_dirs_modules_come_from_the_prefix(gateway, upstream):
    one = gateway({"wasm": {"enable": True}}, start=False)
    assemble(teller(calls=letter("p")), one.path("own.wasm"))
    one.start()
    route = {"uri": "/a", "upstream": {"nodes": {upstream().address: 1}}}

    def put(path):
        return one.admin("PUT", "routes/1", {**route, "plugins": {"wasm": {"conf": {"name": "own", "path": str(path)}}}})

    for path in ("own.wasm", "./own.wasm", one.path("own.wasm")):
        assert put(path).status in (200, 201)
        assert one.ask("GET", "/a").get("x-told").startswith("p")
    outside = Path(tempfile.mkdtemp(prefix="sallyport-outside-"))
    try:
        shutil.copy(one.path("own.wasm"), outside)
        for path in (outside / "own.wasm", f"../{outside.name}/own.wasm"):
            refused = put(path)
            assert refused.status == 400 and "lies outside of wasm.allowed_dirs" in refused.text
        # Where recipes have them is allowed, too: what is missing there is missing, not forbidden.
        assert "No such file or directory" in put("/opt/apisix/wasm/no-such-module.wasm").text
    finally:
        shutil.rmtree(outside)


def test_a_plugin_hears_the_end_of_an_exchange_whose_client_is_lost(gateway, upstream):
    up = upstream(answers=[{"hang": True}])
    one = gateway({"wasm": {"plugins": [{"name": "wasm_script", "file": str(modules() / "script.wasm")}]}})
    one.put("routes/1", {"uri": "/a", "upstream": {"nodes": {up.address: 1}}, "plugins": {
        "wasm_script": {"conf": "done log 2 told done\nlog log 2 told log\ndelete log 2 told delete"}}})
    with one.connect() as client:
        client.send("GET /a HTTP/1.1\r\nHost: a\r\n\r\n")
        wait_until(lambda: up.seen, "the request to arrive")
    wait_until(lambda: "told delete" in one.read("logs/error.log"), one.tell)
    lines = [line.rsplit(" ", 1)[1] for line in one.read("logs/error.log").splitlines() if "plugin wasm_script: told " in line]
    assert lines == ["done", "log", "delete"]


SET_TICKS = '(import "env" "proxy_set_tick_period_milliseconds" (func $set_ticks (param i32) (result i32)))'
TICKS_EACH_HOUR = '''(func (export "proxy_on_tick") (param i32))
  (func (export "proxy_on_configure") (param i32 i32) (result i32)
    (drop (call $set_ticks (i32.const 3600000))) (i32.const 1))'''


@pytest.mark.parametrize("workers", [1, 2])
def test_a_conf_that_only_an_exchange_holds_goes_with_the_gateway(gateway, upstream, workers):
    """At a second signal, with the exchange, when the loops that the VMs of the conf lived on are gone."""
    released = threading.Event()
    up = upstream(answers=[{"held": released}])
    one = gateway({"nginx_config": {"worker_processes": workers, "worker_shutdown_timeout": "3600s"},
                   "wasm": {"plugins": [{"name": "own", "file": "own.wasm"}]}}, start=False)
    assemble(teller(imports=SET_TICKS, functions=TICKS_EACH_HOUR), one.path("own.wasm"))
    one.start()
    route = {"uri": "/a", "upstream": {"nodes": {up.address: 1}}}
    one.put("routes/1", {**route, "plugins": {"own": {"conf": "x"}}})
    with one.connect() as client:
        client.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
        wait_until(lambda: up.seen, "the request to arrive")
        one.put("routes/1", route)
        for _ in range(2):
            one.signal(signal.SIGTERM)
            one.wait_for_line("draining")
        assert one.wait_for_end() == 0, one.tell()
    released.set()
    one.check_sanitizers()
