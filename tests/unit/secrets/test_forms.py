"""The forms in which a secret may be printed."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote, quote_plus

import pytest

from upready.secrets import forms
from upready.secrets.masking import Mask
from upready.secrets.secret import MASK

SECRET = 'p@ss/w "rd"+ü1'


@pytest.mark.parametrize("before", ["", "u", "us", "user:"])
@pytest.mark.parametrize("behind", ["", "x", "xy", ":more"])
@pytest.mark.parametrize("alphabet", ["standard", "urlsafe"])
def test_base64_in_every_position(before: str, behind: str, alphabet: str) -> None:
    encode = base64.b64encode if alphabet == "standard" else base64.urlsafe_b64encode
    text = encode(f"{before}{SECRET}{behind}".encode()).decode()
    shown = Mask([SECRET]).text(f"Authorization: Basic {text}")
    assert MASK in shown
    # No more than the characters at the ends is left, which are also of what stands beside it.
    assert len(shown) - len(f"Authorization: Basic {MASK}") <= len(base64.b64encode(f"{before}{behind}".encode())) + 4


@pytest.mark.parametrize(
    "text",
    [
        quote(SECRET, safe=""),
        quote(SECRET, safe="").replace("%2F", "%2f").replace("%C3%BC", "%c3%bc").replace("%2B", "%2b"),
        quote(SECRET),
        quote_plus(SECRET),
        json.dumps(SECRET)[1:-1],
        json.dumps(SECRET, ensure_ascii=False)[1:-1],
        json.dumps(json.dumps(SECRET)[1:-1])[1:-1],
        repr(SECRET)[1:-1],
        "p@ss\x1b[1m" + SECRET[4:],
    ],
)
def test_other_notations(text: str) -> None:
    mask = Mask([SECRET])
    assert mask.may_touch(f"a {text} b")
    assert mask.text(f"a {text} b").endswith(f"{MASK} b")


def test_a_short_secret_makes_no_form_that_stands_in_any_text() -> None:
    assert all(len(each) >= 4 for each in forms.of("abcd"))
    assert Mask(["a1b2"]).text("YTFi and others") == "YTFi and others"


def test_needles_find_whatever_holds_a_form() -> None:
    assert forms.needles(["abcdef", "bcd", "xyz"]) == ["bcd", "xyz"]
