import unittest

from . import report, results, samples, scenarios


def sample(scenario, cpu_us, number=0, connections=200, **more):
    return samples.Sample(scenario, connections, number, rps=1e6 / cpu_us, cpu_us=cpu_us, core_share=0.95, **more)


class Ratios(unittest.TestCase):
    def test_they_are_medians_of_pairs_of_the_same_round(self):
        # The second round met a slow minute: both rows cost twice as much, and their ratio is what it was.
        rows = results.Rows([sample("plain", 5, 0), sample("nginx", 10, 0), sample("plain", 10, 1),
                             sample("nginx", 20, 1), sample("plain", 5, 2), sample("nginx", 9, 2)])
        self.assertEqual(rows.speed(200, "plain", "nginx"), 2)
        self.assertEqual(rows.extra(200, "plain", "nginx"), -5)

    def test_a_row_that_does_not_count_has_none(self):
        rows = results.Rows([sample("plain", 5), sample("nginx", 10, problem="the proxy slept")])
        self.assertIsNone(rows.speed(200, "plain", "nginx"))
        self.assertIsNone(rows.speed(50, "plain", "nginx"))


class Verdicts(unittest.TestCase):
    def verdict_on(self, taken, text, reactor="io_uring"):
        found = results.verdicts(results.Rows(taken), [200], reactor)
        return next(verdict["met"] for verdict in found if text in verdict["goal"])

    def test_a_goal_at_its_limit_is_met(self):
        self.assertTrue(self.verdict_on([sample("plain", 10), sample("nginx", 14)], "nginx"))
        self.assertFalse(self.verdict_on([sample("plain", 10), sample("nginx", 13.9)], "nginx"))

    def test_a_goal_of_one_loop_is_none_of_the_other(self):
        taken = [sample("plain", 10), sample("floor", 8.75)]
        self.assertFalse(self.verdict_on(taken, "over the forwarder"))
        self.assertTrue(self.verdict_on(taken, "over the forwarder", "epoll"))

    def test_a_direct_answer_is_judged_by_what_it_costs_more(self):
        goal = "Rust plugin at most"
        self.assertTrue(self.verdict_on([sample("answer-rust", 3.5), sample("answer-native", 3)], goal))
        self.assertFalse(self.verdict_on([sample("answer-rust", 3.6), sample("answer-native", 3)], goal))

    def test_what_was_not_measured_is_neither_met_nor_missed(self):
        self.assertIsNone(self.verdict_on([sample("plain", 10)], "nginx"))

    def test_every_goal_names_rows_that_exist(self):
        names = {scenario.name for scenario in scenarios.ALL}
        for goal in results.GOALS:
            self.assertLessEqual({goal.row, goal.against}, names)


class Table(unittest.TestCase):
    def test_rows_stand_in_the_order_of_the_scenarios_and_failed_ones_say_so(self):
        taken = [sample("plain", 5), sample("nginx", 10), sample("floor", 4, problem="broken"),
                 sample("plain", 6, connections=50)]
        lines = list(report.table(results.Rows(taken)))
        self.assertEqual([line.split()[:2] for line in lines[1:]],
                         [["50", "plain"], ["200", "floor"], ["200", "nginx"], ["200", "plain"]])
        self.assertIn("FAILED", lines[2])
        self.assertIn("2.00", lines[4])


if __name__ == "__main__":
    unittest.main()
