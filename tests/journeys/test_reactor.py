"""Which loop serves: what is asked for, or what works."""
import pytest

from harness.no_io_uring import forbid


def started(gateway, upstream, *arguments, preexec=None):
    one = gateway(start=False, resources={
        "routes": [{"id": 1, "uri": "/*", "upstream": {"nodes": {upstream().address: 1}}}]})
    one.arguments = ["run", "-c", "conf/config.yaml", *arguments]
    one.preexec = preexec
    return one


@pytest.mark.parametrize("arguments, said", [
    (["--reactor", "epoll"], "connections are served with epoll, as asked"),
    (["--reactor=auto"], "connections are served with "), ([], "connections are served with ")])
def test_the_log_tells_which_loop_serves(gateway, upstream, arguments, said):
    one = started(gateway, upstream, *arguments).start()
    assert one.ask("GET", "/").status == 200
    one.wait_for_line(said)


def test_where_io_uring_is_forbidden_epoll_serves(gateway, upstream):
    one = started(gateway, upstream, "--reactor", "auto", preexec=forbid).start()
    assert one.ask("GET", "/").status == 200
    one.wait_for_line("connections are served with epoll; io_uring does not work here: io_uring_setup: Operation not permitted")


def test_io_uring_that_is_asked_for_and_forbidden_is_an_error(gateway, upstream):
    one = started(gateway, upstream, "--reactor", "io_uring", preexec=forbid)
    one.spawn()
    assert one.wait_for_end() == 1
    assert "io_uring does not work here" in one.read("stderr") and "use --reactor epoll, or auto" in one.read("stderr")
