"""The short form of tools/bench-changes: the generator of the benchmarks saturates the gateway while routes change."""
import os
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests/bench"))
from measure import changes  # noqa: E402
from harness.gateway import INSTRUMENTED  # noqa: E402

# Of the resident memory, from request 10,000 of 20,000 on. Runs that lose nothing grow by less than 1 %; 300 bytes lost
# with each request, or 100 KB with each change, are more than this.
MOST_GROWTH = 0.05


def test_no_request_fails_under_full_load_while_routes_change():
    program = pathlib.Path(os.environ.get("SALLYPORT_BINARY", ROOT / "build/release/sallyport")).resolve()
    generator = program.parent / "bench/load"
    assert generator.exists(), f"{generator} is missing; build the target load"
    module = ROOT / f"build/plugins/{changes.PLUGIN}.wasm"
    assert module.exists(), f"{module} is missing; run tools/build-plugins {changes.PLUGIN}"
    outcome = changes.run(changes.Trial(program, generator, requests=20_000, changes=60, settled_after=10_000,
                                        plugin=module))
    assert outcome.failures == 0, outcome.first_failure
    assert (outcome.changes, outcome.late) == (60, 0)
    if INSTRUMENTED not in program.read_bytes():  # which keep what is freed
        assert outcome.growth < MOST_GROWTH, f"{outcome.settled_bytes} bytes became {outcome.largest_bytes}"
