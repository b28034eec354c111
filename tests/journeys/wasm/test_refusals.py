"""Every reason for which a Wasm plugin is refused, at the Admin API, at the start and by `sallyport check`."""
import re
import signal

import pytest

from harness.modules import assemble, modules
from harness.patience import wait_until

MEMORY = '(memory (export "memory") 1)'
ALLOCATOR = '(func (export "malloc") (param i32) (result i32) (i32.const 0))'
MARKER = '(func (export "proxy_abi_version_0_2_1"))'

# Modules that are no plugins for this gateway, and what is said about them.
TEXTS = {
    "no marker": (MEMORY + ALLOCATOR, "exports none of proxy_abi_version_0_1_0"),
    "a bare command": (MEMORY + '(func (export "_start"))', "it is no Proxy-Wasm plugin"),
    "an unknown import": ('(import "env" "proxy_teleport" (func))' + MEMORY + ALLOCATOR + MARKER,
                          "env.proxy_teleport, which this gateway does not offer"),
    "an unknown import of WASI": ('(import "wasi_snapshot_preview1" "teleport" (func))' + MEMORY + ALLOCATOR + MARKER,
                                  "wasi_snapshot_preview1.teleport, which this gateway does not offer"),
    "an imported memory": ('(import "env" "memory" (memory 1))' + ALLOCATOR + MARKER, "env.memory, which is no function"),
    "an import of another shape": ('(import "env" "proxy_log" (func (param i64) (result i32)))' + MEMORY + ALLOCATOR + MARKER,
                                   "imports env.proxy_log as"),
    "a callback of another shape": (MEMORY + ALLOCATOR + MARKER + '(func (export "proxy_on_request_headers") (param i64))',
                                    "exports proxy_on_request_headers as"),
    "no memory": (ALLOCATOR + MARKER, 'no memory named "memory"'),
    "no allocator": (MEMORY + MARKER, "no allocator"),
    "a trap at the start": (MEMORY + ALLOCATOR + MARKER + '(func (export "_initialize") unreachable)', "_initialize trapped"),
    "a VM that does not start": (MEMORY + ALLOCATOR + MARKER + '(func (export "proxy_on_vm_start") (param i32 i32) (result i32) '
                                 "(i32.const 0))", "proxy_on_vm_start refused"),
    "a trap at the configuration": (MEMORY + ALLOCATOR + MARKER + '(func (export "proxy_on_configure") (param i32 i32) '
                                    "(result i32) unreachable)", "proxy_on_configure trapped"),
}

FILES = {
    "text": (b"#!/bin/sh\n", "it is not WebAssembly"),
    "nothing": (b"", "it is not WebAssembly"),
    "a component": (b"\0asm\x0d\0\1\0", "a WebAssembly component"),
    "a cut module": (b"\0asm\1\0\0\0\1\5\1", "broken or unsupported WebAssembly module"),
    "another version": (b"\0asm\2\0\0\0", "unknown version"),
}


def route(conf, plugin="wasm"):
    return {"uri": "/refused", "plugins": {plugin: conf}, "upstream": {"nodes": {"127.0.0.1:1": 1}}}


def module(path, **more):
    return {"conf": {"name": "refused", "path": str(path), **more}}


def refusal(gateway, conf, plugin="wasm"):
    """The reason with which a route is refused; nothing of it may be there afterwards."""
    answer = gateway.admin("PUT", "routes/refused", route(conf, plugin))
    assert answer.status == 400, f"{conf}: {answer.text}"
    assert gateway.admin("GET", "routes/refused").status == 404
    assert gateway.ask("GET", "/refused").status == 404
    return answer.text.replace('\\"', '"')


@pytest.fixture
def refusing(gateway):
    """A gateway in whose folder `wasm` modules may lie, and nowhere else."""
    made = gateway({"wasm": {"enable": True, "allowed_dirs": ["wasm", str(modules())],
                             "plugins": [{"name": "wasm_script", "file": str(modules() / "script.wasm")}]}}, start=False)
    made.path("wasm").mkdir()
    return made.start()


def test_what_is_no_plugin_is_refused_with_the_reason(refusing):
    for name, (text, reason) in TEXTS.items():
        path = assemble(f"(module {text})", refusing.path(f"wasm/{name}.wasm"))
        assert reason in refusal(refusing, module(path)), name
    for name, (content, reason) in FILES.items():
        refusing.path("wasm/refused.wasm").write_bytes(content)
        answer = refusal(refusing, module("wasm/refused.wasm"))
        assert reason in answer, name
        assert "refused.wasm" in answer, name
    # The same name with good content is good.
    refusing.path("wasm/refused.wasm").write_bytes((modules() / "script.wasm").read_bytes())
    refusing.put("routes/1", route(module("wasm/refused.wasm")))


def test_modules_come_only_from_allowed_folders(refusing):
    script = (modules() / "script.wasm").read_bytes()
    refusing.path("outside.wasm").write_bytes(script)
    refusing.path("wasm-next-door").mkdir()
    refusing.path("wasm-next-door/a.wasm").write_bytes(script)
    refusing.path("wasm/linked.wasm").symlink_to("../outside.wasm")
    refusing.path("wasm/folder").symlink_to("../wasm-next-door")
    for path in ("outside.wasm", refusing.path("outside.wasm"), "wasm/../outside.wasm", "wasm/linked.wasm",
                 "wasm/folder/a.wasm", "wasm-next-door/a.wasm", "/etc/hostname"):
        assert "lies outside of wasm.allowed_dirs" in refusal(refusing, module(path)), path
    for path in ("wasm/none.wasm", "/no/such/folder/a.wasm"):
        assert "cannot be read: No such file or directory" in refusal(refusing, module(path)), path
    refusing.path("wasm/real.wasm").write_bytes(script)
    refusing.path("wasm/inside.wasm").symlink_to("real.wasm")
    refusing.put("routes/1", route(module("wasm/../wasm/inside.wasm")))


def test_confs_of_another_shape_are_refused(refusing):
    good = str(modules() / "script.wasm")
    for conf in ({}, {"conf": {}}, {"conf": ""}, {"conf": 1}, {"conf": None}, {"conf": [good]}):
        assert "wasm_script" in refusal(refusing, conf, "wasm_script"), conf
    for conf in ({}, {"conf": {}}, {"conf": good}, {"conf": {"name": "a"}}, {"conf": {"path": 1}}, {"conf": {"path": ""}},
                 {"conf": {"path": good, "plugins": [{"path": good}]}}, {"conf": {"plugins": []}},
                 {"conf": {"plugins": [{"name": "a"}]}}, {"conf": {"plugins": [{"path": good, "priority": "high"}]}}):
        assert "wasm" in refusal(refusing, conf), conf


def test_a_plugin_that_does_not_want_its_configuration_is_quoted(refusing):
    script = str(modules() / "script.wasm")
    lines = "configure log 4 this is not for me\nconfigure refuse"
    for answer in (refusal(refusing, module(script, config=lines)), refusal(refusing, {"conf": lines}, "wasm_script")):
        assert "proxy_on_configure refused the configuration; its last log line: this is not for me" in answer
    several = {"conf": {"plugins": [{"path": script}, {"path": script, "name": "second", "config": lines}]}}
    assert "second: proxy_on_configure refused" in refusal(refusing, several)


def test_a_plugin_that_never_answers_its_configuration_is_refused(gateway):
    made = gateway({"wasm": {"enable": True, "allowed_dirs": [str(modules())], "memory_limit": "16m"}})
    answer = refusal(made, module(modules() / "script.wasm", config="configure grow"))
    assert "memory limit of 16 MiB" in answer


def test_only_where_wasm_is_enabled_do_routes_name_modules(gateway):
    made = gateway({"wasm": {"allowed_dirs": [str(modules())]}})
    assert "unknown plugin [wasm]; routes may name modules where the settings have wasm.enable: true" in refusal(
        made, module(modules() / "script.wasm"))


def test_declared_plugins_that_cannot_be_loaded_refuse_the_start_and_the_check(gateway):
    made = gateway(start=False)
    for name, content, reason in (("missing", None, "No such file or directory"), ("text", b"hello", "it is not WebAssembly"),
                                  ("component", b"\0asm\x0d\0\1\0", "a WebAssembly component")):
        if content is not None:
            made.path(f"{name}.wasm").write_bytes(content)
        made.settings["wasm"] = {"plugins": [{"name": "wasm_bad", "file": f"{name}.wasm"}]}
        made.write_settings()
        for command in ("run", "check"):
            ended = made.run_command(command, "-c", "conf/config.yaml")
            assert ended.returncode == 1, f"{command} {name}: {ended.returncode} {ended.stderr}"
            assert re.search(rf"conf/config\.yaml:\d+:\d+: error: wasm\.plugins: wasm_bad: .*{reason}", ended.stderr), ended


def test_a_declared_plugin_that_became_bad_keeps_its_old_form_at_a_reload(gateway):
    made = gateway({"wasm": {"plugins": [{"name": "wasm_own", "file": "own.wasm"}]}}, start=False)
    made.path("own.wasm").write_bytes((modules() / "script.wasm").read_bytes())
    made.start()
    made.put("routes/1", {"uri": "/own", "plugins": {"wasm_own": {"conf": "request_headers answer 200 old"}},
                          "upstream": {"nodes": {"127.0.0.1:1": 1}}})
    made.path("own.wasm").write_bytes(b"no longer a module")
    made.signal(signal.SIGHUP)
    wait_until(lambda: "it is not WebAssembly" in made.read("logs/error.log"), "a line about the module")
    assert made.ask("GET", "/own").text == "old"
