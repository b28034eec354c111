"""What a suite came to."""
from dataclasses import dataclass, field


@dataclass
class Outcome:
    suite: str
    cases: int
    passed: int
    notes: list = field(default_factory=list)  # what each case that failed has to say, and what else is worth a line

    @property
    def failed(self):
        return self.cases - self.passed


def table(outcomes):
    """The closing table."""
    rows = [("suite", "cases", "passed", "failed"), *((o.suite, o.cases, o.passed, o.failed) for o in outcomes)]
    width = max(len(row[0]) for row in rows)
    return "\n".join(f"{row[0]:<{width}} {row[1]:>7} {row[2]:>7} {row[3]:>7}" for row in rows)
