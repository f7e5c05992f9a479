"""Services as real processes: started, ended, left alone, and never mistaken for somebody else's."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import types
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from tests.native.conftest import end_all, processes, until
from upready.logs.query import Query
from upready.operations import logs
from upready.runtime.native import (
    env_mark,
    executables,
    log_source,
    logfile,
    paths,
    record,
    service,
    service_order,
    supervisor,
)
from upready.runtime.native.launch_plan import Plan
from upready.runtime.native.record import Record
from upready.runtime.native.runtime import Native
from upready.support import background, lock, platform, state
from upready.support.errors import StartError

Run = Callable[..., Record]

posix_only = pytest.mark.skipif(platform.WINDOWS, reason="POSIX signals")

FAMILY = """
import os, signal, subprocess, sys, time
# A child in a session of its own, which does not listen, and its child: a reloader's worker, at its worst.
deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"
worker = f"import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', {deaf!r}]); print('up', flush=True)"
worker += "; time.sleep(600)"
subprocess.Popen([sys.executable, "-c", worker], start_new_session=True)
print("parent")
time.sleep(600)
"""


def said(root: Path, *words: str, name: str = "it") -> bool:
    return set(words) <= set(service.last_lines(root, name, 100))


def test_a_service_is_found_by_its_record_and_gone_after_stop(root: Path, run: Run) -> None:
    started = run("print('hello'); input() if False else __import__('time').sleep(600)", project="market")
    until(lambda: said(root, "hello"))
    found = service.look(root, "it")
    assert found == started
    assert service.runs(found)
    seen = Native(root).inspect(f"it.{found.run}")
    assert seen
    assert seen.name == "market-it-1"
    assert found.process is not None
    assert psutil.Process(found.process.pid).cwd() == str(root)
    assert service.stop(root, "it") is not None
    assert service.look(root, "it") is None
    assert service.stop(root, "it") is None


@posix_only
def test_a_stop_that_is_cancelled_waits_no_longer(root: Path, run: Run) -> None:
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up'); time.sleep(600)"
    run(deaf, grace=60.0)
    until(lambda: said(root, "up"))
    cancel = threading.Event()
    threading.Timer(0.3, cancel.set).start()
    began = time.monotonic()
    assert service.stop(root, "it", cancel=cancel) is None
    assert time.monotonic() - began < 30
    # It was asked, and is left to itself; what is known of it stays.
    assert service.runs(service.look(root, "it"))
    service.stop(root, "it", grace=0)


def test_the_end_of_a_service_is_told_with_its_code_and_last_words(root: Path, run: Run) -> None:
    run("import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)")
    found = until(lambda: (it := service.look(root, "it")) and it.exit_code is not None and it)
    assert found.exit_code == 3
    assert found.started <= found.finished
    assert not service.runs(found)
    assert sorted(service.last_lines(root, "it", 10)) == ["err", "out"]


@posix_only
def test_a_service_killed_by_a_signal_has_the_code_that_a_container_would_have(root: Path, run: Run) -> None:
    started = run("__import__('time').sleep(600)")
    assert started.process
    os.kill(started.process.pid, signal.SIGKILL)
    assert until(lambda: (it := service.look(root, "it")) and it.exit_code) == 137


def test_a_program_that_is_not_there_is_an_error_not_a_crash(root: Path) -> None:
    plan = Plan("it", ("no-such-program", "x"), str(root), platform.machine_environment())
    found = service.start(root, plan, threading.Event())
    assert found is not None
    assert not service.runs(found)
    assert "no-such-program" in found.error
    service.stop(root, "it")


def test_a_folder_that_is_not_there_is_not_blamed_on_the_program(root: Path) -> None:
    plan = Plan("it", (sys.executable, "-c", ""), str(root / "nowhere"), platform.machine_environment())
    found = service.start(root, plan, threading.Event())
    assert found is not None
    assert "nowhere" in found.error
    assert sys.executable not in found.error
    service.stop(root, "it")


def test_a_supervisor_that_fails_is_told_with_what_it_said(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = Plan("it", (sys.executable, "-c", "import time; time.sleep(600)"), str(root), platform.machine_environment())
    (root / "upready").mkdir()
    (root / "upready" / "__init__.py").write_text("raise ImportError('upready is broken')\n", encoding="utf-8")
    monkeypatch.setattr(executables, "LIBRARY", root)
    began = time.monotonic()
    with pytest.raises(StartError, match="the supervisor of it ended with code 1") as caught:
        service.start(root, plan, threading.Event())
    assert time.monotonic() - began < service.START_WITHIN
    assert "upready is broken" in caught.value.details[-1]
    assert processes(root) == []


def test_a_child_that_cannot_be_looked_at_any_more_has_a_record(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(pid: int) -> record.Identity:
        if pid == 4711:
            raise psutil.NoSuchProcess(pid)
        return record.Identity(pid, 1.0)

    monkeypatch.setattr(record.Identity, "of", gone)
    asked = {"run": "x", "fingerprint": ""}
    assert supervisor._record(Plan("it", ("x",), str(root)), asked, 0.0, pid=4711).process is None


def test_data_is_removed_as_a_whole_and_what_was_cut_is_swept(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = paths.of(root, "it")
    (folder / paths.DATA / "base").mkdir(parents=True)
    with monkeypatch.context() as patched:
        patched.setattr(service.shutil, "rmtree", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            service.remove_data(root, "it")
    assert not (folder / paths.DATA).exists()
    for name in ("password.tmp", "password.tmp.x.tmp", "state.json.y.tmp", "log"):
        (folder / name).write_text("secret", encoding="utf-8")
    service.stop(root, "it")  # as a start does, too
    assert [each.name for each in folder.iterdir()] == ["log"]


def test_data_that_cannot_be_removed_is_told(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (paths.of(root, "it") / paths.DATA).mkdir(parents=True)

    def refuse(path: Path, ignore_errors: bool = False) -> None:
        if not ignore_errors:
            raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(service.shutil, "rmtree", refuse)
    with pytest.raises(StartError, match=r"it: .*Permission denied"):
        Native(root).stop("project", data=True)


def test_services_reach_each_other_past_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", {"PATH": "/bin"})
    assert "NO_PROXY" not in service.surroundings()
    monkeypatch.setattr(os, "environ", {"https_proxy": "http://proxy", "no_proxy": "example.com"})
    assert service.surroundings()["no_proxy"] == "example.com,127.0.0.1,localhost"
    monkeypatch.setattr(os, "environ", {"HTTP_PROXY": "http://proxy"})
    assert service.surroundings()["NO_PROXY"] == "127.0.0.1,localhost"


def test_a_record_that_is_being_read_on_windows_is_written_all_the_same(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform, "WINDOWS", True)
    monkeypatch.setattr(platform, "time", SimpleNamespace(sleep=lambda _: None))
    replace, refused = Path.replace, [True, True]

    def refuse(path: Path, target: Path) -> Path:
        if refused:
            refused.pop()
            raise PermissionError(13, "in use")
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", refuse)
    one = record.Identity(1, 1.0)
    record.Record(Plan(root.name, ("x",), str(root)), "run", "", one, 0.0, one).write(root)
    found = record.read(root)
    assert found
    assert (found.run, refused) == ("run", [])


def test_a_service_sees_its_own_variables_and_no_other(root: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "of the developer's shell")
    environment = {**platform.machine_environment(), "GREETING": "grün $HOME"}
    run("import os; print(os.environ.get('GREETING'), os.environ.get('DATABASE_URL'))", environment=environment)
    until(lambda: said(root, "grün $HOME None"))


@pytest.mark.parametrize("victim", ["nobody", "first", "supervisor", "both"])
def test_stop_leaves_nothing_whoever_was_killed_before(root: Path, run: Run, victim: str) -> None:
    started = run(FAMILY)
    until(lambda: said(root, "parent", "up", "deaf"))
    assert started.process
    for each, identity in (("first", started.process), ("supervisor", started.supervisor)):
        if victim in (each, "both"):
            process = psutil.Process(identity.pid)
            process.kill()
            until(lambda process=process: not env_mark.lives(process))
    ended = service.stop(root, "it")
    assert ended is not None
    assert ended.killed >= 1 or platform.WINDOWS  # the deaf one; there, to be told is to be ended
    assert processes(root) == []


@posix_only
def test_a_service_whose_supervisor_was_killed_still_runs_and_its_end_is_not_taken_for_success(
    root: Path, run: Run
) -> None:
    started = run("__import__('time').sleep(600)")
    psutil.Process(started.supervisor.pid).kill()
    assert service.runs(service.look(root, "it"))
    assert started.process
    psutil.Process(started.process.pid).kill()
    assert until(lambda: (it := service.look(root, "it")) and it.exit_code) == 255


@posix_only
def test_a_launch_first_ends_what_a_killed_task_has_left_without_a_record(root: Path, run: Run) -> None:
    run("__import__('time').sleep(600)")
    (paths.of(root, "it") / paths.RECORD).unlink()
    assert service.look(root, "it") is None
    assert len(processes(root)) == 2  # the service and its supervisor

    Native(root).tidy("")

    assert processes(root) == []


@pytest.mark.parametrize("content", ["", '{"pl', "[]", '{"plan": {"service": "it"}}', '{"run": 1}', "\ufeff\0"])
def test_a_record_that_cannot_be_read_is_as_none(root: Path, run: Run, content: str) -> None:
    run("__import__('time').sleep(600)")
    (paths.of(root, "it") / paths.RECORD).write_text(content, encoding="utf-8")
    assert service.look(root, "it") is None
    assert service.stop(root, "it") is not None  # found by its marker
    assert processes(root) == []


@pytest.mark.nightly(day=2)
@pytest.mark.parametrize(
    "change",
    [
        {"started": "now"},
        {"started": 1e300},
        {"started": float("nan")},
        {"finished": "yesterday"},
        {"finished": -1e300},
        {"exit_code": "0"},
        {"process": {"pid": "1", "created": 1.0}},
        {"process": {"pid": -1, "created": 1.0}},
        {"process": {"pid": 10**30, "created": 1.0}},
        {"process": {"pid": 1, "created": "x"}},
        {"process": [1, 2]},
        {"supervisor": None},
        {"supervisor": {"pid": True, "created": 1.0}},
        {"plan": []},
        {"plan": {"health": 7}},
        {"plan": {"stop_signal": 9}},
        {"plan": {"grace": "long"}},
        {"plan": {"grace": float("inf")}},
        {"plan": {"log_size": "10m"}},
        {"plan": {"ports": [["127.0.0.1", "8000", "tcp", 80]]}},
        {"plan": {"ports": [7]}},
        {"plan": {"after": {"db": 7}}},
        {"plan": {"after": ["db"]}},
        {"plan": {"command": [1]}},
        {"plan": {"profiles": 7}},
        {"plan": {"service": None}},
        {"plan": {"unknown": 1}},
    ],
    ids=str,
)
def test_a_record_that_no_version_wrote_is_as_none(root: Path, run: Run, change: dict[str, Any]) -> None:
    run("__import__('time').sleep(600)")
    file = paths.of(root, "it") / paths.RECORD
    content = json.loads(file.read_text("utf-8"))
    for name, value in change.items():
        content[name] = {**content[name], **value} if name == "plan" and value else value
    file.write_text(json.dumps(content), encoding="utf-8")
    assert service.look(root, "it") is None
    assert Native(root).containers("") == []
    assert service.stop(root, "it") is not None  # found by its marker
    assert processes(root) == []


def test_a_record_of_deep_brackets_is_as_none(root: Path, run: Run) -> None:
    run("__import__('time').sleep(600)")
    (paths.of(root, "it") / paths.RECORD).write_text("[" * 200_000, encoding="utf-8")
    assert service.look(root, "it") is None
    service.stop(root, "it")
    assert processes(root) == []


def test_a_copy_has_nothing_of_the_originals(root: Path, run: Run, tmp_path: Path) -> None:
    started = run("__import__('time').sleep(600)")
    copy = tmp_path / "copy"
    shutil.copytree(root, copy)
    assert paths.services(copy) == []
    # Nor where the state was copied too, as that of an earlier version was.
    shutil.copytree(paths.native(root), paths.native(copy))
    assert processes(copy) == []
    assert not service.runs(service.look(copy, "it"))
    assert not Native(copy).runs()
    service.stop(copy, "it")
    assert service.runs(service.look(root, "it"))
    assert service.look(root, "it") == started


def test_one_whose_marker_cannot_be_read_is_known_by_its_supervisor(
    root: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL's is another user's in a container of root."""
    started = run("__import__('time').sleep(600)")
    assert started.process
    hidden, real = started.process.pid, env_mark.of
    monkeypatch.setattr(env_mark, "of", lambda process: None if process.pid == hidden else real(process))
    copy = tmp_path / "copy"
    copy.mkdir()
    shutil.copytree(paths.native(root), paths.native(copy))
    assert not service.runs(service.look(copy, "it"))
    # The clock was set: the time of its creation seems to be another one.
    place = paths.of(root, "it")
    replace(started, process=replace(started.process, created=started.process.created - 3600)).write(place)
    found = service.look(root, "it")
    assert found
    assert record.alive(root, found.process, found.run)


@pytest.mark.skipif(platform.WINDOWS, reason="a folder in which something runs cannot be renamed there")
def test_what_runs_is_found_when_its_folder_was_moved(root: Path, run: Run) -> None:
    run("__import__('time').sleep(600)")
    (root / "compose.yaml").write_text("services: {}", encoding="utf-8")
    # A file from before its last start tells that this is the folder.
    state.make(root)
    with lock.hold(root, "invoke dev"):
        pass
    moved = root.rename(root.with_name("moved"))
    try:
        assert service.runs(service.look(moved, "it"))
        assert Native(moved).runs()
        assert len(processes(moved)) == 2
        assert service.stop(moved, "it") is not None
        assert processes(moved) == []
    finally:
        assert end_all(moved) == []


@pytest.mark.parametrize("same_time", [False, True], ids=["other process", "other process of the same moment"])
def test_a_number_given_to_another_process_is_not_touched(root: Path, run: Run, same_time: bool) -> None:
    started = run("pass")
    until(lambda: not service.runs(service.look(root, "it")))
    command = [sys.executable, "-c", "import time; time.sleep(600)"]
    # Even a process of another project, which has a marker too, and was created when ours was.
    with subprocess.Popen(command, env={**os.environ, env_mark.VARIABLE: f"it|other|{root}-2"}) as stranger:
        created = psutil.Process(stranger.pid).create_time() if same_time else 1.0
        identity = record.Identity(stranger.pid, created)
        forged = replace(started, process=identity, supervisor=identity, exit_code=None, finished=None)
        forged.write(paths.of(root, "it"))
        found = service.look(root, "it")
        assert not service.runs(found)
        service.stop(root, "it")
        assert stranger.poll() is None
        stranger.kill()


def test_neither_the_task_nor_what_it_was_started_from_is_ended(root: Path) -> None:
    inner = (
        "from pathlib import Path; from upready.runtime.native import service; "
        f"print(service.stop(Path({str(root)!r}), 'it'))"
    )
    outer = f"import subprocess, sys; sys.exit(subprocess.call([sys.executable, '-c', {inner!r}]))"
    environment = {**os.environ, env_mark.VARIABLE: f"it|x|{root}", "PYTHONPATH": str(executables.LIBRARY)}
    done = subprocess.run([sys.executable, "-c", outer], env=environment, capture_output=True, text=True, timeout=90)
    assert (done.returncode, done.stdout) == (0, "None\n")


def test_a_taken_port_is_told_with_its_owner(root: Path) -> None:
    with socket.socket() as taken:
        platform.claim_exclusively(taken)
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        plan = Plan("it", (sys.executable, "-c", ""), str(root), ports=(("127.0.0.1", port, "tcp", port),))
        with pytest.raises(StartError, match=rf"port {port}, which it needs, is taken by process {os.getpid()}"):
            service.start(root, plan, threading.Event())
    assert processes(root) == []


def test_a_port_whose_last_connection_has_just_closed_is_free(
    root: Path, run: Run, free_port: Callable[[], int]
) -> None:
    port = free_port()
    serve = f"""
    import socket
    with socket.create_server(("127.0.0.1", {port})) as server:
        print("listens")
        while True:
            connection, _ = server.accept()
            connection.sendall(b"hello")
    """
    ports = (("127.0.0.1", port, "tcp", port),)
    for _ in range(2):
        run(serve, ports=ports)
        until(lambda: said(root, "listens"))
        with socket.create_connection(("127.0.0.1", port)) as client:
            assert client.recv(5) == b"hello"
            service.stop(root, "it")


def test_a_cancelled_start_starts_nothing(root: Path) -> None:
    cancelled = threading.Event()
    cancelled.set()
    assert service.start(root, Plan("it", (sys.executable, "-c", "1"), str(root)), cancelled) is None
    assert processes(root) == []


def test_a_service_outlives_the_task_that_started_it_and_its_terminal(root: Path) -> None:
    pty = pytest.importorskip("pty")
    plan = Plan("it", (sys.executable, "-uc", "import time; print('up'); time.sleep(600)"), str(root))
    code = (
        "import sys, threading; from pathlib import Path; from upready.support import platform; "
        "from upready.runtime.native import service; "
        f"from upready.runtime.native.launch_plan import Plan; service.start(Path({str(root)!r}), "
        f"Plan('it', {plan.command!r}, {str(root)!r}, platform.machine_environment()), threading.Event())"
    )
    master, slave = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(executables.LIBRARY)},
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
    ) as task:
        os.close(slave)
        assert task.wait(90) == 0
    os.close(master)  # the terminal closes
    until(lambda: said(root, "up"))
    assert service.runs(service.look(root, "it"))
    service.stop(root, "it")


@posix_only
def test_a_signal_to_the_whole_group_does_not_end_the_supervisor(root: Path, run: Run) -> None:
    started = run("import time; time.sleep(600)")
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        os.kill(started.supervisor.pid, number)
    assert started.process
    os.kill(started.process.pid, signal.SIGTERM)
    assert until(lambda: (it := service.look(root, "it")) and it.exit_code) == 143


@posix_only
def test_the_services_own_signals_are_the_systems(root: Path, run: Run) -> None:
    run("import signal; print(*(signal.getsignal(n) in (0, signal.default_int_handler) for n in (1, 2, 15)))")
    until(lambda: said(root, "True True True"))


def test_the_log_of_a_service_begins_new_files_and_keeps_only_some(root: Path, run: Run) -> None:
    run("for n in range(5000): print(f'line {n} ' + 'x' * 100)", log_size=100_000, log_files=3)
    until(lambda: not service.runs(service.look(root, "it")))
    files = logfile.files_of(paths.of(root, "it") / "log")
    assert [each.name for each in files] == ["log.2", "log.1", "log"]
    assert all(each.stat().st_size < 200_000 for each in files)
    last = service.last_lines(root, "it", 1000)
    assert [line.split()[1] for line in last] == [str(n) for n in range(4000, 5000)]  # over two files, in order


def test_the_end_of_the_log_tells_nothing_of_earlier_runs(root: Path, run: Run) -> None:
    for word in ("first", "second"):
        run(f"print({word!r})")
        until(lambda: not service.runs(service.look(root, "it")))
    assert service.last_lines(root, "it", 10) == ["second"]
    with (paths.of(root, "it") / "log.1").open("rb") as file:
        assert [line[2] for line in logfile.lines_of(file)] == ["first"]


def test_a_record_holds_no_variable(root: Path, run: Run) -> None:
    run("__import__('time').sleep(600)", environment={**platform.machine_environment(), "TOKEN": "canary-4711"})
    for file in paths.native(root).rglob("*"):
        assert not file.is_file() or b"canary-4711" not in file.read_bytes()
    assert "canary" not in json.dumps([each.cmdline() for each in processes(root)])


@posix_only
def test_nobody_else_may_read_what_is_kept_whatever_the_umask_and_the_service_keeps_its_own(
    root: Path, run: Run
) -> None:
    before = os.umask(0)
    try:
        run("import os; print(os.umask(0)); __import__('time').sleep(600)")
        until(lambda: said(root, "0"))
        place = paths.of(root, "it")
        found = [paths.native(root), place, *place.iterdir()]
        assert {each.name for each in found} >= {"native", "it", "log", "state.json"}
        assert {each.stat().st_mode & 0o077 for each in found} == {0}
        # As an earlier version has left it.
        for each in found:
            each.chmod(0o777 if each.is_dir() else 0o666)
        service.stop(root, "it")
        run("__import__('time').sleep(600)")
        assert {each.stat().st_mode & 0o077 for each in (paths.native(root), place, *place.iterdir())} == {0}
    finally:
        os.umask(before)


def test_a_full_disk_is_told_where_nothing_could_be_written_of_an_end(
    root: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = run("__import__('time').sleep(600)", health="http://127.0.0.1:1")
    assert started.process
    place = paths.of(root, "it")
    monkeypatch.setattr(service.shutil, "disk_usage", lambda _: types.SimpleNamespace(free=0))
    (seen,) = Native(root).containers("")
    assert f"No space left on device: '{place}'" in str(seen.probes)
    for each in (started.supervisor, started.process):
        psutil.Process(each.pid).kill()
    until(lambda: not service.runs(service.look(root, "it")))
    (seen,) = Native(root).containers("")
    assert seen.error == f"No space left on device: '{place}'"
    monkeypatch.setattr(service.shutil, "disk_usage", lambda _: types.SimpleNamespace(free=1 << 30))
    (seen,) = Native(root).containers("")
    assert (seen.state, seen.error) == ("exited", "")


@pytest.mark.parametrize("tail", [0, 1, 5])
def test_following_begins_behind_the_last_lines(root: Path, run: Run, tail: int) -> None:
    """All lines of one write have the same time."""
    run("print(*range(9), sep='\\n', flush=True); __import__('time').sleep(600)")
    until(lambda: said(root, "8"))
    source = log_source.Source(root)
    seen = [str(number) for number in range(9)][9 - tail :]
    entries = logs.collect(source, Query(follow=True, tail=tail), source.origins())
    told = [entry.text for entry in next(entries)]
    assert told == seen
    with (paths.of(root, "it") / "log").open("ab") as log:
        log.write(f"{logfile.stamp(time.time())} stdout new\n".encode())
    while "new" not in told:
        told += [entry.text for entry in next(entries)]
    entries.close()  # type: ignore[attr-defined] # an Iterator by its type, a generator in fact
    assert told == [*seen, "new"]


def test_a_run_that_is_over_at_once_is_told_too(root: Path, run: Run) -> None:
    run("print('before')", name="ended")
    until(lambda: not service.runs(service.look(root, "ended")))
    source = log_source.Source(root)
    source.origins()
    run("__import__('time').sleep(600)")
    started = source.changes()
    assert next(started).service == "it"
    run("print('cannot start')", name="short")
    until(lambda: not service.runs(service.look(root, "short")))
    origin = background.begin(lambda: next(started)).result(60)
    assert origin.service == "short"
    assert [text for lines in source.follow(origin, None) for _, _, text in lines] == ["cannot start"]
    source.close()


def test_services_that_wait_for_each_other_by_their_records_are_stopped(root: Path, run: Run) -> None:
    """The compose files were turned round while one of them ran on."""
    plans = {}
    for name, other in (("a", "b"), ("b", "a")):
        started = run("__import__('time').sleep(600)", name=name, after={other: "service_started"})
        plans[name] = started.plan
    service_order.stop(root, plans)
    assert processes(root) == []


def test_a_follower_that_lags_tells_each_line_of_two_runs_once(root: Path, run: Run) -> None:
    """It comes to the new file by itself, and must leave the lines there to who reads the new run."""
    run("print('one'); __import__('time').sleep(600)")
    source = log_source.Source(root)
    [first] = source.origins()
    following = source.follow(first, None)
    told = [text for _, _, text in next(following)]
    assert told == ["one"]
    # Nobody reads while the service is stopped and started again.
    service.stop(root, "it")
    run("print('two'); __import__('time').sleep(600)")
    until(lambda: said(root, "two"))
    assert [text for lines in following for _, _, text in lines] == []
    [second] = source.origins()
    assert second != first
    assert [text for _, _, text in next(source.follow(second, None))] == ["two"]
