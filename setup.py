"""The build compiles the languages' catalogues into the wheel; everything else stands in pyproject.toml."""

from pathlib import Path
from runpy import run_path

from setuptools import setup
from setuptools.command.build_py import build_py


class BuildWithCatalogues(build_py):  # type: ignore[misc]  # setuptools has no types
    """Compile first, so that the package's data has the compiled files."""

    def run(self) -> None:
        catalogues = run_path(str(Path(__file__).parent / "compile_catalogues.py"))
        if lacking := catalogues["missing"]():
            raise SystemExit("Not translated yet, so not given out:\n" + "\n".join(lacking))
        catalogues["compile_all"]()
        super().run()


setup(cmdclass={"build_py": BuildWithCatalogues})
