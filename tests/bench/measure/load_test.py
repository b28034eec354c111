"""The generator against itself, with nothing but the forwarder in between."""
import os
import pathlib
import tempfile
import unittest

from . import load, machine, process, servers

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


if __name__ == "__main__":
    unittest.main()
