import unittest

from . import samples, scenarios

FIGURES = {"failures": 0, "first_failure": ""}
HEAD = "".join(f"\r\n{name}: x" for name in samples.FORWARDED)
PLAIN = next(scenario for scenario in scenarios.ALL if scenario.name == "plain")
FLOOR = next(scenario for scenario in scenarios.ALL if scenario.name == "floor")


def sample(**more):
    return samples.Sample("plain", 50, 0, **({"core_share": 0.95, "upstream_request": HEAD} | more))


class WhatCounts(unittest.TestCase):
    def problem(self, figures=None, scenario=PLAIN, **more):
        taken = sample(**more)
        return samples.mistake_of(taken, figures or FIGURES, scenario) or samples.disturbance_of(taken)

    def test_a_busy_proxy_whose_answers_were_right_counts(self):
        self.assertEqual(self.problem(), "")

    def test_one_failed_request_is_one_too_many(self):
        self.assertIn("the first: a reset", self.problem({"failures": 1, "first_failure": "a reset"}))

    def test_a_proxy_that_sends_fewer_fields_does_less_work(self):
        self.assertIn("x-real-ip", self.problem(upstream_request="GET / HTTP/1.1\r\nX-Forwarded-For: 1\r\n\r\n"))
        self.assertEqual(self.problem(scenario=FLOOR, upstream_request=""), "")

    def test_other_work_is_no_mistake(self):
        self.assertEqual(samples.mistake_of(sample(stolen=0.1, core_share=0.5), FIGURES, PLAIN), "")

    def test_time_that_the_host_took_is_charged_to_nobody(self):
        self.assertIn("overcommitted", self.problem(stolen=0.1))

    def test_an_idle_proxy_does_not_count_and_the_reason_is_named(self):
        for figures, reason in (({"wait_share": 0.2}, "other work had that core"),
                                ({"generator_wait": 0.2}, "other work had the generator's core"),
                                ({"generator_idle": 0.01}, "it was the limit"),
                                ({"generator_idle": 0.3}, "both waited")):
            self.assertIn(reason, self.problem(core_share=0.8, **figures))


if __name__ == "__main__":
    unittest.main()
