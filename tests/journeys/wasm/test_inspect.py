"""`sallyport wasm inspect`, which needs neither a gateway nor settings."""
import pytest

from harness.modules import assemble, examples


@pytest.fixture
def run(gateway):
    return gateway(start=False).run_command


@pytest.mark.parametrize("example, abi, built", [
    ("fault-injection-rust", "0.2.1", "Rust (rustc "), ("fault-injection-go", "0.2.0", "Go (go1"),
    ("fault-injection-cpp", "0.2.1", "C or C++ (clang "), ("fault-injection-as", "0.2.0", "AssemblyScript")])
def test_examples_are_known_and_accepted(run, example, abi, built):
    told = run("wasm", "inspect", str(examples() / f"{example}.wasm"))
    assert told.returncode == 0, told.stdout
    assert f"ABI         {abi}\n" in told.stdout and f"built with  {built}" in told.stdout
    assert "  proxy_on_request_headers (i32, i32, i32) -> i32\n" in told.stdout
    assert told.stdout.endswith("accepted: it compiles and starts\n")


def test_what_is_refused_is_marked_and_said(gateway):
    one = gateway(start=False)
    assemble('(module (import "env" "proxy_teleport" (func)) (memory (export "memory") 1)'
             ' (func (export "malloc") (param i32) (result i32) (i32.const 0)) (func (export "proxy_abi_version_0_2_1")))',
             one.path("bad.wasm"))
    told = one.run_command("wasm", "inspect", "bad.wasm")
    assert told.returncode == 1
    assert "  env.proxy_teleport () -> ()  REFUSED: not offered by this gateway\n" in told.stdout
    assert told.stdout.endswith("REFUSED: bad.wasm: it imports env.proxy_teleport, which this gateway does not offer\n")
    assert one.run_command("wasm", "inspect", "none.wasm").stdout.startswith("REFUSED: none.wasm: cannot be read")


def test_mistakes_on_the_command_line_are_answered_with_the_usage(run):
    for arguments in (["wasm"], ["wasm", "inspect"], ["wasm", "teleport", "a.wasm"]):
        told = run(*arguments)
        assert told.returncode == 2 and told.stderr.startswith("usage: sallyport wasm inspect FILE")
    assert run("wasm", "--help").returncode == 0
