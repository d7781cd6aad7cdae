"""What leaves the house: the wheel holds all it needs, `run` says what is missing, and the locks are locked."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CLEAN = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "NEWSLETTER_", "COV_"))}
LOCKS = ["requirements.lock", "requirements-dev.lock"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built offline from a copy of the files that a checkout has, so that nothing else slips in."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    words = ["git", "-c", f"safe.directory={ROOT}", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(words, cwd=ROOT, capture_output=True, check=True, text=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*build, "--wheel-dir", str(target), str(source)], check=True, cwd=target)
    (made,) = target.glob("*.whl")
    return made


def test_the_wheel_holds_templates_pages_schema_sample_and_types(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        inside = set(archive.namelist())
    for folder in ("email", "web"):
        here = {path.relative_to(ROOT) for path in (ROOT / "templates" / folder).rglob("*.j2")}
        assert here, folder
        assert {f"newsletter/{path}" for path in here} <= inside
    assert {f"newsletter/web/static/{path.name}" for path in (ROOT / "newsletter/web/static").iterdir()} <= inside
    assert "newsletter/store/migrations/0001_spine.sql" in inside
    assert "newsletter/sample/comparisons.yaml" in inside
    assert "newsletter/py.typed" in inside
    assert not [name for name in inside if name.startswith(("tests", "benchmarks", "docs"))]


def test_the_installed_command_runs_the_demo_from_an_empty_folder(wheel: Path, tmp_path: Path) -> None:
    """In a virtual environment of its own, which sees the packages of this one and nothing of the checkout."""
    home, empty = tmp_path / "venv", tmp_path / "empty"
    empty.mkdir()
    venv.create(home, with_pip=False, symlinks=True)
    python = home / "bin" / "python"
    site = Path(_say(python, "import sysconfig; print(sysconfig.get_path('purelib'))"))
    ours = _say(Path(sys.executable), "import sysconfig; print(sysconfig.get_path('purelib'))")
    (site / "packages.pth").write_text(ours + "\n", "utf-8")
    install = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*install, str(wheel)], check=True, env=CLEAN)
    where = _say(python, "import newsletter; print(newsletter.__file__)", cwd=empty)
    assert Path(where).is_relative_to(site)
    command = home / "bin" / "newsletter"
    done = subprocess.run(
        [command, "demo", "--once", "--port", "0"], cwd=empty, env=CLEAN, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "25 recipients = 25 accepted." in done.stdout
    assert done.stdout.rstrip().endswith("newsletter issues draft")
    assert len(list((empty / ".demo" / "outbox").rglob("*.eml"))) == 25
    version = subprocess.run([command, "--version"], cwd=empty, env=CLEAN, capture_output=True, text=True, check=True)
    assert version.stdout.strip() in wheel.name


def _say(python: Path, code: str, cwd: Path | None = None) -> str:
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True, cwd=cwd, env=CLEAN)
    return done.stdout.strip()


RUN_AS = """
import runpy, sys
{fake}
sys.argv = ["run", "demo"]
runpy.run_path({run!r}, run_name="__main__")
"""


def _run_where(fake: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """`run` from a copy in `folder`, by a Python in which `fake` was done first."""
    for name in ("run", *LOCKS):
        (folder / name).write_bytes((ROOT / name).read_bytes())
    code = RUN_AS.format(fake=fake, run=str(folder / "run"))
    return subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False)


def test_an_older_python_is_told_in_one_line_what_to_install(tmp_path: Path) -> None:
    done = _run_where("sys.version_info = (3, 9, 2, 'final', 0)", tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "Python 3.11 or newer is needed, this is 3.9. Install it, then run this again.\n"
    assert not (tmp_path / ".venv").exists()


def test_a_python_without_venv_is_told_in_one_line_what_to_install(tmp_path: Path) -> None:
    done = _run_where("sys.modules['ensurepip'] = None", tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert "apt install python3-venv" in done.stderr


def test_run_is_written_so_that_an_old_python_can_read_it() -> None:
    import ast

    ast.parse((ROOT / "run").read_text("utf-8"), feature_version=(3, 4))
    assert os.access(ROOT / "run", os.X_OK)


@pytest.mark.parametrize("name", LOCKS)
def test_every_line_of_a_lock_is_a_version_with_hashes_and_no_address(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    assert "://" not in text
    assert "--index" not in text
    wanted = [line for line in text.replace("\\\n", " ").splitlines() if line.strip() and not line.startswith("#")]
    assert len(wanted) > 10
    for line in wanted:
        assert re.fullmatch(r"[a-z0-9.-]+==[^ ;]+( ; [^#]+?)?( +--hash=sha256:[0-9a-f]{64})+ *", line), line


def test_the_development_lock_holds_the_same_versions_as_the_other_one() -> None:
    pins = [
        dict(re.findall(r"^([a-z0-9.-]+)==([^ ;]+)", (ROOT / name).read_text("utf-8"), re.MULTILINE)) for name in LOCKS
    ]
    assert pins[0].items() <= pins[1].items()
    for name in ("hatchling", "pytest", "mypy", "ruff"):
        assert name in pins[1]
        assert name not in pins[0]
