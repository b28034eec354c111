"""`sallyport wasm new`: the project of each language builds, passes its tests, notices what is broken, and is what its page says."""
import os
import re
import subprocess
from pathlib import Path

import pytest

from harness.modules import ROOT

pytestmark = pytest.mark.takes_long
CACHE = Path(os.environ.get("SALLYPORT_CACHE", Path.home() / ".cache/sallyport"))
PAGES = {"rust": "plugins-in-rust", "go": "plugins-in-go", "c": "plugins-in-c-and-cpp", "assemblyscript": "plugins-in-assemblyscript"}


@pytest.fixture
def new(gateway):
    """Makes a project `made-LANG` and gives its folder."""
    one = gateway(start=False)

    def make(lang):
        made = one.run_command("wasm", "new", "--lang", lang, f"made-{lang}")
        assert made.returncode == 0 and made.stdout.startswith(f"made-{lang} has a plugin in {lang}. Next: cd "), made.stderr
        return one.path(f"made-{lang}")

    make.run = one.run_command
    return make


def do(folder, *command):
    """A command of the README. What is compiled is shared with tools/build-plugins, whose compiler of Rust is Debian's."""
    environment = {**os.environ, "SALLYPORT": str(Path(os.environ.get("SALLYPORT_BINARY", ROOT / "build/release/sallyport")).resolve()),
                   "CARGO_TARGET_DIR": str(CACHE / "plugins"), "PATH": f"/usr/bin:/bin:/usr/local/go/bin:{os.environ['PATH']}",
                   "XDG_CACHE_HOME": str(folder / "cache")}
    if command[0] == "npm":
        environment["npm_config_ignore_scripts"] = "true"
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def done(folder, *command):
    ran = do(folder, *command)
    assert ran.returncode == 0, f"{' '.join(command)}\n{ran.stdout}{ran.stderr}"
    return ran.stdout


BUILD = {"assemblyscript": [["npm", "install", "--no-audit", "--no-fund", "--prefer-offline"], ["npm", "run", "build"]]}
TEST = {"assemblyscript": ["npm", "test"]}
SOURCE = {"rust": "src/lib.rs", "go": "main.go", "c": "plugin.c", "cpp": "plugin.cpp", "assemblyscript": "assembly/plugin.ts"}


@pytest.mark.parametrize("lang", SOURCE)
def test_the_project_builds_and_its_tests_hold_until_something_is_broken(new, lang):
    project = new(lang)
    build, test = BUILD.get(lang, [["make"]]), TEST.get(lang, ["make", "test"])
    for command in build:
        done(project, *command)
    assert f"made-{lang}.wasm does what test.sh expects\n" in done(project, *test)
    shown = done(project, *(["npm", "run", "try"] if lang == "assemblyscript" else ["make", "run"]))
    assert "  proxy_on_request_headers(context=2, headers=5, end_of_stream=1)" in shown and "  HTTP/1.1 200 OK" in shown

    source = project / SOURCE[lang]
    source.write_text(re.sub(r"\b401,", "403,", source.read_text()))
    done(project, *build[-1])
    broken = do(project, *test)
    assert broken.returncode != 0 and "expected status=401, but it is 403" in broken.stderr, broken.stdout + broken.stderr


@pytest.mark.parametrize("lang", PAGES)
def test_the_page_of_a_language_shows_the_files_of_its_project(new, lang):
    project = new(lang)
    page = (ROOT / "docs" / f"{PAGES[lang]}.md").read_text()
    shown = re.findall(r"^[^\n`]*`([\w./]+\.(?:toml|rs|go|h|c|ts|json))`[^\n]*\n(?:[^\n`]+\n)*\n```\w+\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    compared = [name for name, text in shown if name != "package.json"
                and text.replace("require-header", f"made-{lang}") == (project / name).read_text()]
    assert len(compared) >= 3 and len(compared) == len([name for name, _ in shown if name != "package.json"]), (compared, [n for n, _ in shown])


def test_what_is_there_is_not_overwritten(new):
    new("go")
    again = new.run("wasm", "new", "--lang", "c", "made-go")
    assert (again.returncode, again.stderr) == (1, "sallyport: made-go is there already; nothing was written. Choose another name\n")
    wrong = new.run("wasm", "new", "--lang", "rust", "My_Plugin")
    assert wrong.returncode == 2 and wrong.stderr.startswith("sallyport: 'My_Plugin' is no name for a plugin; write lower-case")
