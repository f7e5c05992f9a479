"""What only a shell understands."""

from __future__ import annotations

from collections.abc import Callable

import pytest

CASES = [
    pytest.param("A_SECRET=$(openssl rand -hex 32)\n", ["1:10 error A_SECRET"], id="a command for a secret"),
    pytest.param('A_SECRET="$(openssl rand -hex 32)"\n', ["1:10 error A_SECRET"], id="in double quotes"),
    pytest.param("A=`date +%s`\n", ["1:3 warning A"], id="backticks"),
    pytest.param("DIR=$(pwd)/data\n", ["1:5 warning DIR"], id="a piece of a path"),
    pytest.param("N=$((1 + 2))\n", ["1:3 warning N"], id="arithmetic"),
    pytest.param("A='$(date)'\nCMD=\"echo $(date)\"\n", [], id="for a shell in the container"),
    pytest.param("A=%USERPROFILE%\\data\n", ["1:3 warning A"], id="a variable of Windows"),
    pytest.param("A=100%\nB=%d%\nC=%Y-%m-%d\n", ["2:3 warning B"], id="signs of a percentage"),
    pytest.param("A=1;\nB=x\n", ["1:3 warning A"], id="a semicolon"),
    pytest.param("A=a;b\nB=a; b;\nC='x;'\nA_TOKEN=q6xCjmMtnGt9;\n", [], id="semicolons that are meant"),
    pytest.param("A := 1\nB => 2\n", ["1:4 warning A", "2:4 warning B"], id="other signs"),
    pytest.param("A=-----BEGIN;\nx\n-----END\nB\n", [], id="a key without quotes, and no value at all"),
    pytest.param('A="%X%"\nB="x;"\n', ["1:3 warning A"], id="a variable of Windows in quotes"),
    pytest.param("A=$(x) # $(y)\nB=1; # x\n", ["1:3 warning A", "2:3 warning B"], id="before a comment"),
    pytest.param("A: > 1\nB== 1\nC=: 1\n", [], id="signs that are none"),
    pytest.param("B= > 2\n", ["1:4 warning B"], id="another sign with a space between"),
    pytest.param("A==x\nB=>x\nC=> 0.5\n", ["3:3 warning C"], id="signs of a value"),
]


@pytest.mark.parametrize(("env", "expected"), CASES)
def test_shell_syntax(found_by: Callable[..., list[str]], env: str, expected: list[str]) -> None:
    assert found_by("shell-syntax", env) == expected


@pytest.mark.parametrize(
    ("env", "told"),
    [
        (
            "A_SECRET=$(openssl rand)\n",
            (
                "A_SECRET contains a shell command",
                "compose runs no command: the text itself is the value, and anybody can guess it",
                "run the command and set its output: invoke env.set A_SECRET",
            ),
        ),
        (
            "A=`x`\n",
            (
                "A contains a shell command",
                "compose runs no command: the text itself is the value",
                "run the command and set its output: invoke env.set A",
            ),
        ),
        (
            "A=%X%\n",
            (
                "A contains a variable in Windows notation",
                "compose does not replace it",
                "write ${NAME} for a variable: invoke env.set A",
            ),
        ),
        (
            "A=1;\n",
            (
                "A has a `;` behind its value",
                "compose takes it for part of the value",
                "remove the `;`: invoke env.set A",
            ),
        ),
        (
            "A := 1\n",
            ("A has `:=` in the place of `=`", "compose takes the `=` for part of the value", "write A= instead"),
        ),
        (
            "A=> 0\n",
            ("A has `=>` in the place of `=`", "compose takes the `>` for part of the value", "write A= instead"),
        ),
    ],
)
def test_what_a_user_reads(
    told_by: Callable[..., list[tuple[str, str, str]]], env: str, told: tuple[str, str, str]
) -> None:
    assert told_by("shell-syntax", env) == [told]
