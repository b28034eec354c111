"""Modules that tell their version, and routes on which it shows."""
import functools
import tempfile
from pathlib import Path

from .modules import assemble

# Adds the response header x-version with $name as its value; proxy_on_configure says $configured.
MODULE = """(module
  (import "env" "{add}" (func $add (param i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "x-version") (data (i32.const 64) "{name}")
  (func (export "proxy_on_memory_allocate") (param i32) (result i32) (i32.const 4096))
  (func (export "{marker}"))
  (func (export "proxy_on_configure") (param i32 i32) (result i32) (i32.const {configured}))
  (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
    (drop (call $add (i32.const 2) (i32.const 16) (i32.const 9) (i32.const 64) (i32.const {size})))
    (i32.const 0)))"""


@functools.cache
def module(name="A", configured=1, marker="proxy_abi_version_0_2_1", add="proxy_add_header_map_value"):
    with tempfile.TemporaryDirectory() as folder:
        text = MODULE.format(name=name, size=len(name), configured=configured, marker=marker, add=add)
        return assemble(text, Path(folder) / "made.wasm").read_bytes()


def version_at(gateway, target="/a"):
    answer = gateway.ask("GET", target)
    assert answer.status == 200, f"{answer.status}\n{gateway.tell()}"
    return answer.get("x-version")


def add_route(gateway, upstream, plugin="own", route="1", uri="/a"):
    gateway.put(f"routes/{route}", {"uri": uri, "plugins": {plugin: {"conf": "x"}},
                                    "upstream": {"nodes": {upstream.address: 1}}})
