"""What a run prints and what it writes down."""
import dataclasses
import statistics

from . import scenarios

HEADINGS = ("conn", "row", "req/s", "(min-max)", "us/req", "(min-max)", "core", "p50", "p99", "RSS", "nginx x",
            "native x", "native +us", "plain +us", "floor +us", "sandbox +us")


def progress_line(sample):
    where = f"round {sample.round + 1}, {sample.connections:3} connections, {sample.scenario:15}"
    if sample.problem:
        return f"{where} does not count (attempt {sample.attempts}): {sample.problem}"
    return f"{where} {sample.rps:9.0f} req/s {sample.cpu_us:7.2f} us/req, core {sample.core_share:.2f}"


def table(rows):
    lines = [HEADINGS] + [invalid_line(row) if row.problem else line(row, rows) for row in rows]
    widths = [max(len(cells[i]) for cells in lines if i < len(cells)) for i in range(len(HEADINGS))]
    for cells in lines:
        aligned = [cell.ljust(width) if i == 1 else cell.rjust(width) for i, (cell, width) in
                   enumerate(zip(cells, widths))]
        yield "  ".join(aligned).rstrip()


def line(row, rows):
    def number(value, form):
        return "" if value is None else format(value, form)

    native = scenarios.NATIVE_OF.get(row.name, "")
    nginx = scenarios.NGINX_OF.get(row.name, "")
    floor = "floor" + row.name.removeprefix("plain") if row.name.startswith("plain") else ""
    return (str(row.connections), row.name, f"{row.median('rps'):.0f}", "{:.0f}-{:.0f}".format(*row.span("rps")),
            f"{row.median('cpu_us'):.2f}", "{:.2f}-{:.2f}".format(*row.span("cpu_us")),
            f"{row.median('core_share'):.2f}", f"{row.median('p50_us'):.0f}", f"{row.median('p99_us'):.0f}",
            f"{row.median('resident_bytes') / 1e6:.1f}", number(rows.speed(row.connections, row.name, nginx), ".2f"),
            number(rows.speed(row.connections, row.name, native), ".3f"),
            number(rows.extra(row.connections, row.name, native), "+.2f"),
            number(rows.extra(row.connections, row.name, scenarios.PLAIN_OF.get(row.name, "")), "+.2f"),
            number(rows.extra(row.connections, row.name, floor), "+.2f"),
            number(rows.extra(row.connections, row.name, scenarios.shared_of(row.name)), "+.2f"))


def invalid_line(row):
    return str(row.connections), row.name, "FAILED", ""


def goal_lines(verdicts):
    if not verdicts:
        yield "none at these numbers of connections"
    for verdict in verdicts:
        state = {None: "not measured", True: "met", False: "MISSED"}[verdict["met"]]
        value = "" if verdict["met"] is None else f"{verdict['value']:.2f} {verdict['unit']}"
        yield f"{state:12}  {value:>9}  {verdict['goal']} ({verdict['connections']} connections)"


def as_json(machine, how, versions, configurations, taken, rows, verdicts):
    return {"machine": machine, "how": how, "versions": versions, "configurations": configurations,
            "rows": [row_as_json(row, rows) for row in rows], "goals": verdicts,
            "samples": [dataclasses.asdict(sample) for sample in taken]}


def row_as_json(row, rows):
    about = {"row": row.name, "connections": row.connections, "problem": row.problem}
    if row.problem:
        return about
    for field in ("rps", "cpu_us", "core_share", "p50_us", "p99_us", "resident_bytes"):
        about[field] = {"median": statistics.median(row.values(field)), "all": row.values(field)}
    about["times_nginx"] = rows.speed(row.connections, row.name, scenarios.NGINX_OF.get(row.name, ""))
    about["times_native"] = rows.speed(row.connections, row.name, scenarios.NATIVE_OF.get(row.name, ""))
    about["us_over_plain"] = rows.extra(row.connections, row.name, scenarios.PLAIN_OF.get(row.name, ""))
    about["us_over_native"] = rows.extra(row.connections, row.name, scenarios.NATIVE_OF.get(row.name, ""))
    return about
