"""Reads the cases of tests/corpus/gateway (its README.md has the grammar)."""
from dataclasses import dataclass, field
from pathlib import Path

from harness.corpus import unescape

CORPUS = Path(__file__).resolve().parents[2] / "corpus/gateway"
CLASSES = {"refuse", "pass", "drop"}


@dataclass
class Case:
    name: str
    rfc: str = ""
    sent: list = field(default_factory=list)  # what the client sends: lines of the file, without their mark
    answer: list = field(default_factory=list)  # what the upstream answers instead of the usual
    upstream_closes: bool = False  # behind its answer
    may: set = field(default_factory=set)  # classes of outcomes that the RFC allows beside ours
    want: list = field(default_factory=list)  # outcomes we choose, any of them
    passed: list = field(default_factory=list)  # what reaches the upstream: expected.Request as text
    may_begin: bool = False  # a request may begin to reach the upstream, but not end there
    repeated: list = field(default_factory=list)  # floods: what is sent again and again, as `sent`
    repeat: int = 0
    connections: int = 1  # floods of HTTP/1: side by side
    at_most: int = 0  # floods: requests that may reach the upstream
    shown: str = ""  # what the client gets; empty: not looked at

    @property
    def data(self):
        return b"".join(unescape(line) for line in self.sent)

    @property
    def answer_bytes(self):
        """None where the usual answer is meant."""
        return b"".join(unescape(line) for line in self.answer) if self.answer else None


def read_line(case, mark, rest):
    if mark == "rfc":
        case.rfc = rest
    elif mark == ">":
        case.sent.append(rest)
    elif mark == "<":
        case.answer.append(rest)
    elif mark == "<end":
        case.upstream_closes = True
    elif mark == "may":
        case.may = set(rest.split())
        assert case.may <= CLASSES, f"{case.name}: unknown class in {rest}"
    elif mark == "want":
        case.want = rest.split(" or ")
    elif mark == "*":
        case.repeated.append(rest)
    elif mark in ("repeat", "connections", "at_most"):
        setattr(case, mark, int(rest))
    elif mark == "^" and rest == "unfinished":
        case.may_begin = True
    elif mark == "^":
        case.passed.append(rest)
    elif mark == "v":
        case.shown = rest
    else:
        raise AssertionError(f"{case.name}: unknown mark {mark!r}")


def cases(folder, default_request=None, files="*.txt"):
    """The cases of those files in that folder of the corpus. Those that send nothing send `default_request`."""
    found = []
    for path in sorted((CORPUS / folder).glob(files)):
        for line in path.read_text("latin-1").split("\n"):
            mark, _, rest = line.partition(" ")
            if mark == "==":
                found.append(Case(f"{path.stem}: {rest}"))
            elif line and not line.startswith("#"):
                read_line(found[-1], mark, rest)
    for case in found:
        case.sent = case.sent or ([default_request] if default_request else [])
        assert case.rfc and case.want, f"{case.name}: no rfc or no want"
    names = [case.name for case in found]
    assert len(names) == len(set(names)), f"names twice: {[name for name in names if names.count(name) > 1]}"
    return found
