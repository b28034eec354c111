"""TERM drains, a second signal ends at once, HUP reads again, USR1 reopens logs."""
import signal

from harness.patience import wait_until
from harness.upstream import Upstream


def route(upstream, uri="/a", **more):
    return {"routes": [{"id": "r1", "uri": uri, "upstream": {"nodes": {upstream.address: 1}}, **more}]}


def accepts(gateway):
    try:
        gateway.connect().close()
        return True
    except OSError:
        return False


def test_term_lets_a_request_finish(gateway, upstream):
    up = upstream()
    one = gateway(resources=route(up))
    with one.connect() as busy, one.connect() as idle:
        assert idle.request("GET", "/a").status == 200
        # Half a request, so that the exchange is under way when the signal arrives.
        busy.send("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nab")
        wait_until(lambda: up.connections == 2 or len(up.seen) == 1, "the request to be under way")
        one.signal(signal.SIGTERM)
        wait_until(lambda: not accepts(one), "the listener to close")
        assert idle.is_closed()
        busy.send("cd")
        response = busy.read()
        assert response.status == 200
        assert busy.is_closed()
    assert one.wait_for_end() == 0


def test_a_second_signal_ends_at_once(gateway, upstream):
    up = upstream(answers=[{"hang": True}])
    one = gateway(resources=route(up))
    with one.connect() as client:
        client.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
        wait_until(lambda: up.seen, "the request to arrive")
        one.signal(signal.SIGTERM)
        wait_until(lambda: not accepts(one), "the listener to close")
        one.signal(signal.SIGINT)
        one.wait_for_end()
    one.check_sanitizers()


def test_the_drain_has_a_deadline(gateway, upstream):
    up = upstream(answers=[{"hang": True}])
    one = gateway(settings={"nginx_config": {"worker_shutdown_timeout": "100ms"}}, resources=route(up))
    with one.connect() as client:
        client.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
        wait_until(lambda: up.seen, "the request to arrive")
        one.signal(signal.SIGTERM)
        one.wait_for_end()
        assert client.is_closed()


def test_hup_takes_keys_and_log_settings_and_names_what_needs_a_restart(gateway, upstream):
    one = gateway(resources=route(upstream()))
    new_key = "another-admin-key-0123456789abcdef"
    assert one.admin("GET", "routes", key=new_key).status == 401
    one.settings["deployment"]["admin"]["admin_key"] = [{"name": "admin", "key": new_key, "role": "admin"}]
    one.settings["nginx_config"]["worker_processes"] = 1
    one.settings["nginx_config"]["http"] = {"access_log": "logs/other.log", "access_log_format": "only $status"}
    one.write_settings()
    one.signal(signal.SIGHUP)
    wait_until(lambda: one.admin("GET", "routes", key=new_key).status == 200, "the new key to work")
    wait_until(lambda: "nginx_config.worker_processes" in one.read("logs/error.log"), "the warning about the restart")
    wait_until(lambda: one.ask("GET", "/a").status == 200 and one.read("logs/other.log").startswith("only 200\n"),
               "lines in the new access log")


def test_hup_with_a_broken_file_changes_nothing(gateway, upstream):
    one = gateway(resources=route(upstream()))
    one.write_settings("apisix: {node_listen: none}\n")
    one.signal(signal.SIGHUP)
    wait_until(lambda: "apisix.node_listen" in one.read("logs/error.log"), "the error to be reported")
    assert one.ask("GET", "/a").status == 200
    assert one.admin("GET", "routes").status == 200


def test_usr1_reopens_the_logs(gateway, upstream):
    one = gateway(resources=route(upstream()))
    one.ask("GET", "/a")
    wait_until(lambda: one.read("logs/access.log"), "the first line")
    for name in ("access", "error"):
        one.path(f"logs/{name}.log").rename(one.path(f"logs/{name}.log.1"))
    one.signal(signal.SIGUSR1)
    wait_until(lambda: one.path("logs/access.log").exists() and one.path("logs/error.log").exists(), "new files")
    one.ask("GET", "/a?second")
    wait_until(lambda: "second" in one.read("logs/access.log"), "a line in the new file")
    assert "second" not in one.read("logs/access.log.1")


def test_a_lost_client_is_no_failure_of_the_gateway(gateway):
    up = Upstream(answers=[{"hang": True}, {"body": "ok"}])
    try:
        one = gateway(resources=route(up))
        with one.connect() as client:
            client.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
            wait_until(lambda: up.seen, "the request to arrive")
        assert one.ask("GET", "/a").status == 200
        wait_until(lambda: len(one.read("logs/access.log").splitlines()) == 2, "a line for each request")
    finally:
        up.stop()
