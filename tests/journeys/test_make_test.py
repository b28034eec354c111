"""tools/test runs what has not passed yet as the sources are, and what --again asks for."""
import shutil
import subprocess

import pytest

from harness.gateway import ROOT

NEEDED = (".clang-format", "tools/format", "tools/install-packages", "tools/test", "tools/usage.sh")
NOT_RUN = "passed before, and nothing has changed"


@pytest.fixture
def repository(tmp_path):
    """One with a single source, of which only the form can be checked."""
    for name in NEEDED:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / ".gitignore").write_text("build/\n")
    (tmp_path / "a.cpp").write_text("int a = 1;\n")
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    return tmp_path


def check_format(repository, *options):
    ended = subprocess.run([repository / "tools/test", *options, "format"], cwd=repository, capture_output=True,
                           text=True, check=False)
    return ended.returncode, ended.stdout


def test_a_phase_that_has_passed_is_not_run_until_something_changes(repository):
    code, said = check_format(repository)
    assert code == 0 and NOT_RUN not in said, said
    code, said = check_format(repository)
    assert code == 0 and NOT_RUN in said, said
    code, said = check_format(repository, "--again")
    assert code == 0 and NOT_RUN not in said, said
    (repository / "b.cpp").write_text("int b = 1;\n")
    code, said = check_format(repository)
    assert code == 0 and NOT_RUN not in said, said


def test_a_phase_that_has_failed_is_run_again(repository):
    assert check_format(repository)[0] == 0
    (repository / "a.cpp").write_text("int  a;\n")
    for _ in range(2):
        code, said = check_format(repository)
        assert code != 0 and NOT_RUN not in said, said
    (repository / "a.cpp").write_text("int a = 1;\n")
    code, said = check_format(repository)
    assert code == 0 and NOT_RUN not in said, "what passed before the failure is forgotten"
