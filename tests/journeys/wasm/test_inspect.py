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


@pytest.mark.parametrize("arguments, what", [
    ([], "wasm wants to be told what to do"), (["teleport", "a.wasm"], "wasm teleport: there is no such tool"),
    (["inspect"], "wasm inspect wants the FILE"), (["inspect", "--engine", "v8", "a.wasm"], "--engine v8: write one of "),
    (["inspect", "a.wasm", "--fast"], "unknown option --fast"), (["run"], "wasm run wants the FILE"),
    (["new"], "wasm new wants the NAME")])
def test_mistakes_on_the_command_line_are_named(run, arguments, what):
    told = run("wasm", *arguments)
    assert told.returncode == 2 and told.stderr.startswith(f"sallyport: {what}"), told.stderr


def test_each_tool_has_its_usage(run):
    for tool in ([], ["inspect"], ["run"], ["new"]):
        told = run("wasm", *tool, "--help")
        assert told.returncode == 0 and told.stdout.startswith("usage: sallyport wasm ")


def test_options_stand_on_either_side_of_the_file(run):
    file = str(examples() / "fault-injection-cpp.wasm")
    for words in (["--engine", "pulley", file], [file, "--engine=pulley"]):
        told = run("wasm", "inspect", *words)
        assert told.returncode == 0 and told.stdout.endswith("accepted: it compiles and starts\n"), told.stderr
