"""The Wasm modules of journeys: those of tests/journeys/wasm/modules, assembled from their text, and the examples."""
import atexit
import functools
import shutil
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
SOURCES = ROOT / "tests/journeys/wasm/modules"
EXAMPLES = ROOT / "build/plugins"


@functools.cache
def modules():
    """The folder of the assembled modules, NAME.wasm for each NAME.wat; it lasts as long as the tests."""
    folder = Path(tempfile.mkdtemp(prefix="sallyport-modules-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for source in SOURCES.glob("*.wat"):
        assemble(source.read_text(), folder / f"{source.stem}.wasm")
    return folder


def assemble(text, to):
    """Writes the module that `text` says, in the text format of WebAssembly."""
    made = subprocess.run(["wat2wasm", "-", "-o", to], input=text, text=True, capture_output=True, check=False)
    assert made.returncode == 0, f"{to.name}: {made.stderr}"
    return to


def examples():
    missing = [p.name for p in (ROOT / "examples/plugins").glob("*-*") if not (EXAMPLES / f"{p.name}.wasm").exists()]
    assert not missing, f"not built: {', '.join(missing)}; run tools/build-plugins"
    return EXAMPLES.resolve()


def with_modules(value):
    """`value` with {{modules}} and {{examples}} in its texts replaced by the folders."""
    if isinstance(value, dict):
        return {k: with_modules(v) for k, v in value.items()}
    if isinstance(value, list):
        return [with_modules(v) for v in value]
    if not isinstance(value, str):
        return value
    for name, folder in (("{{modules}}", modules), ("{{examples}}", examples)):
        if name in value:
            value = value.replace(name, str(folder()))
    return value
