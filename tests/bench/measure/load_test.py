"""The generator against itself, with nothing but the forwarder in between."""
import os
import pathlib
import tempfile
import unittest

from . import certificate, load, machine, process, servers

PROGRAMS = pathlib.Path(os.environ["BENCH_PROGRAMS"])
ANYWHERE = machine.Anywhere()


class ThroughTheForwarder(unittest.TestCase):
    def setUp(self):
        self.upstream, = process.free_ports(1)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        path = pathlib.Path(folder.name) / "forwarder"
        self.forwarder = servers.Forwarder(PROGRAMS / "forwarder", path, ANYWHERE, self.upstream)
        self.addCleanup(self.forwarder.process.stop)
        self.forwarder.wait_until_ready()

    def start(self, *options):
        return load.Load(PROGRAMS / "load", ANYWHERE, "--proxy", self.forwarder.port, "--upstream", self.upstream,
                         "--connections", 10, *options)

    def test_every_request_is_sent_counted_and_answered(self):
        generator = self.start("--requests", 2000, "--mark-every", 500, "--cpu-of", self.forwarder.process.child.pid)
        self.assertEqual(list(generator.marks()), [500, 1000, 1500, 2000])
        figures = generator.result()
        self.assertEqual((figures["requests"], figures["failures"]), (2000, 0))
        self.assertGreater(figures["cpu_ns"], 0)
        self.assertIn("X-Trace-Id:", figures["upstream_request"])

    def test_bodies_larger_than_any_buffer_pass_both_ways(self):
        figures = self.start("--requests", 100, "--post", 300_000, "--body", 500_000).result()
        self.assertEqual((figures["requests"], figures["failures"]), (100, 0))

    def test_it_goes_on_until_it_is_released(self):
        generator = self.start("--requests", 100, "--mark-every", 100, "--until-released", 1)
        for done in generator.marks():
            if done == 1000:
                generator.release()
        figures = generator.result()
        self.assertGreaterEqual(figures["requests"], 1000)
        self.assertEqual(figures["failures"], 0)

    def test_a_response_without_the_expected_header_fails(self):
        figures = self.start("--requests", 20, "--expect-header", "X-Added: true").result()
        self.assertEqual((figures["requests"], figures["failures"]), (0, 20))
        self.assertIn("without the expected header:\nHTTP/1.1 200 OK", figures["first_failure"])

    def test_a_response_with_another_status_or_body_fails(self):
        self.assertEqual(self.start("--requests", 20, "--expect", "404").result()["failures"], 20)
        self.assertIn("not the expected body",
                      self.start("--requests", 20, "--expect-body", "hello").result()["first_failure"])

    def test_a_proxy_that_is_gone_ends_the_run_with_a_reason(self):
        generator = self.start("--requests", 100, "--mark-every", 100, "--until-released", 1)
        for _ in generator.marks():
            self.forwarder.process.stop()
        with self.assertRaisesRegex(process.Failed, "cannot connect to the proxy"):
            generator.result()


class ByHttp2(unittest.TestCase):
    """Against nghttpd, over TLS."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        path = pathlib.Path(folder.name)
        (path / "hello").write_text("hello world", encoding="ascii")
        shown = certificate.make(path)
        self.port, = process.free_ports(1)
        argv = ["nghttpd", "--address=127.0.0.1", "--htdocs", path, self.port, shown.key_file, shown.file]
        self.server = process.Process(argv, ANYWHERE, None, path / "output.log")
        self.addCleanup(self.server.stop)
        process.wait_until(lambda: process.accepts(self.port), self.server, "ready")

    def run_load(self, *options):
        return load.Load(PROGRAMS / "load", ANYWHERE, "--proxy", self.port, "--tls", 1, "--streams", 5, "--connections",
                         4, "--requests", 500, "--path", "/hello", *options).result()

    def test_every_request_is_sent_counted_and_answered(self):
        figures = self.run_load("--expect-body", "hello world", "--expect-header", "Content-Length: 11")
        self.assertEqual((figures["requests"], figures["failures"]), (500, 0))
        self.assertTrue(figures["response_head"].startswith("HTTP/2 200"))

    def test_a_response_with_another_body_or_status_fails(self):
        self.assertEqual(self.run_load("--expect-body", "hello")["failures"], 500)
        self.assertIn("not the expected status", self.run_load("--expect", "404")["first_failure"])

    def test_bodies_are_sent(self):
        self.assertEqual(self.run_load("--post", 100_000, "--expect-body", "hello world")["failures"], 0)


if __name__ == "__main__":
    unittest.main()
