"""USR2: another process follows the gateway on its sockets, and nobody notices; or it cannot, and the gateway goes on."""
import json
import os
import shutil
import signal
import socket
import subprocess
import threading

import pytest

from harness.certificates import Certificate, authority, client_context
from harness.client import Client, ask
from harness.gateway import binary
from harness.patience import seconds, wait_until
from harness.unceasing import AllUnceasing, of_each_kind
from harness.wire import Stream

FAILED = r"\[error\] .*the upgrade has failed, and this gateway serves on: "


def route(upstream, **more):
    return {"id": "r1", "uri": "/a", "upstream": {"nodes": {upstream.address: 1}}, **more}


def own_binary(one):
    """The gateway is started from a file of its own, which may be replaced."""
    shutil.copy(binary(), one.path("sallyport"))
    one.command = lambda *arguments: [str(one.path("sallyport")), *arguments]


def replace_binary(one, text):
    new = one.path("sallyport.new")
    new.write_text(text)
    new.chmod(0o755)
    new.rename(one.path("sallyport"))


def failing_upgrade(one, why):
    """USR2 to a gateway whose follower must fail; it serves on, and the log says why."""
    before = one.read("logs/error.log").count("the upgrade has failed")
    one.signal(signal.SIGUSR2)
    wait_until(lambda: one.read("logs/error.log").count("the upgrade has failed") > before, one.tell)
    lines = [line for line in one.read("logs/error.log").splitlines() if "the upgrade has failed" in line]
    assert f"[error] {one.process.pid}: " in lines[-1] and why in lines[-1], lines[-1]
    assert one.serving_pid() == one.process.pid
    assert one.process.poll() is None


@pytest.mark.parametrize("store", ["embedded", "yaml"])
def test_no_request_is_lost_and_the_new_process_serves(gateway, upstream, store):
    root = authority()
    own = Certificate("a.example", root)
    one = gateway(store=store, resources={"ssls": [{"id": "1", **own.ssl()}], "routes": [route(upstream(answers=[{"body": "fine"}]))]})
    assert one.serving_pid() == one.process.pid
    with AllUnceasing(of_each_kind(one, "fine", lambda: client_context(root), "a.example")) as asking:
        for _ in range(2):  # the second follows the first
            before = asking.counts()
            wait_until(lambda: asking.all_go_on(before), "each client to be answered")
            former = one.upgrade()
            assert former.pid != one.process.pid
            before = asking.counts()
            wait_until(lambda: asking.all_go_on(before), "each client to be answered after the upgrade")
            assert former.wait(seconds(60)) == 0
        before = asking.counts()
        wait_until(lambda: asking.all_go_on(before), "each client to be answered by the last process")
    assert one.serving_pid() == one.process.pid
    for name in ("status", "prometheus", "control", "admin"):
        ask(one.ports[name], "GET", "/")  # somebody answers
    assert ask(one.ports["status"], "GET", "/status/ready").status == 200


def test_the_status_port_says_ready_all_the_time(gateway, upstream):
    one = gateway(resources={"routes": [route(upstream())]})
    answers, stopped = [], threading.Event()

    def watch():
        while not stopped.is_set():
            answers.append(ask(one.ports["status"], "GET", "/status/ready").status)

    watching = threading.Thread(target=watch, daemon=True)
    watching.start()
    former = one.upgrade()
    assert former.wait(seconds(60)) == 0
    stopped.set()
    watching.join()
    assert set(answers) == {200}


def test_a_response_under_way_goes_on_to_its_end(gateway, upstream):
    released = threading.Event()
    up = upstream(answers=[{"raw": b"HTTP/1.1 200 Fine\r\nContent-Length: 4\r\n\r\nab", "rest": (released, b"cd")},
                           {"body": "new"}])
    one = gateway(resources={"routes": [route(up)]})
    with one.connect() as client:
        client.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
        assert client.stream.head().status == 200
        former = one.upgrade()
        assert one.ask("GET", "/a").text == "new"
        assert former.poll() is None
        released.set()
        assert client.stream.exactly(4) == b"abcd"
        assert client.is_closed()
    assert former.wait(seconds(60)) == 0


def test_kept_connections_that_wait_are_closed(gateway, upstream):
    one = gateway(resources={"routes": [route(upstream())]})
    kept = [one.connect() for _ in range(5)]
    for client in kept:
        assert client.request("GET", "/a").status == 200
    former = one.upgrade()
    assert all(client.is_closed() for client in kept)
    assert former.wait(seconds(60)) == 0
    for client in kept:
        client.close()


def test_connections_that_nobody_has_accepted_are_served(gateway, upstream):
    """They wait in the queues of the kernel when the signal arrives."""
    one = gateway(resources={"routes": [route(upstream(answers=[{"body": "fine"}]))]})
    one.signal(signal.SIGSTOP)
    waiting = [one.connect() for _ in range(20)]
    for client in waiting:
        client.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
    one.signal(signal.SIGUSR2)
    one.signal(signal.SIGCONT)
    assert [client.read().text for client in waiting] == ["fine"] * 20
    former = one.followed()
    assert former.wait(seconds(60)) == 0
    for client in waiting:
        client.close()


@pytest.mark.parametrize("workers", [1, 4])
def test_the_number_of_workers_may_change(gateway, upstream, workers):
    """Sockets of workers that are gone are served by others, and more workers get sockets of their own."""
    one = gateway(resources={"routes": [route(upstream(answers=[{"body": "fine"}]))]})
    one.settings["nginx_config"]["worker_processes"] = workers
    one.write_settings()
    former = one.upgrade()
    assert former.wait(seconds(60)) == 0
    # Connections spread over all sockets of the port, by what the kernel makes of their addresses.
    assert [one.ask("GET", "/a").text for _ in range(40)] == ["fine"] * 40
    assert f", {workers} workers, " in one.read("stderr")
    former = one.upgrade()
    assert former.wait(seconds(60)) == 0
    assert [one.ask("GET", "/a").text for _ in range(40)] == ["fine"] * 40


def test_addresses_may_come_and_go(gateway, upstream):
    one = gateway(resources={"routes": [route(upstream(answers=[{"body": "fine"}]))]})
    other = one.ports["tls"]
    one.settings["apisix"]["ssl"] = {"enable": False}
    one.settings["apisix"]["node_listen"].append({"ip": "127.0.0.1", "port": other, "enable_http2": False})
    one.write_settings()
    former = one.upgrade()
    assert former.wait(seconds(60)) == 0
    assert ask(other, "GET", "/a").text == "fine"
    one.settings["apisix"]["node_listen"].pop()
    one.write_settings()
    former = one.upgrade()
    assert former.wait(seconds(60)) == 0
    with pytest.raises(OSError):
        Client(other)
    assert one.ask("GET", "/a").text == "fine"


def test_listeners_with_the_proxy_protocol_are_handed_over(gateway, upstream):
    up = upstream()
    one = gateway(resources={"routes": [route(up)]}, start=False)
    port = one.ports["tls"]
    one.settings["apisix"].update(ssl={"enable": False}, proxy_protocol={"listen_http_port": port})
    one.write_settings()
    one.start()
    former = one.upgrade()
    assert former.wait(seconds(60)) == 0
    with socket.create_connection(("127.0.0.1", port), timeout=seconds(60)) as sock:
        stream = Stream(sock)
        stream.send(b"PROXY TCP4 203.0.113.7 127.0.0.1 1234 80\r\nGET /a HTTP/1.1\r\nHost: x\r\n\r\n")
        assert stream.response("GET").status == 200
    assert up.take_seen()[-1].get("X-Real-IP") == "203.0.113.7"


def test_settings_that_are_wrong_leave_the_gateway_serving(gateway, upstream):
    one = gateway(resources={"routes": [route(upstream())]})
    good = dict(one.settings)
    one.write_settings("apisix: {node_listen: none}\n")
    failing_upgrade(one, "apisix.node_listen")
    assert one.ask("GET", "/a").status == 200
    # A port that somebody else has: found when all else is done.
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = {"ip": "127.0.0.1", "port": taken.getsockname()[1]}
        one.settings = {**good, "apisix": {**good["apisix"], "node_listen": [*good["apisix"]["node_listen"], address]}}
        one.write_settings()
        failing_upgrade(one, f"cannot listen on 127.0.0.1:{address['port']}: Address already in use")
    assert one.ask("GET", "/a").status == 200
    one.put("routes/r2", {"uri": "/b", "upstream": {"nodes": {upstream().address: 1}}})
    assert one.ask("GET", "/b").status == 200
    one.settings = good
    one.write_settings()
    former = one.upgrade()
    assert former.wait(seconds(60)) == 0
    assert one.ask("GET", "/b").status == 200


@pytest.mark.parametrize("program, why", [
    ("no program", "cannot be started: Exec format error"), ("#!/bin/sh\nexit 3\n", "ended with 3 before it served"),
    ("#!/bin/sh\nkill -ABRT $$\n", "was ended by signal 6"),
    ("#!/bin/sh\nprintf 'read store' >&3\nsleep 1\nexit 0\n", "ended with 0 before it served")])
def test_a_program_that_is_broken_leaves_the_gateway_serving(gateway, upstream, program, why):
    one = gateway(start=False, resources={"routes": [route(upstream())]})
    own_binary(one)
    one.start()
    replace_binary(one, program)
    failing_upgrade(one, why)
    assert one.ask("GET", "/a").status == 200
    assert one.put("routes/r2", {"uri": "/b", "upstream": {"nodes": {"127.0.0.1:1": 1}}}).status == 201
    shutil.copy(binary(), one.path("sallyport.new"))
    one.path("sallyport.new").rename(one.path("sallyport"))
    former = one.upgrade()
    assert former.wait(seconds(60)) == 0
    assert one.ask("GET", "/a").status == 200
    assert one.admin("GET", "routes/r2").status == 200


def test_a_program_that_is_too_slow_is_ended_and_a_second_signal_is_refused(gateway, upstream):
    one = gateway(start=False, settings={"nginx_config": {"upgrade_timeout": "3600s"}},
                  resources={"routes": [route(upstream())]})
    own_binary(one)
    one.start()
    replace_binary(one, "#!/bin/sh\nexec sleep 1000\n")
    one.signal(signal.SIGUSR2)
    line = one.wait_for_line("upgrade: .* was started as process")
    one.signal(signal.SIGUSR2)
    one.wait_for_line(r"\[warn\] .*no upgrade begins: one is under way")
    assert one.read("logs/error.log").count("was started as process") == 1
    os.kill(int(line.rsplit(" ", 1)[1]), signal.SIGTERM)
    one.wait_for_line(FAILED + r".*was ended by signal 15")
    one.settings["nginx_config"]["upgrade_timeout"] = "100ms"
    one.write_settings()
    one.signal(signal.SIGHUP)
    one.wait_for_line("settings were read again")
    one.signal(signal.SIGUSR2)
    one.wait_for_line(FAILED + r".*not ready in time.*upgrade_timeout")
    assert one.ask("GET", "/a").status == 200


def test_a_follower_of_a_process_that_hangs_ends(gateway, upstream):
    one = gateway(start=False, settings={"nginx_config": {"upgrade_timeout": "1s"}},
                  resources={"routes": [route(upstream())]})
    own_binary(one)
    one.start()
    go = one.path("go")
    replace_binary(one, f'#!/bin/sh\nwhile [ ! -e {go} ]; do sleep 0.02; done\nexec {binary()} "$@"\n')
    one.settings["nginx_config"]["upgrade_timeout"] = "3600s"  # of the former; the new one reads the file later
    one.write_settings()
    one.signal(signal.SIGHUP)
    one.wait_for_line("settings were read again")
    one.settings["nginx_config"]["upgrade_timeout"] = "1s"
    one.write_settings()
    one.signal(signal.SIGUSR2)
    one.wait_for_line("upgrade: .* was started as process")
    one.process.send_signal(signal.SIGSTOP)
    go.touch()
    why = f'process {one.process.pid}, which this gateway is to follow, has not answered "read store" in 1000 ms'
    one.wait_for_line(r"\[error\] .*: " + why)
    one.process.send_signal(signal.SIGCONT)
    one.wait_for_line(FAILED + f"process .*: {why}")
    assert one.ask("GET", "/a").status == 200
    assert one.admin("PUT", "routes/r2", {"uri": "/b", "upstream": {"nodes": {"127.0.0.1:1": 1}}}).status == 201


def test_a_gateway_that_serves_goes_on_though_its_predecessor_hangs(gateway, upstream):
    one = gateway(start=False, store="yaml", settings={"nginx_config": {"upgrade_timeout": "1s"}},
                  resources={"routes": [route(upstream())]})
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    environment = {**os.environ, "SALLYPORT_PREDECESSOR": str(its.fileno()), "SALLYPORT_LISTENERS": ""}
    one.process = subprocess.Popen(one.command(*one.arguments), cwd=one.folder, env=environment, pass_fds=[its.fileno()])
    its.close()
    with ours:
        ours.settimeout(seconds(60))
        for request in (b"read store", b"serve"):
            assert ours.recv(100) == request
            ours.send(request)
        assert ours.recv(100) == b"serving"
        one.wait_for_line(f'process {os.getpid()}, which this gateway is to follow, has not answered "serving" in 1000 ms '
                          r"\(nginx_config.upgrade_timeout\); this gateway serves on without it")
        assert one.ask("GET", "/a").status == 200
        wait_until(lambda: one.admin("GET", "routes").status == 200, one.tell)


def test_a_gateway_that_is_told_to_end_takes_its_follower_along(gateway, upstream):
    one = gateway(start=False, resources={"routes": [route(upstream())]})
    own_binary(one)
    one.start()
    replace_binary(one, "#!/bin/sh\nexec sleep 1000\n")
    one.signal(signal.SIGUSR2)
    line = one.wait_for_line("upgrade: .* was started as process")
    one.signal(signal.SIGTERM)
    assert one.wait_for_end() == 0
    with pytest.raises(ProcessLookupError):
        os.kill(int(line.rsplit(" ", 1)[1]), 0)
    assert not one.path("logs/nginx.pid").exists()


class Writing(threading.Thread):
    """Puts one route after the other, each on a connection of its own or all on one, and asks again where it is told to."""

    def __init__(self, one, number, keeps):
        super().__init__(daemon=True)
        self.one, self.number, self.keeps = one, number, keeps
        self.stopped = threading.Event()
        self.acknowledged, self.told_again, self.failures = [], 0, []

    def run(self):
        client = None
        try:
            while not self.stopped.is_set():
                client = client or Client(self.one.ports["admin"])
                identity = f"w{self.number}-{len(self.acknowledged)}"
                body = json.dumps({"uri": f"/{identity}", "upstream": {"nodes": {"127.0.0.1:1": 1}}})
                key = self.one.settings["deployment"]["admin"]["admin_key"][0]["key"]
                response = client.request("PUT", f"/apisix/admin/routes/{identity}", headers={"X-API-KEY": key}, body=body)
                if response.status == 201:
                    self.acknowledged.append(identity)
                elif response.status == 503 and response.get("retry-after"):
                    self.told_again += 1
                else:
                    self.failures.append(f"{response.status} {response.text}")
                if not self.keeps or response.get("connection") == "close":
                    client.close()
                    client = None
        except Exception as error:  # noqa: BLE001
            self.failures.append(repr(error))


def test_every_write_that_was_acknowledged_is_there_afterwards(gateway, upstream):
    one = gateway(resources={"routes": [route(upstream())]})
    writing = [Writing(one, number, keeps=number % 2 == 0) for number in range(4)]
    for writer in writing:
        writer.start()
    for _ in range(2):
        counts = [len(writer.acknowledged) for writer in writing]
        wait_until(lambda: all(len(w.acknowledged) > n or w.failures for w, n in zip(writing, counts)), "each to write")
        former = one.upgrade()
        assert former.wait(seconds(60)) == 0
    counts = [len(writer.acknowledged) for writer in writing]
    wait_until(lambda: all(len(w.acknowledged) > n or w.failures for w, n in zip(writing, counts)), "each to write on")
    for writer in writing:
        writer.stopped.set()
    for writer in writing:
        writer.join()
    assert [writer.failures for writer in writing] == [[]] * 4
    there = {item["value"]["id"] for item in one.admin("GET", "routes").json()["list"]}
    assert there == {"r1", *(identity for writer in writing for identity in writer.acknowledged)}


def test_what_is_wrong_in_the_environment_is_named(gateway, monkeypatch):
    one = gateway(start=False)
    monkeypatch.setenv("SALLYPORT_PREDECESSOR", "999")
    one.spawn()
    assert one.wait_for_end() == 1
    assert "SALLYPORT_PREDECESSOR: 999 is no descriptor of this process" in one.read("stderr")
