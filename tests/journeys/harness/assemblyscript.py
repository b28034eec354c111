"""Modules of plugins in AssemblyScript, compiled with the packages that tools/build-plugins has installed for an example."""
import re
import shutil
import subprocess

from .modules import EXAMPLES, ROOT

EXAMPLE = ROOT / "examples/plugins/request-transform-as"
PACKAGES = EXAMPLES.resolve().parent / "plugins-work/request-transform-as/node_modules"


def compiled(to, *options):
    """Runs the compiler in the folder `to`, which has asconfig.json and what that names, with all packages at hand."""
    assert PACKAGES.exists(), f"{PACKAGES} is missing; run tools/build-plugins request-transform-as"
    if not (to / "node_modules").exists():
        (to / "node_modules").symlink_to(PACKAGES)
    made = subprocess.run([PACKAGES / ".bin/asc", *options], cwd=to, capture_output=True, text=True, check=False)
    assert (made.returncode, made.stderr) == (0, "")


def compiled_plugin(folder, to):
    """The same for a folder of sources, in which plugin.ts is the entry; the module is plugin.wasm in the folder `to`."""
    shutil.copytree(folder, to / "assembly")
    (to / "asconfig.json").write_text((EXAMPLE / "asconfig.json").read_text().replace("build/request-transform.wasm", "plugin.wasm"))
    compiled(to)
    return to / "plugin.wasm"


def blocks(page, language):
    """The blocks of code of that language in a page."""
    return re.findall(f"^```{language}\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE)
