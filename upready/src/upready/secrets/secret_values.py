"""What the form of a value says: that it cannot be a secret, that it looks generated, or that it is a token.

Name and value are both needed: `MYSQL_RANDOM_ROOT_PASSWORD=yes` is not a secret, and `NOTES=ghp_…` is one.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from upready.envfile.kinds import FALSE, TRUE
from upready.support import parsing
from upready.support.parsing import MalformedError

_WORDS = (
    TRUE
    | FALSE
    | {"enabled", "disabled", "none", "null", "nil", "undefined", "auto", "default"}
    | {"not-in-use", "not_in_use", "unused", "not-used", "not_used", "n/a", "na", "-", "empty"}
)
# The beginning of a token, `sk-`, with nothing behind it.
_NOTHING_YET = re.compile(r"[a-z]{2,4}[-_]")
_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)*%?")
_AMOUNT = re.compile(r"(\d+(\.\d+)?\s?(ns|us|ms|s|secs?|m|mins?|h|hrs?|d|days?|w|weeks?|y|[kmgt]i?b?|b|x|px))+", re.I)
# As RFC 7518 (JOSE), OpenSSL and the tools that hash passwords write them.
_ALGORITHM = re.compile(
    r"([HREP]S|ES)(256|384|512)(K)?|EdDSA|Ed(25519|448)|X25519|(hmac[-_]?)?(sha|sha[-_]?[23]|md|keccak|blake[23])[-_]?(b|s)?\d*"
    r"(/\d+)?|(aes|chacha20|des3?|3des|camellia|salsa20|xchacha20)([-_/]?(\d+|gcm|cbc|ctr|ecb|siv|ccm|poly1305|kw|wrap))*"
    r"|b?crypt|scrypt|argon2(id|i|d)?|pbkdf2([-_]?(hmac[-_]?)?sha\d+)?|scram-sha-\d+|rsa([-_](oaep|pss|pkcs1|\d+))*|ecdsa"
    r"|secp256[kr]1|A(128|192|256)(GCM|CBC|KW|GCMKW|CBC-HS\d+)|dir|HS\d+|caching_sha2_password|mysql_native_password",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}|(bc|tb|ltc|cosmos|addr|osmo)1[02-9ac-hj-np-z]{20,90}")
_PUBLIC_FORM = re.compile(
    r"-----BEGIN ([A-Z0-9]+ )*(PUBLIC KEY|CERTIFICATE)|(ssh-(rsa|ed25519|dss)|ecdsa-sha2-\S+) A|age1[a-z0-9]{50,}$"
    r"|(pk|pub)[-_](live|test|prod|lf)[-_]|sb_publishable_|phc_|arn:[a-z-]+:|(file|env|ssm|vault|secret|sm|op|awssm):(?!//\S*:\S*@)"
)
_PATH = re.compile(r"([A-Za-z]:[\\/]|~/|\.{1,2}/|/)(?P<rest>[^\s:;,'\"]*)")
_ROOT = re.compile(r"[a-z][a-z0-9._-]+|Users|Volumes|Library|System|Applications")
_RELATIVE = re.compile(r"[\w.-]+(/[\w.-]+)*/[\w-]+\.(txt|key|pem|crt|cert|json|ya?ml|env|secret|p12|pfx|jks|conf|ini)")
_HOST = re.compile(
    r"(\d{1,3}(\.\d{1,3}){3}|[a-z0-9-]+(\.[a-z0-9-]+)*\.[a-z]{2,}|localhost|[a-z0-9-]+(?=:\d))(:\d{1,5})?(/\S*)?", re.I
)
_EMAIL = re.compile(r"[^@\s:/]+@[^@\s:/]+\.[a-z]{2,}", re.IGNORECASE)
_PREFIX = re.compile(r"[a-z][a-z_-]*[:/]", re.IGNORECASE)

# Prefixes that services give their tokens, so that scanners find them. gitleaks has a longer list.
_TOKEN = re.compile(
    r"gh[opusr]_[A-Za-z0-9]{30,}|github_pat_\w{30,}|gl(pat|ptt|rt|dt|soat|cbt|agent|imt|ft)-[\w.-]{18,}|sk-[\w-]{20,}"
    r"|(sk|rk)_(live|test|prod)_\w{10,}|whsec_\w{16,}|xox[a-z][.-][\w.-]{10,}|xapp-\d-[\w-]{10,}|AIza[\w-]{30,}|ya29\.[\w.-]{20,}"
    r"|SG\.[\w-]{16,}\.[\w-]{16,}|npm_\w{30,}|pypi-\w{40,}|hf_\w{30,}|r8_\w{30,}|do[opr]_v1_\w{40,}|shp(at|ca|pa|ss)_\w{30,}"
    r"|lin_api_\w{30,}|ntn_\w{40,}|tskey-[\w-]{16,}|AGE-SECRET-KEY-1\w+|\d{8,10}:[\w-]{35}|[MNO][\w-]{23,27}\.[\w-]{6}\.[\w-]{27,}"
    r"|gl(sa|c)_\w{32,}|sntry[su]_\S{30,}|ph[xs]_\w{30,}|gsk_\w{30,}|xai-\w{30,}|tvly-[\w-]{20,}|pplx-\w{30,}|nvapi-[\w-]{30,}"
    r"|lsv2_[ps]k?t?_\w{20,}|PMAK-[\w-]{30,}|sb[ps]_\w{30,}|sb_secret_\w{20,}|re_\w{8,}_\w{16,}|dckr_pat_[\w-]{20,}|ATATT3x\S{30,}"
    r"|hv[sbr]\.[\w-]{20,}|ops_eyJ\S{30,}|dapi[0-9a-f]{32}|pscale_(tkn|pw|oauth)_\S{20,}|key-[0-9a-f]{32}|tk-us-[\w-]{40,}"
    r"|ey[JI][\w-]{10,}\.ey[JI][\w-]{10,}\.[\w-]{10,}|-----BEGIN ([A-Z0-9]+ )*PRIVATE KEY[\s\S]*"
    r"|(\S+:)?(\$(2[aby]|argon2id?|apr1|[156y])\$\S{20,}|\{SSHA\d*\}\S{20,})"
    r"|https://(hooks\.slack\.com/(services|workflows|triggers)/|(\w+\.)?discord(app)?\.com/api/webhooks/\d+/|\S+\.webhook\.office\.com/"
    r"|chat\.googleapis\.com/v1/spaces/\S+key=|api\.telegram\.org/bot\d+:)\S{8,}"
)


def is_token(value: str) -> bool:
    """Whether a value has the form of a service's token, a private key or a hashed password: a secret by itself."""
    return bool(_TOKEN.fullmatch(value.strip()))


def is_public(value: str, *, certain: bool = False) -> bool:
    """Whether a value is of a kind that is never secret: a boolean, number, path, URL, list, algorithm, address, ….

    Args:
        value: The text.
        certain: Whether the name clearly says that it is a secret: digits are then a bad password, not a number.
    """
    text = value.strip()
    if is_token(text):
        return False
    if (
        is_off(text)
        or _NOTHING_YET.fullmatch(text)
        or _ADDRESS.fullmatch(text)
        or _ALGORITHM.fullmatch(text)
        or _PUBLIC_FORM.match(text)
    ):
        return True
    if is_path(text) or _is_url(text) or _is_list(text, strictly=certain):
        return True
    if certain:
        return len(text) < 4 and bool(_NUMBER.fullmatch(text) or _AMOUNT.fullmatch(text))
    return any(each.fullmatch(text) for each in (_NUMBER, _AMOUNT, _HOST, _EMAIL, _PREFIX)) or _is_plain_list(text)


def is_off(value: str) -> bool:
    """Whether a value only says yes, no or nothing."""
    return value.strip().lower() in _WORDS


def is_path(text: str) -> bool:
    """Whether a text is a path: `/run/secrets/db`, not `/k3J…=`, which may be Base64."""
    if _RELATIVE.fullmatch(text):
        return True
    match = _PATH.fullmatch(text)
    if match is None:
        return False
    parts = [each for each in re.split(r"[\\/]", match["rest"]) if each]
    rooted = text.startswith("/")
    if rooted and not (_ROOT.fullmatch(parts[0] if parts else "") and (len(parts) > 1 or "." in parts[0])):
        return False
    return "//" not in match["rest"] and all(
        re.fullmatch(r"[\w.@ -]+", each) and not _is_jumbled(each) for each in parts
    )


def is_random(value: str) -> bool:
    """Whether a value looks generated: letters and digits without the order that words and numbers have."""
    text = value.strip()
    if len(text) < 10 or re.search(r"\s", text):
        return False
    mixed = [
        each for each in re.split(r"[^A-Za-z0-9]+", text) if re.search(r"[A-Za-z]", each) and re.search(r"\d", each)
    ]
    # A word with a number behind it, `postgres16`, is no piece of a generated text.
    mixed = [each for each in mixed if not re.fullmatch(r"[A-Za-z]+\d{1,4}|v?\d+[a-z]*", each)]
    changes = sum(len(re.findall(r"[a-z]+|[A-Z]+|\d+", each)) for each in mixed)
    return changes >= 4 and sum(map(len, mixed)) * 2 >= len(text)


def _is_jumbled(piece: str) -> bool:
    """Whether a piece of a path changes between letters, capitals and digits as no name does: `x56l0SHF`."""
    runs = re.findall(r"[A-Z]*[a-z]+|[A-Z]+|\d+", piece)
    return len(runs) > 3 and sum(map(len, runs)) < 3 * len(runs)


def _is_url(text: str) -> bool:
    """Whether a text is a URL without a password, and without a token in its query or path."""
    if not re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", text) or re.search(r"\s", text):
        return False
    try:
        parts = urlsplit(text)
        return not parts.password and not any(
            is_random(each) for each in re.split(r"[/?&=;]", parts.path + "?" + parts.query)
        )
    except ValueError:
        return False


def _is_list(text: str, *, strictly: bool) -> bool:
    """Whether a text is a list in JSON, or at least in brackets."""
    if not (text.startswith("[") and text.endswith("]")):
        return False
    try:
        found = parsing.from_json(text)
    except MalformedError:
        if strictly:
            return False
        found = [each.strip(" '\"") for each in text[1:-1].split(",")]
    return isinstance(found, list) and not any(isinstance(each, str) and is_random(each) for each in found)


def _is_plain_list(text: str) -> bool:
    parts = [each.strip() for each in re.split(r"[,;]", text)]
    return len(parts) > 1 and all(re.fullmatch(r"[\w.:/@*-]*", each) and not is_random(each) for each in parts)
