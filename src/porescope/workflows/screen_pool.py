"""Rows from child processes that may crash or hang, on this machine or on many."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from porescope.errors import ConfigError, MissingExtraError

_RECYCLE_AFTER = 400
_START_LIMIT = 120.0
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One file to screen."""

    key: str
    """Hash of its content."""
    file: str
    """Path of the file."""
    settings: dict[str, Any]
    """Record of the settings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a task: a row, or the reason why there is none."""

    key: str
    """Key of the task."""
    row: dict[str, Any] | None
    """The row; ``None`` where the process crashed or took too long."""
    reason: str = ""
    """One sentence that says why there is no row."""
    seconds: float = 0.0
    """Time it took [s]."""


class Guard:
    """One child process; a new one is started when the last one crashed or hung.

    Parameters
    ----------
    function:
        Where the maker of rows is: ``module:name``.
    n_threads:
        Threads that numerical libraries may use in the child.
    """

    def __init__(self, function: str, *, n_threads: int = 1) -> None:
        self._function = function
        self._n_threads = n_threads
        self._process: subprocess.Popen[bytes] | None = None
        self._answers: queue.Queue[bytes | None] = queue.Queue()
        self._n_answered = 0
        self._said: Any = None

    def run(self, task: Task, *, time_limit: float) -> Outcome:
        """One task.

        Parameters
        ----------
        task:
            The task.
        time_limit:
            Seconds after which the child is stopped; 0 for no limit.
        """
        if self._process is None or self._process.poll() is not None:
            self._start()
        begin = time.monotonic()
        process = self._process
        assert process is not None
        assert process.stdin is not None
        line = json.dumps({"file": task.file, "settings": task.settings}).encode() + b"\n"
        try:
            process.stdin.write(line)
            process.stdin.flush()
            answer = self._answers.get(timeout=time_limit or None)
        except BrokenPipeError:
            answer = None
        except queue.Empty:
            self.close()
            return Outcome(
                key=task.key,
                row=None,
                reason=f"stopped after {time_limit:g} s; raise the time limit to let it finish",
                seconds=time.monotonic() - begin,
            )
        seconds = time.monotonic() - begin
        if answer is None:
            reason = self._last_words(process)
            self.close()
            return Outcome(key=task.key, row=None, reason=reason, seconds=seconds)
        self._n_answered += 1
        if self._n_answered >= _RECYCLE_AFTER:
            self.close()
        return Outcome(key=task.key, row=json.loads(answer), seconds=seconds)

    def kill(self) -> None:
        """End the child and what it started; the thread that waits for it learns of it."""
        process = self._process
        if process is None or process.poll() is not None:
            return
        if hasattr(os, "killpg"):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        process.kill()

    def close(self) -> None:
        """End the child and give everything back; for the thread that calls ``run``."""
        self.kill()
        process, self._process = self._process, None
        if process is None:
            return
        process.wait()
        for stream in (process.stdin, self._said):
            if stream is not None:
                with suppress(BrokenPipeError):
                    stream.close()

    def _start(self) -> None:
        self.close()
        environment = dict(os.environ)
        environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
        environment |= {name: str(self._n_threads) for name in _THREADS}
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the child
        self._process = process = subprocess.Popen(
            [sys.executable, "-m", "porescope.workflows.screen_worker", self._function],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            env=environment,
            start_new_session=True,
        )
        self._answers = answers = queue.Queue()
        self._n_answered = 0

        def read() -> None:
            assert process.stdout is not None
            with process.stdout as stream:
                for line in stream:
                    answers.put(line)
            answers.put(None)

        threading.Thread(target=read, daemon=True).start()
        with suppress(queue.Empty):  # a child that cannot start answers nothing to its task either
            if answers.get(timeout=_START_LIMIT) is None:
                answers.put(None)

    def _last_words(self, process: subprocess.Popen[bytes]) -> str:
        """Why a child ended by itself."""
        code = process.wait()
        if code < 0:
            name = signal.Signals(-code).name
            hint = "; memory may be short, try fewer jobs" if name == "SIGKILL" else ""
            return f"its process was ended by {name}{hint}"
        self._said.seek(max(0, self._said.tell() - 4000))
        lines = self._said.read().decode("utf-8", "replace").strip().splitlines()
        last = f": {lines[-1].strip()[:200]}" if code == 1 and lines else ""
        return f"its process ended with code {code}{last}"


def outcomes_by_processes(
    tasks: Iterable[Task], *, function: str, jobs: int, time_limit: float
) -> Iterator[Outcome]:
    """Outcomes in the order in which they are ready, from processes on this machine.

    Parameters
    ----------
    tasks:
        The tasks; drawn one at a time.
    function:
        Where the maker of rows is: ``module:name``.
    jobs:
        Processes at a time.
    time_limit:
        Seconds for each task; 0 for no limit.
    """
    waiting = iter(tasks)
    turn, stop = threading.Lock(), threading.Event()
    done: queue.Queue[Outcome | BaseException | None] = queue.Queue()
    n_threads = max(1, (os.cpu_count() or 1) // jobs)
    guards = [Guard(function, n_threads=n_threads) for _ in range(jobs)]

    def work(guard: Guard) -> None:
        try:
            while not stop.is_set():
                with turn:
                    task = next(waiting, None)
                if task is None:
                    break
                done.put(guard.run(task, time_limit=time_limit))
        except BaseException as error:
            done.put(error)
            raise
        finally:
            guard.close()
            done.put(None)

    threads = [threading.Thread(target=work, args=(guard,), daemon=True) for guard in guards]
    for thread in threads:
        thread.start()
    n_working = len(threads)
    try:
        while n_working:
            outcome = done.get()
            if outcome is None:
                n_working -= 1
            elif isinstance(outcome, BaseException):
                raise outcome
            else:
                yield outcome
    finally:
        stop.set()
        for guard, thread in zip(guards, threads, strict=True):
            while thread.is_alive():
                guard.kill()
                thread.join(timeout=0.2)


_GUARDS: dict[int, Guard] = {}


def guarded_outcome(task: Task, *, function: str, time_limit: float) -> Outcome:
    """One task in a child of this process; each thread keeps its child for the next one."""
    guard = _GUARDS.setdefault(threading.get_ident(), Guard(function))
    return guard.run(task, time_limit=time_limit)


def outcomes_by_dask(
    tasks: Iterable[Task], *, function: str, jobs: int, time_limit: float, address: str = ""
) -> Iterator[Outcome]:
    """Outcomes in the order in which they are ready, from a Dask cluster.

    Parameters
    ----------
    tasks:
        The tasks; drawn as the cluster has room.
    function, time_limit:
        As in :func:`outcomes_by_processes`.
    jobs:
        Workers of the cluster on this machine that is started where no address is given.
    address:
        Address of a scheduler, such as ``tcp://10.0.0.1:8786``, or the path of its file.

    Raises
    ------
    MissingExtraError
        distributed is not installed.
    ConfigError
        Nobody answers at the address.
    """
    try:
        import distributed
    except ImportError as error:
        raise MissingExtraError("dask[distributed]", extra="cluster") from error
    with _client(distributed, jobs=jobs, address=address) as client:
        waiting = iter(tasks)
        keys: dict[Any, str] = {}

        def submit(task: Task) -> Any:
            future = client.submit(
                guarded_outcome, task, function=function, time_limit=time_limit, pure=False
            )
            keys[future.key] = task.key
            return future

        n_ahead = 2 * max(sum(client.nthreads().values()), jobs, 1)
        first = [submit(task) for _, task in zip(range(n_ahead), waiting, strict=False)]
        ready = distributed.as_completed(first)
        for future in ready:
            key = keys.pop(future.key)
            error = future.exception()
            if error is None:
                yield future.result()
            else:
                reason = f"the cluster lost it: {type(error).__name__}"
                yield Outcome(key=key, row=None, reason=reason)
            future.release()
            task = next(waiting, None)
            if task is not None:
                ready.add(submit(task))


def _client(distributed: Any, *, jobs: int, address: str) -> Any:
    """A client of the cluster at an address, or of one started here and ended with the client.

    The one started here has threads only: each of them guards a child process, where the work is.
    """
    if not address:
        cluster = distributed.LocalCluster(
            n_workers=1, threads_per_worker=jobs, dashboard_address=None, processes=False
        )
        return _OwnCluster(distributed.Client(cluster), cluster)
    try:
        if os.path.isfile(address):
            return distributed.Client(scheduler_file=address, timeout="20s")
        return distributed.Client(address, timeout="20s")
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"no Dask scheduler answers at {address}; start one with: dask scheduler, or write "
            "--scheduler dask to use this machine"
        ) from error


class _OwnCluster:
    """A client that takes its cluster along when it is closed."""

    def __init__(self, client: Any, cluster: Any) -> None:
        self._client, self._cluster = client, cluster

    def __enter__(self) -> Any:
        return self._client

    def __exit__(self, *_: object) -> None:
        for guard in _GUARDS.values():
            guard.kill()
        self._client.close()
        self._cluster.close()
        for guard in _GUARDS.values():
            guard.close()
        _GUARDS.clear()
