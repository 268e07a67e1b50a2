"""What a fair figure needs: a private durable PostgreSQL, how fast the disk answers, who else used the processors."""

import glob
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
SETTINGS = (
    "fsync=on synchronous_commit=on full_page_writes=on shared_buffers=512MB max_wal_size=4GB max_connections=60 "
    "listen_addresses="
)


class Server:
    """A private PostgreSQL with everything that durability needs switched on, reached by a Unix socket."""

    def __init__(self, folder: Path) -> None:
        found = sorted(glob.glob("/usr/lib/postgresql/*/bin"))
        if not found:
            raise SystemExit("PostgreSQL is not installed (Debian: postgresql)")
        self._bin, self.folder = Path(found[-1]), folder
        self._user = "postgres" if os.geteuid() == 0 else None

    def start(self) -> None:
        """Make and start the server."""
        self.folder.mkdir()
        if self._user:
            self.folder.chmod(0o755)
            shutil.chown(self.folder, self._user)
        self._do(
            "initdb", "-D", self.folder / "data", "-U", "timebank", "-A", "trust", "--locale=C.UTF-8", "-E", "UTF8"
        )
        options = " ".join(f"-c {setting}" for setting in SETTINGS.split())
        self._do(
            "pg_ctl",
            "-D",
            self.folder / "data",
            "-w",
            "-l",
            self.folder / "log",
            "-o",
            f"-k {self.folder} {options}",
            "start",
        )

    def stop(self) -> None:
        """Stop the server."""
        self._do("pg_ctl", "-D", self.folder / "data", "-m", "fast", "stop")

    def url(self, database: str = "postgres") -> str:
        """The address of one of its databases."""
        return f"postgresql+psycopg://timebank@/{database}?host={self.folder}"

    def pid(self) -> int:
        """The process id of the postmaster."""
        return int((self.folder / "data" / "postmaster.pid").read_text().splitlines()[0])

    def _do(self, program: str, *arguments: object) -> None:
        output = self.folder.parent / "out"
        words = [str(self._bin / program), *map(str, arguments)]
        with open(output, "w") as file:
            done = subprocess.run(words, user=self._user, cwd="/", stdout=file, stderr=subprocess.STDOUT)
        if done.returncode:
            raise SystemExit(f"{program} failed: {output.read_text()}")


@contextmanager
def workplace() -> Iterator[tuple[Path, Server]]:
    """A folder on the disk and a running server in it; both gone at the end."""
    folder = Path(tempfile.mkdtemp(prefix="timebank-bench-"))
    folder.chmod(0o755)
    server = Server(folder / "pg")
    try:
        server.start()
        yield folder, server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def fsync_ms(folder: Path) -> float:
    """How long the disk takes to make 8 kB durable, milliseconds (median of 60)."""
    took = []
    with open(folder / "probe", "wb", buffering=0) as file:
        for _ in range(60):
            start = time.perf_counter()
            file.write(b"x" * 8192)
            os.fdatasync(file.fileno())
            took.append(time.perf_counter() - start)
    return statistics.median(took) * 1000


@dataclass(frozen=True)
class Used:
    """Processor seconds so far: of everything, and of this process with its server."""

    at: float
    all_seconds: float
    own_seconds: float


def used(server_pid: int) -> Used:
    """What was used so far, without clients: each of those counts for itself, its warm-up left out."""
    fields = Path("/proc/stat").read_text().splitlines()[0].split()[1:]
    user, nice, system, _idle, _wait, irq, soft, steal = (int(field) for field in fields[:8])
    busy = (user + nice + system + irq + soft + steal) / _TICKS
    own = sum(os.times()[:2])
    children = _tree(server_pid)
    return Used(
        time.perf_counter(), busy, own + sum(_seconds(pid, with_children=pid == server_pid) for pid in children)
    )


def foreign_cores(before: Used, after: Used, *, clients_seconds: float = 0.0) -> float:
    """How many cores others used in between; what clients of ours used is told."""
    others = (after.all_seconds - before.all_seconds) - (after.own_seconds - before.own_seconds) - clients_seconds
    return max(0.0, others) / max(after.at - before.at, 1e-9)


def _tree(server_pid: int) -> list[int]:
    pids = [server_pid]
    for entry in glob.glob("/proc/[0-9]*/stat"):
        fields = _fields(entry)
        if fields and int(fields[1]) == server_pid:
            pids.append(int(entry.split("/")[2]))
    return pids


def _fields(path: str) -> list[str]:
    """The fields of a process after its name (state first); empty where it has ended."""
    try:
        return Path(path).read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _seconds(pid: int, *, with_children: bool) -> float:
    fields = _fields(f"/proc/{pid}/stat")
    if not fields:
        return 0.0
    return sum(int(field) for field in fields[11 : 15 if with_children else 13]) / _TICKS
