"""Collects tests/journeys/TOPIC/CASE.yaml as tests, once for each store, and gives Python journeys their fixtures."""
import pytest

from harness.case import CaseRun, load_case
from harness.gateway import LOOPS_SEEN, Gateway
from harness.name_server import NameServer
from harness.upstream import Upstream


def pytest_collect_file(parent, file_path):
    if file_path.suffix == ".yaml" and file_path.parent.parent.name == "journeys":
        return CaseFile.from_parent(parent, path=file_path)
    return None


class CaseFile(pytest.File):
    def collect(self):
        case = load_case(self.path)
        for store in case.get("store", ["embedded", "yaml"]):
            yield CaseItem.from_parent(self, name=f"{case['name']} [{store}]", case=case, store=store)


class CaseItem(pytest.Item):
    def __init__(self, *, case, store, **options):
        super().__init__(**options)
        self.case = case
        self.store = store

    def runtest(self):
        CaseRun(self.case, self.store).run()

    def repr_failure(self, excinfo, style=None):
        if isinstance(excinfo.value, AssertionError):  # of the case or of the gateway; the path through the harness tells nothing
            return f"{self.path}\n{excinfo.value}"
        return super().repr_failure(excinfo, style)

    def reportinfo(self):
        return self.path, None, self.name


def pytest_configure(config):
    config.addinivalue_line("markers", "takes_long: begins early, so that in the end nobody waits for it alone")


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: item.get_closest_marker("takes_long") is None)


def pytest_sessionfinish(session):
    """A worker of pytest-xdist (`-n`) hands over what its gateways have said."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["loops_seen"] = sorted(LOOPS_SEEN)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node):
    LOOPS_SEEN.update(getattr(node, "workeroutput", {}).get("loops_seen", []))


def pytest_terminal_summary(terminalreporter):
    for said in sorted(LOOPS_SEEN):
        terminalreporter.write_line(f"connections were served with {said}")
    if LOOPS_SEEN and not any(said.startswith("io_uring") for said in LOOPS_SEEN):
        terminalreporter.write_line("NOT TESTED: io_uring", yellow=True)


@pytest.fixture
def upstream():
    """Makes upstreams that end with the test: upstream(answers=[...], down=False)."""
    made = []

    def make(name="upstream-a", answers=None, down=False, **place):
        made.append(Upstream(name, answers, down, **place))
        return made[-1]

    yield make
    for one in made:
        one.stop()


@pytest.fixture
def name_server():
    """Makes name servers that end with the test: name_server(time_to_live=1)."""
    made = []

    def make(**options):
        made.append(NameServer(**options))
        return made[-1]

    yield make
    for one in made:
        one.stop()


@pytest.fixture
def gateway():
    """Makes gateways that end, checked, with the test: gateway(settings={}, store="embedded", resources={})."""
    made = []

    def make(settings=None, store="embedded", resources=None, options=(), start=True):
        made.append(Gateway(settings, store, resources, options))
        if start:
            made[-1].start()
        return made[-1]

    yield make
    try:
        for one in made:
            print(one.tell())  # shown when the journey fails
            one.stop()
    finally:
        for one in made:
            one.remove()
