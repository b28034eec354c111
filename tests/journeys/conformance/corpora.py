"""Runs the corpora of tests/corpus/gateway against one gateway each, in front of an upstream that records."""
from dataclasses import dataclass

from harness.gateway import Gateway

from . import floods, http1, http2
from .case_file import cases
from .recorder import Recorder


@dataclass
class Result:
    verdicts: list
    problems: list  # of no one case

    def graded(self, grade):
        return [verdict for verdict in self.verdicts if verdict.grade == grade]

    @property
    def failures(self):
        """What each case that is not as wanted has to say."""
        return [verdict.tell() for verdict in self.verdicts if verdict.grade != "as_wanted"] + self.problems


def resources(address):
    """/protected answers by itself; /ws may switch to WebSocket; all else goes to the recorder."""
    upstream = {"nodes": {address: 1}, "retries": 0}
    refuse = {"fault-injection": {"abort": {"http_status": 403, "body": "protected"}}}
    return {"routes": [
        {"id": "all", "uri": "/*", "upstream": upstream},
        {"id": "protected", "uris": ["/protected", "/protected/*"], "priority": 9, "plugins": refuse, "upstream": upstream},
        {"id": "ws", "uri": "/ws/*", "priority": 9, "enable_websocket": True, "upstream": upstream},
    ]}


def begun_without_leave(recorder, chosen):
    """Requests of which the upstream saw a part only; the gateway has ended, so that all of them are known."""
    most = sum(case.may_begin for case in chosen)
    return [f"{recorder.begun} requests broke off before the upstream, at most {most} may"] if recorder.begun > most else []


def run_corpus(chosen, run, reactor, settings=None, may_begin=False):
    recorder = Recorder()
    options = ["--reactor", reactor] if reactor else []
    try:
        with Gateway(settings, resources=resources(recorder.address), options=options) as gateway:
            gateway.start()
            verdicts = [run(case, gateway.ports["proxy"], recorder) for case in chosen]
        return Result(verdicts, [] if may_begin else begun_without_leave(recorder, chosen))
    finally:
        recorder.stop()


def run_http1(reactor=None):
    return run_corpus(cases("http1", http1.DEFAULT_REQUEST), http1.run, reactor, {"apisix": {"enable_http2": False}})


def run_http2(reactor=None):
    return run_corpus(cases("http2"), http2.run, reactor)


def run_floods(reactor=None):
    """Those of HTTP/1 in front of short deadlines, so that nobody waits for long ones."""
    times = {"client_header_timeout": "300ms", "client_body_timeout": "300ms", "keepalive_timeout": "300ms"}
    settings = {"nginx_config": {"http": times}}
    slow = run_corpus(cases("floods", files="http1.txt"), floods.run_http1, reactor, settings, may_begin=True)
    fast = run_corpus(cases("floods", files="http2.txt"), floods.run_http2, reactor, may_begin=True)
    return Result(slow.verdicts + fast.verdicts, slow.problems + fast.problems)


ALL = {"HTTP/1 corpus": run_http1, "HTTP/2-to-1 corpus": run_http2, "floods": run_floods}
