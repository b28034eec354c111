"""From samples to rows, ratios and verdicts."""
import dataclasses
import statistics

from . import scenarios


class Row:
    """All samples of one scenario at one number of connections."""

    def __init__(self, name, connections, samples):
        self.name = name
        self.connections = connections
        self.of_round = {sample.round: sample for sample in samples}
        problems = [sample for sample in samples if sample.problem]
        problems.sort(key=lambda sample: sample.disturbed)  # mistakes first
        self.problem = problems[0].problem if problems else ""
        self.is_disturbed = bool(problems) and problems[0].disturbed

    def values(self, field):
        return [getattr(sample, field) for sample in self.of_round.values() if not sample.problem]

    def median(self, field):
        return statistics.median(self.values(field))

    def span(self, field):
        return min(self.values(field)), max(self.values(field))


class Rows:
    def __init__(self, samples):
        self.rows = {}
        for sample in samples:
            self.rows.setdefault((sample.connections, sample.scenario), []).append(sample)
        self.rows = {key: Row(key[1], key[0], taken) for key, taken in self.rows.items()}

    def __iter__(self):
        """By connections, then in the order of the scenarios."""
        order = {scenario.name: place for place, scenario in enumerate(scenarios.ALL)}
        return iter(sorted(self.rows.values(), key=lambda row: (row.connections, order[row.name])))

    def paired(self, connections, one, other, combine):
        """The median over the rounds of `combine(CPU of one, CPU of other)`: both of a pair lived in the same minute.

        None when either row is absent or does not count.
        """
        rows = [self.rows.get((connections, name)) for name in (one, other)]
        if None in rows or any(row.problem for row in rows):
            return None
        both = rows[0].of_round.keys() & rows[1].of_round.keys()
        pairs = [combine(*(row.of_round[number].cpu_us for row in rows)) for number in sorted(both)]
        return statistics.median(pairs) if pairs else None

    def speed(self, connections, one, other):
        """How many requests `one` serves with the CPU time that `other` needs for one."""
        return self.paired(connections, one, other, lambda mine, theirs: theirs / mine)

    def extra(self, connections, one, other):
        """Microseconds of CPU that a request costs `one` more than `other`."""
        return self.paired(connections, one, other, lambda mine, theirs: mine - theirs)


@dataclasses.dataclass(frozen=True)
class Goal:
    text: str
    row: str
    against: str
    connections: tuple
    limit: float
    in_microseconds: bool = False  # at most so much more CPU; otherwise at least so many times as fast
    reactors: tuple = ("epoll", "io_uring")  # on which it is one

    def verdicts(self, rows, connections, reactor):
        if reactor not in self.reactors:
            return
        for number in connections:
            if number in self.connections:
                yield self.verdict(rows, number)

    def verdict(self, rows, connections):
        value = (rows.extra if self.in_microseconds else rows.speed)(connections, self.row, self.against)
        met = None
        if value is not None:
            met = value <= self.limit if self.in_microseconds else value >= self.limit
        return {"goal": self.text, "connections": connections, "value": value, "limit": self.limit,
                "unit": "us" if self.in_microseconds else "x", "met": met}


BOTH = (50, 200)
GOALS = (
    Goal("plain proxying at least 1.4 times nginx", "plain", "nginx", (200,), 1.4),
    Goal("plain proxying at least 1.5 times nginx, on io_uring", "plain", "nginx", (200,), 1.5, reactors=("io_uring",)),
    Goal("plain proxying at most 1.0 us over the forwarder, on io_uring", "plain", "floor", (200,), 1.0,
         in_microseconds=True, reactors=("io_uring",)),
    Goal("plain proxying at most 1.5 us over the forwarder, on epoll", "plain", "floor", (200,), 1.5,
         in_microseconds=True, reactors=("epoll",)),
    Goal("with a JSON access log at least 1.4 times nginx", "plain-log", "nginx-log", (200,), 1.4),
    Goal("behind TLS at least 1.3 times nginx", "plain-tls", "nginx-tls", (200,), 1.3),
    Goal("behind HTTP/2 at least 1.3 times nginx", "plain-http2", "nginx-http2", (200,), 1.3),
    Goal("responses of 1 KiB at least as fast as nginx", "plain-1k", "nginx-1k", (200,), 1.0),
    Goal("responses of 80 KiB at least as fast as nginx", "plain-80k", "nginx-80k", (200,), 1.0),
    Goal("requests of 16 KiB at least as fast as nginx", "plain-post-16k", "nginx-post-16k", (200,), 1.0),
    Goal("a header added by the Rust plugin at least 0.95 of native", "header-rust", "header-native", BOTH, 0.95),
    Goal("a header added by the Go plugin at least 0.90 of native", "header-go", "header-native", BOTH, 0.90),
    Goal("a direct answer of the Rust plugin at most 0.5 us over native", "answer-rust", "answer-native", BOTH, 0.5,
         in_microseconds=True),
    Goal("a direct answer of the Go plugin at most 1.0 us over native", "answer-go", "answer-native", BOTH, 1.0,
         in_microseconds=True),
    Goal("a sandbox for each request adds at most 10 us to the Rust plugin", "header-rust-sandbox", "header-rust", BOTH,
         10, in_microseconds=True),
    Goal("a sandbox for each request adds at most 10 us to the C++ plugin", "answer-cpp-sandbox", "answer-cpp", BOTH, 10,
         in_microseconds=True),
    Goal("a sandbox for each request adds at most 60 us to the Go plugin", "header-go-sandbox", "header-go", BOTH, 60,
         in_microseconds=True),
)


def verdicts(rows, connections, reactor):
    """`reactor`: on which the gateway served, epoll or io_uring."""
    return [verdict for goal in GOALS for verdict in goal.verdicts(rows, connections, reactor)]
