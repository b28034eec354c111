"""Plugins that fail, hold or end exchanges: who is answered what, and that the gateway goes on."""
import threading

import pytest

from harness.modules import modules
from harness.patience import wait_until
from harness.wire import WireError


@pytest.fixture
def scripted(gateway, upstream):
    """Makes a gateway with a plugin wasm_script, and routes /NAME whose conf is the script of that name."""

    def make(scripts, workers=1, answers=None, **policy):
        made = gateway({
            "nginx_config": {"worker_processes": workers},
            "wasm": {"memory_limit": "16m",
                     "plugins": [{"name": "wasm_script", "file": str(modules() / "script.wasm"), **policy}]}})
        nodes = {upstream(answers=answers).address: 1}
        for name, script in scripts.items():
            made.put(f"routes/{name}", {"uri": f"/{name}", "upstream": {"nodes": nodes},
                                        "plugins": {"wasm_script": {"conf": script}}})
        return made

    return make


def logged(made, text):
    wait_until(lambda: text in made.read("logs/error.log"), f"{text!r} in the error log")


CALLBACKS = ("context_create", "request_headers", "request_body", "response_headers")


def test_a_trap_is_answered_503_and_the_next_request_is_served(scripted):
    made = scripted({name: f"{name} if x-trap\n{name} trap" for name in CALLBACKS})
    with made.connect() as client:
        for name in CALLBACKS:
            answer = client.request("POST", f"/{name}", headers={"x-trap": "1"}, body="abc")
            assert answer.status == 503 and "error_msg" in answer.text, name
            logged(made, f"plugin wasm_script: proxy_on_{name} trapped: ")
            answer = client.request("POST", f"/{name}", body="abc")
            assert answer.status == 200, name


def test_a_trap_after_the_response_is_logged_and_the_next_request_is_served(scripted):
    made = scripted({name: f"{name} trap" for name in ("done", "log", "delete")})
    for name in ("done", "log", "delete"):
        for _ in range(2):
            assert made.ask("GET", f"/{name}").status == 200, name
        logged(made, f"plugin wasm_script: proxy_on_{name} trapped: ")


def test_with_fail_open_the_exchange_goes_on_without_the_plugin(scripted):
    made = scripted({name: f"{name} trap" for name in CALLBACKS}, fail="open")
    for name in CALLBACKS:
        answer = made.ask("POST", f"/{name}", body="abc")
        assert (answer.status, answer.text) == (200, "hello from upstream-a\n"), name
        logged(made, f"plugin wasm_script: proxy_on_{name} trapped: ")


def test_an_endless_loop_ends_with_its_cpu_budget(scripted):
    made = scripted({"loop": "request_headers loop", "good": "response_headers add x-good yes"}, workers=2)
    for _ in range(3):
        assert made.ask("GET", "/loop").status == 503
    logged(made, "plugin wasm_script: proxy_on_request_headers trapped: ")
    for _ in range(8):  # of both workers
        assert made.ask("GET", "/good").get("x-good") == "yes"


def test_a_plugin_cannot_take_more_memory_than_its_limit(scripted):
    made = scripted({"grow": "request_headers grow", "good": "response_headers add x-good yes"})
    assert made.ask("GET", "/grow").status == 503
    logged(made, "memory limit of 16 MiB")
    assert made.ask("GET", "/good").get("x-good") == "yes"


def test_a_paused_request_goes_on_when_the_plugin_says_so(scripted):
    made = scripted({"pause": "request_headers log 2 now held\nrequest_headers pause",
                     "resume": "request_headers resume", "fails": "request_headers trap",
                     "answered": "request_headers answer 200 at once\nrequest_headers pause"})
    with made.connect() as held:
        held.send("GET /pause HTTP/1.1\r\nHost: a\r\n\r\n")
        logged(made, "plugin wasm_script: now held")
        assert made.ask("GET", "/answered").text == "at once"
        assert made.ask("GET", "/resume").status == 200
        assert held.read().text == "hello from upstream-a\n"
        # One that is held when its VM fails ends as the failure does, on a connection that stays.
        held.send("GET /pause HTTP/1.1\r\nHost: a\r\n\r\n")
        wait_until(lambda: made.read("logs/error.log").count("now held") == 2, "the second one to be held")
        assert made.ask("GET", "/fails").status == 503
        assert held.read().status == 503
        assert held.request("GET", "/resume").status == 200


def test_a_plugin_closes_the_connection(scripted):
    made = scripted({"close": "request_headers close", "late": "response_headers close"})
    for name in ("close", "late"):
        with made.connect() as client:
            client.send(f"GET /{name} HTTP/1.1\r\nHost: a\r\n\r\n")
            assert client.is_closed(), name


def test_what_plugins_log_has_their_name_and_level(scripted):
    made = scripted({"log": "".join(f"request_headers log {level} level {level}\n" for level in range(6))
                            + "log log 3 at the end"})
    assert made.ask("GET", "/log").status == 200
    logged(made, "plugin wasm_script: at the end")
    for level, name in ((2, "info"), (3, "warn"), (4, "error"), (5, "error")):
        line = next(l for l in made.read("logs/error.log").splitlines() if f"plugin wasm_script: level {level}" in l)
        assert f"[{name}]" in line
    assert "level 1" not in made.read("logs/error.log")


def test_confs_change_while_a_kept_connection_is_served(scripted):
    made = scripted({"conf": "response_headers add x-number 0"})
    with made.connect() as client:
        for number in range(1, 31):
            made.put("routes/conf", {"uri": "/conf", "upstream": {"nodes": {"127.0.0.1:1": 1}}, "plugins": {
                "wasm_script": {"conf": f"request_headers answer 200\nresponse_headers add x-number {number}"}}})
            for _ in range(3):
                answer = client.request("GET", "/conf")
                assert (answer.status, answer.get("x-number")) == (200, str(number))


def test_a_body_callback_refuses_what_is_too_late_or_too_large(scripted):
    made = scripted({"request": "request_body answer 403 stop here",
                     "whole": "request_headers set wasm_process_req_body true"})
    answer = made.ask("POST", "/request", body="abc")
    assert (answer.status, answer.text, answer.get("x-script")) == (403, "stop here", "answered")
    assert made.ask("POST", "/whole", body=b"x" * (1 << 20)).status == 200
    assert made.ask("POST", "/whole", body=b"x" * ((1 << 20) + 1)).status == 413


def test_a_plugin_decides_about_the_head_by_the_body_where_that_is_allowed(scripted):
    made = scripted({"sign": "request_headers pause\nrequest_body tell\nrequest_body add x-signed yes\n"
                             "response_headers pause\nresponse_body add x-signed yes"},
                    allow_on_headers_stop_iteration=True)
    for _ in range(2):
        answer = made.ask("POST", "/sign", body="abcdef")
        assert (answer.status, answer.text, answer.get("x-signed")) == (200, "hello from upstream-a\n", "yes")
    logged(made, "plugin wasm_script: request_body 6 1")


def test_trailers_are_a_reason_to_refuse_and_their_pause_ends(scripted):
    made = scripted({"refuse": "request_trailers answer 403 bad checksum",
                     "pause": "request_trailers log 2 now held\nrequest_trailers pause",
                     "resume": "request_headers resume", "trap": "request_trailers trap"})
    for _ in range(2):
        answer = made.ask("POST", "/refuse", chunks=["abc"], trailers={"X-Sum": "1"})
        assert (answer.status, answer.text) == (403, "bad checksum")
        assert made.ask("POST", "/trap", chunks=["abc"], trailers={"X-Sum": "1"}).status == 503
    logged(made, "plugin wasm_script: proxy_on_request_trailers trapped: ")
    for name in ("refuse", "pause", "trap"):
        assert made.ask("POST", f"/{name}", chunks=["abc"]).status == 200, name
    with made.connect() as held:
        held.send("POST /pause HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Sum: 1\r\n\r\n")
        logged(made, "plugin wasm_script: now held")
        assert made.ask("GET", "/resume").status == 200
        assert held.read().status == 200


def test_one_worker_serves_while_a_plugin_loops_in_another(scripted):
    made = scripted({"loop": "request_headers loop", "good": "response_headers add x-good yes"}, workers=2)
    with made.connect() as looping:
        looping.send("GET /loop HTTP/1.1\r\nHost: a\r\n\r\n")
        for _ in range(8):
            assert made.ask("GET", "/good").get("x-good") == "yes"
        assert looping.read().status == 503
        assert looping.request("GET", "/good").get("x-good") == "yes"


def test_a_trap_within_the_response_body_never_looks_like_a_whole_response(scripted):
    made = scripted({"body": "response_body if x-trap\nresponse_body trap"},
                    answers=[{"body": "hello"}, {"chunks": ["hel", "lo"]}, {"body": "hello"}])
    for _ in range(2):
        with made.connect() as client:
            try:
                assert client.request("GET", "/body", headers={"x-trap": "1"}).status == 503
            except WireError:
                pass  # the head had left, so the connection ended within the body
        logged(made, "plugin wasm_script: proxy_on_response_body trapped: ")
    assert made.ask("GET", "/body").text == "hello"


def test_no_request_fails_while_confs_change(scripted):
    made = scripted({"load": "request_headers answer 200 conf"}, workers=2)
    ended, failures, served = threading.Event(), [], [0] * 3

    def ask(number):
        try:
            with made.connect() as client:
                while not ended.is_set():
                    answer = client.request("GET", "/load")
                    assert (answer.status, answer.text) == (200, "conf"), answer.start
                    served[number] += 1
        except (WireError, OSError, AssertionError) as error:
            failures.append(error)

    clients = [threading.Thread(target=ask, args=(number,)) for number in range(3)]
    for client in clients:
        client.start()
    for number in range(10):
        made.put("routes/load", {"uri": "/load", "upstream": {"nodes": {"127.0.0.1:1": 1}}, "plugins": {
            "wasm_script": {"conf": f"request_headers answer 200 conf\nlog log 0 {number}"}}})
    ended.set()
    for client in clients:
        client.join()
    assert not failures and all(served), (failures, served)
