"""What programs print of an exception or a panic, whole: one entry, with its level; the wording is our own."""

from __future__ import annotations

import pytest

from tests.unit.logs.test_groups import ORIGIN, stamp
from upready.logs import levels
from upready.logs.groups import Grouper

DOTNET = (
    "error",
    """fail: Shop.Orders[0]
      Order 7 was lost
      System.InvalidOperationException: no stock
         at Shop.Orders.Take() in /src/Orders.cs:line 12
      --- End of stack trace from previous location ---
         at Shop.Program.Main()""",
)

DOTNET_UNHANDLED = (
    "error",
    """Unhandled exception. System.InvalidOperationException: no stock
 ---> System.IO.IOException: disk
   at Shop.Disk.Write() in /src/Disk.cs:line 3
   --- End of inner exception stack trace ---
   at Shop.Program.Main() in /src/Program.cs:line 9
--- End of stack trace from previous location ---
   at Shop.Program.<Main>(String[] args)""",
)

SERILOG = (
    "error",
    """[12:00:00 ERR] Order 7 was lost
System.InvalidOperationException: no stock
   at Shop.Orders.Take()
--- End of stack trace from previous location ---
   at Shop.Program.Main()""",
)

SPRING = (
    "error",
    """2026-11-29T10:00:00.000Z ERROR 1 --- [main] o.s.boot.SpringApplication : Application run failed

org.springframework.beans.factory.BeanCreationException: Error creating bean
	at org.springframework.X.y(X.java:3)
Caused by: java.net.ConnectException: Connection refused
	at java.base/sun.nio.Net.poll(Net.java:1)
	... 20 common frames omitted""",
)

LOGBACK = (
    "error",
    """10:00:00.123 [main] ERROR com.x.Y - lost
java.io.IOException: disk
	at com.x.Y.z(Y.java:3)
	Suppressed: java.lang.IllegalStateException: y
		at com.x.Y.c(Y.java:4)
Caused by: java.lang.RuntimeException: z
	... 3 more""",
)

LOGBACK_WARN = (
    "warning",
    """10:00:00.123 [main] WARN com.x.Y - slow
java.util.concurrent.TimeoutException: 3 s
	at com.x.Y.z(Y.java:3)""",
)

JUL = (
    "error",
    """Nov 29, 2026 10:00:00 AM com.x.Y run
SEVERE: lost
java.lang.IllegalStateException: no
	at com.x.Y.z(Y.java:3)""",
)

JUL_INFO = (
    "info",
    """Nov 29, 2026 10:00:00\u202fAM com.x.Y run
INFO: started""",
)

RUST = (
    "critical",
    """thread 'main' panicked at src/main.rs:2:5:
the disk is full
note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace""",
)

RUST_TRACE = (
    "critical",
    """thread 'tokio-runtime-worker' (77) panicked at src/main.rs:2:5:
assertion `left == right` failed
  left: 1
 right: 2
stack backtrace:
   0: rust_begin_unwind
             at /rustc/x/library/std/src/panicking.rs:1:5
   1: shop::main
             at ./src/main.rs:2:5
note: Some details are omitted, run with `RUST_BACKTRACE=full` for a verbose backtrace.""",
)

RUST_OLD = (
    "critical",
    """thread 'main' panicked at 'the disk is full', src/main.rs:2:5
note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace""",
)

ANYHOW = (
    "error",
    """Error: cannot read settings

Caused by:
    0: cannot open
    1: No such file or directory (os error 2)""",
)

PHP = (
    "critical",
    """PHP Fatal error:  Uncaught RuntimeException: lost in /app/a.php:3
Stack trace:
#0 /app/a.php(7): f()
#1 {main}

Next LogicException: worse in /app/a.php:5
Stack trace:
#0 {main}
  thrown in /app/a.php on line 5""",
)

PHP_SHOWN = (
    "critical",
    """Fatal error: Uncaught Exception: lost in /app/a.php:3
Stack trace:
#0 {main}
  thrown in /app/a.php on line 3""",
)

PHP_DATED = (
    "critical",
    """[29-Nov-2026 10:00:00 UTC] PHP Fatal error:  Uncaught Error: lost in /app/a.php:3
[29-Nov-2026 10:00:00 UTC] PHP Stack trace:
[29-Nov-2026 10:00:00 UTC] PHP   1. {main}() /app/a.php:0""",
)

LARAVEL = (
    "error",
    """[2026-11-29 10:00:00] local.ERROR: lost {"exception":"[object] (RuntimeException(code: 0): lost at /app/a.php:3)
[stacktrace]
#0 /app/b.php(7): f()
#1 {main}
"} """,
)

GO = (
    "critical",
    """panic: runtime error: invalid memory address or nil pointer dereference
[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x47b]

goroutine 1 [running]:
main.(*Shop).take(...)
	/app/main.go:5
main.main()
	/app/main.go:9 +0x1d

goroutine 7 [chan receive, 3 minutes]:
main.work({0x1, 0x2})
	/app/main.go:15 +0x1d
created by main.main in goroutine 1
	/app/main.go:8 +0x2a
exit status 2""",
)

GO_DEADLOCK = (
    "critical",
    """fatal error: all goroutines are asleep - deadlock!

goroutine 1 [select (no cases)]:
main.main()
	/app/main.go:9 +0x1d""",
)

GO_HTTP = (
    "error",
    """2026/11/29 10:00:00 http: panic serving 127.0.0.1:1: lost
goroutine 19 [running]:
net/http.(*conn).serve.func1()
	/usr/local/go/src/net/http/server.go:1 +0xbe
panic({0x1, 0x2})
	/usr/local/go/src/runtime/panic.go:1 +0x132
created by net/http.(*Server).Serve in goroutine 1
	/usr/local/go/src/net/http/server.go:2 +0x1""",
)

GO_QUIT = (
    "critical",
    """SIGQUIT: quit
PC=0x45f0a1 m=0 sigcode=0

goroutine 0 gp=0x1 m=0 mp=0x2 [idle]:
runtime.futex(0x1)
	/usr/local/go/src/runtime/sys_linux_amd64.s:1 +0x21

rax    0xca
rip    0x45f0a1""",
)

KLOG = (
    "critical",
    """F0102 15:04:05.000000       1 main.go:12] lost
goroutine 1 [running]:
k8s.io/klog/v2.stacks(0x1)
	/go/klog.go:1 +0x1""",
)

ZAP = (
    "error",
    """2026-11-29T10:00:00.000Z	ERROR	app/main.go:7	lost	{"id": 7}
main.take
	/app/main.go:7
main.main
	/app/main.go:9""",
)

NPM = (
    "error",
    """npm error code ENOENT
npm error syscall open
npm error path /app/package.json""",
)

NODE = (
    "error",
    """/app/x.js:3
    throw new Boom("lost")
    ^

Boom: lost
    at f (/app/x.js:3:11)

Node.js v24.1.0""",
)

NODE_MODULE = (
    "error",
    """node:internal/modules/cjs/loader:1228
  throw err;
  ^

Error: Cannot find module 'express'
Require stack:
- /app/index.js
    at Module._resolve (node:internal/x:1:2) {
  code: 'MODULE_NOT_FOUND',
  requireStack: [ '/app/index.js' ]
}

Node.js v24.1.0""",
)

RUBY = (
    "error",
    """/app/a.rb:3:in 'Object#f': lost (RuntimeError)
	from /app/a.rb:7:in '<main>'""",
)

RUBY_LOGGER = (
    "error",
    """E, [2026-11-29T10:00:00.000000 #1] ERROR -- : lost (RuntimeError)
/app/a.rb:3:in 'Object#f'
/app/a.rb:7:in '<main>'""",
)

ELIXIR = (
    "error",
    """10:00:00.000 [error] GenServer Shop terminating
** (RuntimeError) lost
    (shop 0.1.0) lib/shop.ex:10: Shop.handle_call/3
Last message (from #PID<0.123.0>): :take
State: %{}""",
)

PYDANTIC = (
    "error",
    """Traceback (most recent call last):
  File "/app/a.py", line 3, in <module>
    Settings()
pydantic_core._pydantic_core.ValidationError: 2 validation errors for Settings
key
  Field required [type=missing, input_value={}, input_type=dict]
    For further information visit https://errors.pydantic.dev/2/v/missing
port
  Input should be a valid integer""",
)

PYTHON_FATAL = (
    "critical",
    """Fatal Python error: Segmentation fault

Current thread 0x0001 (most recent call first):
  File "/app/a.py", line 3 in f""",
)

CPP = (
    "critical",
    """terminate called after throwing an instance of 'std::runtime_error'
  what():  lost""",
)

PYTHON_LOGGED_WARN = (
    "warning",
    """WARNING:root:slow
Traceback (most recent call last):
  File "a.py", line 1, in f
TimeoutError: 3 s""",
)

ALL = {
    "dotnet": DOTNET,
    "dotnet unhandled": DOTNET_UNHANDLED,
    "serilog": SERILOG,
    "spring": SPRING,
    "logback": LOGBACK,
    "logback warn": LOGBACK_WARN,
    "jul": JUL,
    "jul info": JUL_INFO,
    "rust": RUST,
    "rust trace": RUST_TRACE,
    "rust old": RUST_OLD,
    "anyhow": ANYHOW,
    "php": PHP,
    "php shown": PHP_SHOWN,
    "php dated": PHP_DATED,
    "laravel": LARAVEL,
    "go": GO,
    "go deadlock": GO_DEADLOCK,
    "go http": GO_HTTP,
    "go quit": GO_QUIT,
    "klog": KLOG,
    "zap": ZAP,
    "npm": NPM,
    "node": NODE,
    "node module": NODE_MODULE,
    "ruby": RUBY,
    "ruby logger": RUBY_LOGGER,
    "elixir": ELIXIR,
    "pydantic": PYDANTIC,
    "python fatal": PYTHON_FATAL,
    "cpp": CPP,
    "python logged warn": PYTHON_LOGGED_WARN,
}


def grouped(text: str, *, together: bool) -> list[str]:
    """The entries of a text whose lines come in one batch, or each by itself, as when they are followed."""
    grouper = Grouper(ORIGIN)
    lines = [(stamp(number / 20), 2, line) for number, line in enumerate(text.split("\n"))]
    batches = [lines] if together else [[line] for line in lines]
    done = [entry for batch in batches for entry in grouper.add(batch)]
    return [entry.text for entry in [*done, *grouper.idle(patient=False)]]


@pytest.mark.parametrize("together", [True, False], ids=["past", "followed"])
@pytest.mark.parametrize("name", ALL)
def test_it_is_one_entry_with_its_level(name: str, together: bool) -> None:
    level, text = ALL[name]
    assert grouped(f"before\n{text}\nafter the fact", together=together) == ["before", text, "after the fact"]
    assert levels.detect(text) == level


@pytest.mark.parametrize(
    "lines",
    [
        ["ERROR one", "ERROR two"],
        ["TypeError: a", "TypeError: b"],
        ["ERROR x", "", "INFO y"],
        ["error: a", "listening on 127.0.0.1"],
        ["panic: button", "next line"],
        ["ERROR a", "served(3) items"],
        ["npm warn a", "npm error b"],
        ["fail 3", "127.0.0.1 x"],
        ["E1 x", "", "", "x"],
        ["PHP 8.4", "#1 item"],
        ["thread 'a' started", "foo"],
        ["Nov 29 10:00:00 host app[1]: x", "INFO: y"],
        ["one\n  two", "", "three"],
        ["INFO a", "java.lang.X: y\n\tat a"],
        [
            "  2026-11-29T10:00:00Z  INFO a: b\n    at src/x.rs:1",
            "",
            "  2026-11-29T10:00:00Z  INFO c\n    at src/y.rs:1",
        ],
    ],
)
def test_lines_that_only_look_so_stay_apart(lines: list[str]) -> None:
    for together in (True, False):
        assert grouped("\n".join(lines), together=together) == lines


def test_what_announces_more_is_waited_for() -> None:
    grouper = Grouper(ORIGIN)
    grouper.add([(stamp(0), 2, "thread 'main' panicked at src/main.rs:2:5:")])
    assert grouper.idle(patient=True) == []
    grouper.add([(stamp(1), 2, "lost")])
    assert [entry.text for entry in grouper.idle(patient=True)] == ["thread 'main' panicked at src/main.rs:2:5:\nlost"]
