"""The short form of tools/bench-changes: the generator of the benchmarks saturates the gateway while routes change."""
import os
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests/bench"))
from measure import changes  # noqa: E402


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
