"""The corpora of our own; what is merely lenient fails as what is forbidden does."""
from .. import corpora
from .outcome import Outcome


def run(reactor):
    for name, runs in corpora.ALL.items():
        result = runs(reactor)
        lenient, forbidden = len(result.graded("lenient")), len(result.graded("forbidden"))
        failures = result.failures
        if failures:
            failures.append(f"{name}: {forbidden} forbidden, {lenient} lenient")
        yield Outcome(f"{name}, {reactor}", len(result.verdicts), len(result.verdicts) - lenient - forbidden - len(result.problems), failures)
