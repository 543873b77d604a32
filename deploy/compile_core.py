"""Compiles the pure core's busiest modules to C extensions, into `build/compiled/`: `make compiled`.

What is there is the package `stream` as it stands, the listed modules as extensions beside their sources; it is used by
standing first on the path: `PYTHONPATH=build/compiled casewatch run …`. mypyc reads the same sources under the same
types. Invariant: what stands in `build/compiled/` is whole, and was made by this interpreter from the sources of its
stamp; where it cannot be made, one line says what is missing.
"""

import hashlib
import os
import shlex
import shutil
import sys
import sysconfig
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MADE, MAKING = ROOT / "build/compiled", ROOT / "build/compiling"
STAMP = "made-from"

MODULES = (
    "admission announcer aside cards case census clock course deadlines departure departures echo event explanation "
    "finding findings fold headcount inputs instances instants journalled kept layout levels lifecycle lives "
    "lookout mapping occurrences pace partials people said shard shared shares steps timekeeper verdicts voice "
    "watch wording conformance/alignment conformance/automaton conformance/path conformance/standing declare/book "
    "declare/journal declare/monitor declare/pairing declare/plain declare/standing declare/tally declare/vector "
    "declare/violation declare/window sla/rules sla/running sla/special sla/target sla/turning"
).split()
"""What an event passes through. The machines of `conformance/` are left out: they redeclare what their base declares,
and are asked only for what no case has met before."""


def missing() -> str | None:
    """What is not there to compile with, and how to come by it."""
    compiler = shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")[0]
    if shutil.which(compiler) is None:
        return f"no C compiler ({compiler}); Debian and Ubuntu: apt-get install -y gcc libc6-dev"
    if not (Path(sysconfig.get_path("include")) / "Python.h").is_file():
        return f"no Python.h of {sys.executable}; Debian and Ubuntu: apt-get install -y python3-dev"
    try:
        version("mypy")
        version("setuptools")
    except ModuleNotFoundError as error:
        return f"no {error.name} in {sys.prefix}; make setup installs it"
    return None


def identity() -> str:
    """A hash of all that decides what is made."""
    digest = hashlib.sha256(f"{sys.version} {version('mypy')} {sysconfig.get_config_var('SOABI')}".encode())
    for path in [Path(__file__), *sorted((ROOT / "stream").rglob("*.py")), *sorted((ROOT / "schemas").rglob("*.py"))]:
        digest.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def compile_in(folder: Path) -> None:
    """Compile the modules of the copy in a folder, in place; leaves the process in that folder."""
    from mypyc.build import mypycify  # noqa: PLC0415  # only once it is known to be there
    from setuptools import Extension, setup  # noqa: PLC0415  # only once it is known to be there
    from setuptools.command.build_ext import build_ext  # noqa: PLC0415  # only once it is known to be there

    class InParallel(build_ext):  # type: ignore[misc]  # setuptools ships no types
        """Compiles the sources of one extension side by side; setuptools by itself takes one after the other."""

        def build_extension(self, ext: Extension) -> None:
            def compiled(source: str) -> str:
                options = {"include_dirs": ext.include_dirs, "extra_postargs": ext.extra_compile_args}
                objects: list[str] = self.compiler.compile([source], self.build_temp, **options)
                return objects[0]

            with ThreadPoolExecutor(int(os.environ.get("JOBS") or os.cpu_count() or 1)) as pool:
                ext.extra_objects = list(pool.map(compiled, ext.sources))
            ext.sources = []
            super().build_extension(ext)

    os.chdir(folder)
    os.environ["MYPYPATH"] = os.pathsep.join((str(folder), str(ROOT)))
    sources = [f"stream/{module}.py" for module in MODULES]
    options = [f"--config-file={ROOT / 'pyproject.toml'}", f"--cache-dir={os.devnull}"]
    setup(
        name="casewatch-core",
        packages=[],
        ext_modules=mypycify([*options, *sources], multi_file=True, group_name="casewatch", target_dir="generated"),
        cmdclass={"build_ext": InParallel},
        script_args=["--quiet", "build_ext", "--inplace", "--build-temp", "generated"],
    )


def main() -> int:
    """Make `build/compiled/` anew unless it stands as it would be made; the exit status."""
    lacking = missing()
    if lacking is not None:
        sys.stderr.write(f"compiled: {lacking}. The core runs uncompiled as well, at about half the speed.\n")
        return 1
    made_from = identity()
    stamp = MADE / STAMP
    if stamp.is_file() and stamp.read_text() == made_from:
        return 0
    for folder in (MADE, MAKING):
        shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ROOT / "stream", MAKING / "stream", ignore=shutil.ignore_patterns("__pycache__"))
    compile_in(MAKING)
    for left in ("generated", "build"):
        shutil.rmtree(left)
    Path(STAMP).write_text(made_from)
    os.chdir(ROOT)
    MAKING.rename(MADE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
