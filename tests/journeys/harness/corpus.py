"""Reads the cases of tests/corpus/h1 (its README.md has the grammar)."""
import re
from dataclasses import dataclass, field
from pathlib import Path

CORPUS = Path(__file__).resolve().parents[2] / "corpus/h1"
PLAIN = {"r": b"\r", "n": b"\n", "t": b"\t", "0": b"\0", "\\": b"\\"}


@dataclass
class Case:
    name: str
    method: str = "GET"  # of the request, for a response
    data: bytes = b""
    unread: bytes = b""
    outcome: str = ""
    fields: list = field(default_factory=list)  # [(name, value)]; empty: not looked at

    @property
    def is_refused(self):
        return self.outcome[0].isdigit()

    @property
    def is_accepted(self):
        return self.outcome.startswith("ok ")

    @property
    def status(self):
        """Of a refusal."""
        return int(self.outcome.split(" ")[0])

    def told(self, key):
        """What the outcome says about `key`: the text behind KEY=, None where it is missing."""
        found = re.search(rf" {key}=(\S*)", self.outcome)
        return found and found.group(1)


def unescape(text):
    data, at = b"", 0
    while at < len(text):
        if text[at] != "\\":
            data += text[at].encode("latin-1")
            at += 1
        elif text[at + 1] == "x":
            data += bytes([int(text[at + 2:at + 4], 16)])
            at += 4
        elif text[at + 1] == "{":
            count, once = text[at + 2:text.index("}", at)].split(":", 1)
            data += unescape(once) * int(count)
            at = text.index("}", at) + 1
        else:
            data += PLAIN[text[at + 1]]
            at += 2
    return data


def cases(*names):
    """The cases of those files, in their order."""
    found = []
    for name in names:
        for line in (CORPUS / name).read_text("latin-1").split("\n"):
            mark, rest = line[:1], line[2:]
            if line.startswith("== "):
                found.append(Case(f"{name}: {line[3:]}"))
            elif line.startswith("method "):
                found[-1].method = line[7:]
            elif mark == ">":
                found[-1].data += unescape(rest)
            elif mark == "|":
                found[-1].unread += unescape(rest)
            elif mark == "=":
                found[-1].outcome = rest
            elif mark == "+":
                field_name, value = unescape(rest).decode("latin-1").split(":", 1) if rest[:1] != ":" else ("", rest)
                found[-1].fields.append((field_name, value.strip(" ")))
    return found
