"""Builds what is given out: source archive, wheel, constraints and bill of materials; the same bytes from the same
sources, whoever builds them, wherever and whenever (`make dist`)."""

import gzip
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent
SOURCES = (
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "MANIFEST.in",
    "Makefile",
    "README.md",
    "build_dist.py",
    "compile_catalogues.py",
    "deploy",
    "docs",
    "marketdesk",
    "pyproject.toml",
    "requirements",
    "setup.py",
)
# What an installation is made of, at exactly the versions that the tests ran with.
PINS = ("requirements/run.txt", "requirements/s3.txt", "requirements/translate.txt")
PINNED = re.compile(r"^[\w.-]+==.+\\\n(?:    --hash=.+\n)+", re.MULTILINE)


def build(out: Path, root: Path = ROOT) -> list[Path]:
    """Build everything into a folder."""
    out.mkdir(parents=True, exist_ok=True)
    epoch = os.environ.get("SOURCE_DATE_EPOCH") or _last_change(root)
    environment = {**os.environ, "SOURCE_DATE_EPOCH": epoch, "PYTHONHASHSEED": "0"}
    with tempfile.TemporaryDirectory() as folder:
        # A copy: no file is in it that was not asked for, and none of an earlier build.
        _copy(root, Path(folder) / "source")
        _run(environment, "-m", "build", "--sdist", "--no-isolation", "--outdir", folder, Path(folder) / "source")
        (raw,) = Path(folder).glob("*.tar.gz")
        name = raw.name.removesuffix(".tar.gz")
        sdist = out / raw.name
        _repack(raw, sdist, int(epoch))
        # The wheel from the source archive, so that this is known to have all it needs.
        with tarfile.open(sdist) as tar:
            tar.extractall(folder, filter="data")
        _run(environment, "-m", "build", "--wheel", "--no-isolation", "--outdir", out, Path(folder) / name)
        (wheel,) = out.glob(f"{name}-*.whl")

        # Each with its hashes, once.
        found = {one for pins in PINS for one in PINNED.findall((root / pins).read_text())}
        pins = Path(folder) / "pins.txt"
        pins.write_text("".join(sorted(found)))
        constraints = out / f"{name}-constraints.txt"
        constraints.write_text("".join(one.splitlines()[0].rstrip(" \\") + "\n" for one in sorted(found)))
        bill = out / f"{name}-sbom.cdx.json"
        _run(environment, "-m", "cyclonedx_py", "requirements", "--output-reproducible", "-o", bill, pins)
    return [sdist, wheel, constraints, bill]


def _last_change(root: Path) -> str:
    """When the sources were changed last; without their history the first moment that a wheel can name."""
    asked = ["git", "-C", str(root), "log", "-1", "--format=%ct"]
    try:
        return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        return "315532800"


def _copy(root: Path, target: Path) -> None:
    target.mkdir()
    for name in SOURCES:
        source = root / name
        if source.is_dir():
            shutil.copytree(source, target / name, ignore=shutil.ignore_patterns("__pycache__", "*.mo", "*.egg-info"))
        else:
            shutil.copy(source, target / name)
    for path in target.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)  # not what the builder's own files happen to be


def _repack(raw: Path, target: Path, epoch: int) -> None:
    """The same files without whose they were, when they were copied and in which order they were found."""
    with (
        tarfile.open(raw) as given,
        target.open("wb") as file,
        gzip.GzipFile(filename="", fileobj=file, mode="wb", mtime=epoch) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for part in sorted(given.getmembers(), key=lambda one: one.name):
            part.mtime, part.uid, part.gid, part.uname, part.gname = epoch, 0, 0, "", ""
            part.mode, part.pax_headers = 0o755 if part.isdir() else 0o644, {}
            tar.addfile(part, given.extractfile(part) if part.isfile() else None)


def _run(environment: dict[str, str], *words: object) -> None:
    # Not in the checkout, where a folder could stand in for a package.
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-P", *map(str, words)], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)


if __name__ == "__main__":
    for built in build(Path(sys.argv[1] if len(sys.argv) > 1 else "dist")):
        print(built)
