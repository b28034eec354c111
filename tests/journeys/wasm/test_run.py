"""`sallyport wasm run`: an exchange without a gateway, and all that a plugin does in it."""
import json
import os
import re
import subprocess

import pytest

from harness.modules import assemble, examples

# A module that runs `BODY` when the head of a request comes.
ON_REQUEST = """(module
  (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
  (import "env" "proxy_get_property" (func $property (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "MODE=none")
  (func (export "proxy_on_memory_allocate") (param i32) (result i32) (i32.const 4096))
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) BODY))"""


@pytest.fixture
def run(gateway, monkeypatch, tmp_path_factory):
    """Runs `sallyport wasm run` in a folder of its own; what is compiled is kept for all of these tests."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "wasm-run-cache"))
    return lambda *arguments: gateway(start=False).run_command("wasm", "run", *arguments)


@pytest.fixture
def module(tmp_path):
    return lambda body: str(assemble(ON_REQUEST.replace("BODY", body), tmp_path / "plugin.wasm"))


def example(name):
    return str(examples() / f"{name}.wasm")


@pytest.mark.parametrize("language", ["rust", "go", "cpp", "as"])
def test_a_local_answer_of_each_language_is_shown_with_the_calls_that_made_it(run, language):
    told = run(example(f"fault-injection-{language}"), "--conf", '{"http_status": 418, "body": "teapot"}', "--expect", "status=418",
               "--expect", "upstream=none", "--expect", "body=teapot")
    assert (told.returncode, told.stderr) == (0, ""), told.stdout + told.stderr
    lines = told.stdout.splitlines()
    at = [next(i for i, line in enumerate(lines) if line.startswith(start)) for start in (
        "start", "  proxy_on_configure(root=1, configuration_size=38)", "request", "  proxy_on_request_headers(context=2, headers=4",
        '    proxy_send_local_response(418, "', "end", "the upstream gets nothing", "the client gets", "  HTTP/1.1 418", "  teapot")]
    assert at == sorted(at)
    assert any('"{\\"http_status\\": 418, \\"body\\": \\"teapot\\"}"' in line for line in lines)


def test_the_upstream_and_the_client_see_what_the_plugin_changed(run):
    conf = {"request": {"add": [{"name": "x-added", "value": "a"}]}, "response": {"remove": ["x-gone"], "body": [{"text": "old", "with": "brand new"}]}}
    told = run(example("request-transform-as"), "--conf", json.dumps(conf), "--request", "POST /a?b=c", "-H", "X-Own: 1", "--body", "sent",
               "--response", "201", "--response-header", "X-Gone: 1", "--response-body", "the old text", "--expect", "status=201",
               "--expect", "upstream-header=x-added: a", "--expect", "upstream-header=x-own: 1", "--expect", "upstream-body=sent",
               "--expect", "no-header=x-gone", "--expect", "body=the brand new text", "--expect", "upstream=asked")
    assert (told.returncode, told.stderr) == (0, ""), told.stdout + told.stderr
    assert "the upstream gets\n  POST /a?b=c HTTP/1.1\n" in told.stdout


def test_http_calls_get_the_answers_that_were_given_or_those_of_a_server(run, upstream):
    auth = upstream(answers=[{"status": 403, "body": "no"}])
    conf = ["--conf", '{"upstream": "auth", "path": "/check"}']
    passes = run(example("auth-call-rust"), *conf, "--http-call", "auth=200", "--expect", "status=200", "--expect", "upstream=asked")
    assert passes.returncode == 0, passes.stdout + passes.stderr
    assert '  proxy_on_http_call_response(root=1, call=' in passes.stdout
    refused = run(example("auth-call-rust"), *conf, "--http-call", f"auth={auth.address}", "--expect", "status=403", "--expect", "upstream=none")
    assert refused.returncode == 0, refused.stdout + refused.stderr
    assert [request.target for request in auth.seen] == ["/check"]
    missing = run(example("auth-call-rust"), *conf, "--expect", "status=503")
    assert 'gateway warn: plugin auth-call-rust: http_call to "auth" is refused: there is no upstream of that id or name' in missing.stdout


def test_what_a_plugin_is_answered_may_have_headers(run):
    told = run(example("auth-call-rust"), "--conf", '{"upstream": "auth"}', "--http-call", "auth=200", "--http-call-header", "auth=X-Auth-User: alice",
               "--expect", "upstream-header=x-auth-user: alice")
    assert told.returncode == 0, told.stdout + told.stderr


def test_grpc_calls_get_the_answers_that_were_given(run):
    arguments = [example("auth-grpc-rust"), "--conf", '{"upstream": "auth"}']
    refused = run(*arguments, "--grpc-call", "auth=7 not you", "--expect", "status=403", "--expect", "body=not you")
    assert refused.returncode == 0, refused.stdout + refused.stderr
    assert "  proxy_on_grpc_close(root=1, call=5, status=7)" in refused.stdout
    passes = run(*arguments, "--grpc-call", "auth=0 \n\x05alice", "--expect", "upstream-header=x-auth-user: alice")
    assert passes.returncode == 0, passes.stdout + passes.stderr
    assert "  proxy_on_grpc_receive(root=1, call=5, size=7)" in passes.stdout


def test_a_body_comes_in_its_pieces_and_trailers_behind_it(run):
    arguments = [example("body-limit-c"), "--conf", '{"bytes": 5}', "--request", "POST /"]
    passes = run(*arguments, "--body-piece", "abc", "--body-piece", "de", "--trailer", "X-Sum: 5", "--expect", "upstream-body=abcde")
    assert passes.returncode == 0, passes.stdout + passes.stderr
    assert re.findall(r"proxy_on_request_body\(context=2, body_size=(\d), end_of_stream=(\d)\)", passes.stdout) == [("3", "0"), ("2", "0"), ("0", "1")]
    assert "X-Sum: 5" in passes.stdout
    assert run(*arguments, "--body-piece", "abc", "--body-piece", "def", "--expect", "status=413").returncode == 0


def test_state_is_kept_between_repeated_requests(run):
    arguments = [example("quota-rust"), "--conf", '{"requests": 2, "seconds": 3600}', "--ticks", "2"]
    assert run(*arguments, "--repeat", "2", "-q", "--expect", "status=200").returncode == 0
    told = run(*arguments, "--repeat", "3", "--expect", "status=429")
    assert told.returncode == 0, told.stdout + told.stderr
    assert told.stdout.count("\nrequest\n") == 3 and told.stdout.count("\ntick\n  proxy_on_tick(root=1)") == 2


def test_a_plugin_that_fails_makes_the_command_fail(run, module):
    trapped = run(module("unreachable"))
    assert trapped.returncode == 1 and "    = trap  " in trapped.stdout.replace("end_of_stream=1)", "\n   ")
    assert "proxy_on_request_headers trapped: unreachable" in trapped.stderr and "  HTTP/1.1 503 " in trapped.stdout
    opened = run(module("unreachable"), "--set", "fail=open")
    assert opened.returncode == 1 and "  HTTP/1.1 200 " in opened.stdout
    slow = run(module("(loop $on (br $on)) (i32.const 0)"), "--set", "cpu_budget=5ms")
    assert slow.returncode == 1 and "CPU budget of 5 ms used up" in slow.stderr
    held = run(module("(i32.const 1)"), "--timeout", "50ms")
    assert held.returncode == 1 and "it held an exchange for more than 50 ms" in held.stderr
    refused = run(example("quota-rust"), "--conf", '{"requests": -1}')
    assert refused.returncode == 1 and "proxy_on_configure refused the configuration; its last log line:" in refused.stderr
    assert "    log error: configuration refused" in refused.stdout and "request\n" not in refused.stdout.splitlines()
    assert run("none.wasm").stderr == "sallyport: refused: none.wasm: cannot be read: No such file or directory\n"


def test_what_the_settings_deny_is_seen(run, module):
    told = run(module("(call $property (i32.const 16) (i32.const 4) (i32.const 64) (i32.const 68))"), "--set", 'capabilities=["proxy_log"]')
    assert '    proxy_get_property("MODE") = 10 internal failure' in told.stdout
    assert "gateway warn: plugin plugin: it called proxy_get_property, which its capabilities do not name" in told.stdout


def test_tools_get_one_json_object(run):
    told = run(example("fault-injection-rust"), "--conf", '{"http_status": 403, "body": "no"}', "--json", "--expect", "status=200")
    assert told.returncode == 1 and told.stderr == "sallyport: expected status=200, but it is 403\n"
    result = json.loads(told.stdout)
    assert (result["ok"], result["failures"], result["upstream_request"]) == (False, ["expected status=200, but it is 403"], None)
    assert (result["response"]["status"], result["response"]["body"]) == (403, "no")
    calls = [event for event in result["trace"] if event["kind"] == "host_call"]
    assert [call["name"] for call in calls] == ["proxy_get_buffer_bytes", "proxy_send_local_response"]
    assert calls[1]["arguments"].startswith('403, "", "no", {') and calls[1]["result"] == "0 ok" and calls[1]["host_us"] >= 0
    returned = [event for event in result["trace"] if event["kind"] == "return"]
    assert len(returned) > 5 and all(event["guest_us"] > 0 for event in returned)


def test_requests_of_a_sandbox_each_have_their_own_instance(run):
    told = run(example("quota-rust"), "--set", "isolation=request", "--conf", '{"requests": 1}', "--expect", "status=200")
    assert told.returncode == 0, told.stdout + told.stderr
    assert "  proxy_on_request_headers(context=2, headers=4, end_of_stream=1)" in told.stdout


def test_mistakes_exit_with_2_and_say_what_to_write(run):
    told = run("a.wasm", "--request", "nonsense")
    assert (told.returncode, told.stderr) == (2, "sallyport: --request 'nonsense': write it as 'GET /path?query'\n")
    assert run("--help").stdout.startswith("usage: sallyport wasm run FILE [OPTION]...\n")


def test_what_was_compiled_is_kept_for_the_user(run, module):
    run(module("(i32.const 0)"))
    kept = os.path.join(os.environ["XDG_CACHE_HOME"], "sallyport/wasm-code")
    assert oct(os.stat(kept).st_mode)[-3:] == "700" and any(name.endswith(".code") for name in os.listdir(kept))
    assert subprocess.run(["rm", "-r", kept], check=False).returncode == 0
