"""What became of a case, beside what the RFC allows and what we choose."""
import re
from dataclasses import dataclass, field


@dataclass
class Observation:
    """`outcome` as `want` writes it; `requests`, `garbage` as the upstream saw them, the probe's left out."""

    outcome: str
    requests: list = field(default_factory=list)  # rendered
    garbage: list = field(default_factory=list)
    problem: str = ""  # what is wrong whatever the outcome is: the connection's next request, say
    shown: str = ""

    @property
    def kind(self):
        """One of the classes of the corpus, or None for what no RFC allows."""
        if self.problem or self.garbage:
            return None
        statuses = [int(status) for status in re.findall(r"(?:^|[ =])([2-9][0-9][0-9])(?= |$)", self.outcome)]
        good = sum(status < 400 for status in statuses)
        if len(self.requests) > good:
            return None
        if good < len(statuses) or re.search(r"=[A-Z]", self.outcome):
            return "refuse"
        if not statuses:
            return "drop"
        return "pass" if len(self.requests) == good else None


@dataclass
class Verdict:
    case: object
    seen: Observation
    grade: str  # as_wanted, lenient, forbidden

    def tell(self):
        case, seen = self.case, self.seen
        return (f"{self.grade}: {case.name} (RFC {case.rfc})\n"
                f"  wanted {' or '.join(case.want)} {case.passed or ''} {case.shown}\n"
                f"  seen   {seen.outcome} {seen.requests or ''} {seen.garbage or ''} {seen.shown} {seen.problem}")


def judge(case, seen, passed):
    """`passed`: what is to reach the upstream, rendered."""
    if (seen.outcome in case.want and seen.requests == passed and not seen.garbage and not seen.problem
            and (not case.shown or case.shown == seen.shown)):
        return Verdict(case, seen, "as_wanted")
    return Verdict(case, seen, "lenient" if seen.kind in case.may else "forbidden")
