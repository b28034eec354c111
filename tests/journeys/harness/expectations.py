"""Compares what arrived with what a case expects. Each function adds a line to `differences` for what is different."""
import json
import re


def same_text(name, actual, expected, differences, other=None):
    """`expected` is a text, a list of texts (all values), `absent`, or {matches, contains, same_as, count}."""
    first = actual[0] if actual else None
    if expected == "absent":
        if actual:
            differences.append(f"{name}: expected none, got {actual}")
    elif isinstance(expected, list):
        if actual != [str(e) for e in expected]:
            differences.append(f"{name}: expected {expected}, got {actual}")
    elif isinstance(expected, dict):
        same_by_rule(name, actual, expected, differences, other)
    elif first is None or len(actual) > 1 or first != str(expected):
        differences.append(f"{name}: expected {str(expected)!r} once, got {actual}")


def same_by_rule(name, actual, rules, differences, other):
    first = actual[0] if actual else None
    for rule, wanted in rules.items():
        if rule == "matches":
            good = first is not None and re.fullmatch(wanted, first, re.DOTALL)
        elif rule == "contains":
            good = first is not None and all(w in first for w in (wanted if isinstance(wanted, list) else [wanted]))
        elif rule == "lacks":
            good = first is None or wanted not in first
        elif rule == "count":
            good = len(actual) == wanted
        elif rule == "same_as":
            good = other is not None and actual == other.all(name.rsplit(" ", 1)[-1]) and bool(actual)
        else:
            raise ValueError(f"{name}: unknown rule {rule}")
        if not good:
            differences.append(f"{name}: expected {rule} {wanted!r}, got {actual}")


def includes(actual, expected):
    """Whether `expected` is a part of `actual`: mappings may have more members, lists are compared item by item."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        return all(k in actual and includes(actual[k], v) for k, v in expected.items())
    if isinstance(expected, list) and isinstance(actual, list):
        return len(expected) == len(actual) and all(map(includes, actual, expected))
    return actual == expected


def check_json(what, message, expected, differences, partly):
    try:
        actual = json.loads(message.body)
    except ValueError:
        differences.append(f"{what}: no JSON: {message.text!r}")
        return
    if not (includes(actual, expected) if partly else actual == expected):
        differences.append(f"{what}: expected {json.dumps(expected)}{' at least' if partly else ''}, "
                           f"got {json.dumps(actual)}")


def check_message(what, message, expected, differences, other=None):
    """`what` names the message; `other` is the one that same_as refers to."""
    for key, wanted in expected.items():
        if key in ("status", "reason", "method", "target"):
            actual = getattr(message, key)
            same_text(f"{what} {key}", [str(actual)], wanted, differences)
        elif key == "headers":
            for name, value in wanted.items():
                same_text(f"{what} header {name}", message.all(name), value, differences, other)
        elif key == "trailers":
            for name, value in wanted.items():
                actual = [v for n, v in message.trailers if n.lower() == name.lower()]
                same_text(f"{what} trailer {name}", actual, value, differences)
        elif key == "body":
            same_text(f"{what} body", [message.text], wanted, differences)
        elif key == "size":
            if len(message.body) != wanted:
                differences.append(f"{what} body: expected {wanted} bytes, got {len(message.body)}")
        elif key == "json":
            check_json(f"{what} json", message, wanted, differences, partly=False)
        elif key == "json_has":
            check_json(f"{what} json", message, wanted, differences, partly=True)
        elif key == "interim":
            if message.interim != wanted:
                differences.append(f"{what}: expected interim responses {wanted}, got {message.interim}")
        elif key == "chunked":
            if bool(message.get("transfer-encoding")) != wanted:
                differences.append(f"{what}: expected chunked to be {wanted}: {message.headers}")
        elif key not in ("closes", "of", "count", "connections"):
            raise ValueError(f"{what}: unknown expectation {key}")
