"""What a variable's name says about its value: a secret, perhaps one, nothing, or not a secret."""

from __future__ import annotations

import enum
import functools
import re


class Says(enum.IntEnum):
    """What a name says about a value, from "not a secret" to "a secret"."""

    PUBLIC = 0
    NOTHING = 1
    PERHAPS = 2
    SECRET = 3


# --- What images and services call theirs ---------------------------------------------------------------------------
# To add one: write it beside its image. The last words of a name count: `SALT` also means `LANGFUSE_SALT`.
# Only names that the rules below do not know belong here; a test checks that.

SECRET_NAMES = {
    "apprise, watchtower, diun": "APPRISE_URL APPRISE_URLS NOTIFICATION_URL NOTIFICATION_URLS",
    "azure": "CONNECTION_STRING",
    "consul, nomad, vault": "GOSSIP_KEY UNSEAL_KEYS ROOT_TOKEN_ID",
    "crowdsec": "BOUNCER_KEY BOUNCER_KEY_TRAEFIK",
    "dify": "PLUGIN_DAEMON_KEY",
    "docker": "DOCKER_AUTH_CONFIG",
    "elixir, rabbitmq, couchdb, ejabberd": "ERLANG_COOKIE RELEASE_COOKIE NODE_COOKIE ERL_COOKIE",
    "gitlab": "DB_KEY_BASE OTP_KEY_BASE",
    "google": "SERVICE_ACCOUNT_JSON",
    "hibp": "HIBP_KEY",
    "librechat": "CREDS_IV",
    "livekit": "LIVEKIT_KEYS",
    "meilisearch": "MEILISEARCH_KEY MEILI_KEY",
    "new relic": "NEW_RELIC_KEY",
    "mattermost": "ATRESTENCRYPTKEY PUBLICLINKSALT",
    "mongodb": "REPLICA_SET_KEY",
    "neo4j": "NEO4J_AUTH",
    "netbird": "SETUP_KEY",
    "openldap": "BINDPW ROOTPW ADMINPW",
    "plausible": "TOTP_VAULT_KEY",
    "plex": "PLEX_CLAIM",
    "rails": "ENCRYPTION_PRIMARY_KEY ENCRYPTION_DETERMINISTIC_KEY RECORD_ENCRYPTION_PRIMARY_KEY",
    "redis": "REDIS_AUTH REDISCLI_AUTH",
    "supabase": "SERVICE_ROLE_KEY SUPABASE_SERVICE_KEY VAULT_ENC_KEY META_CRYPTO_KEY",
    "vaultwarden": "PUSH_INSTALLATION_KEY",
    "wireguard": "PRESHARED_KEY WG_PSK",
    "wordpress": "SECURE_AUTH_KEY LOGGED_IN_KEY NONCE_KEY",
}

PUBLIC_NAMES = {
    "mysql, mariadb": "RANDOM_ROOT_PASSWORD ALLOW_EMPTY_PASSWORD ALLOW_EMPTY_ROOT_PASSWORD ONETIME_PASSWORD",
    "bitnami": "ALLOW_ANONYMOUS_LOGIN",
    "github": "TOKEN_PERMISSIONS",
}

# --- Rules for every name -------------------------------------------------------------------------------------------

_WITHIN = ("PASSWORD", "PASSWD", "PASSPHRASE", "PASSWORT", "CREDENTIAL", "SECRET", "PASSKEY")
_AT_THE_END = ("TOKEN", "PASS", "PWD", "APIKEY", "AUTHKEY", "SECRETKEY", "ACCESSKEY", "PRIVATEKEY", "ENCRYPTIONKEY")
_WHOLE = frozenset({"PW", "DBPW", "CREDS", "DSN", "MNEMONIC", "SALT", "PEPPER", "TOTPSEED"})
_NONE = frozenset({"BYPASS", "COMPASS", "TRESPASS", "SURPASS", "ENCOMPASS", "OVERPASS", "SECRETARY", "CWD", "OLDPWD"})
_KEY_WORDS = """
ACCESS ACCOUNT ADMIN API APP AUTH COOKIE CREDS CRYPT CRYPTO CSRF DEPLOY ENC ENCRYPT ENCRYPTION FERNET HMAC JWT
LICENSE MASTER PRIVATE RECOVERY SESSION SHARED SIGN SIGNATURE SIGNING SSH SSL TLS UNSEAL WEBHOOK
"""
# `…_KEY` is a secret with one of these words in front.
_KEYS = frozenset(_KEY_WORDS.split())
_PUBLIC_KEYS = frozenset({"PUBLIC", "PUB", "PUBLISHABLE", "ANON", "SITE", "ROUTING", "PARTITION", "FOREIGN", "SORT"})
_TOKENS = frozenset({"API", "AUTH", "ACCESS", "REFRESH", "BEARER"})
_PERHAPS_WORDS = "AUTH COOKIE HMAC IV KEY KEYS LICENSE OTP PIN PSK SEED TOKENS WEBHOOK CLAIM"
# Names whose value is a secret if it looks random.
_PERHAPS = frozenset(_PERHAPS_WORDS.split())
_DESCRIBING_WORDS = """
ADDR ADDRESS AGE ALG ALGO ALGORITHM ALLOWED AUDIENCE BACKEND BITS BUCKET BUDGET CLASS COLUMN CONTRACT COST COUNT
DAYS DECIMALS DIR DIRECTORY DISABLED DOMAIN DRIVER DURATION EMAIL ENABLED ENDPOINT EXPIRATION EXPIRE EXPIRED EXPIRES
EXPIRY FIELD FILE FOLDER FORMAT GROUP HASHER HEADER HINT HISTORY HOST HOURS ID INTERVAL ISSUER KID LABEL LEN LENGTH
LIFESPAN LIFETIME LIMIT LINK MAX MAXLENGTH METHOD MIN MINLENGTH MINUTES MODE MODEL NAME NAMESPACE PARAM PATH PERIOD
POLICY PORT PREFIX PROGRAM PROVIDER QUOTA RATE REGEX REGION REQUIRED ROLE ROTATION ROUNDS ROUTE SCOPE SCOPES SECONDS
SERVICE SIZE STORE STRATEGY SUBJECT SUFFIX SUPPORT SUPPLY SYMBOL TEMPLATE THRESHOLD TIME TIMEOUT TITLE TTL TYPE URI
URL USER USERNAME VALIDATORS VALIDITY VERSION WINDOW
"""
# Words that only describe a secret.
_DESCRIPTIONS = frozenset(_DESCRIBING_WORDS.split())
_NAMING = frozenset({"DB", "DATABASE", "SCHEMA", "LOGIN", "OWNER", "PROJECT", "TAG", "IMAGE", "ENV", "ENVIRONMENT"})
# Variables that are built into a web page, which everybody can load.
_PAGES = (("NEXT", "PUBLIC"), ("NUXT", "PUBLIC"), ("EXPO", "PUBLIC"))


@functools.lru_cache(maxsize=4096)
def of(name: str) -> Says:
    """What a name says: `DB_PASSWORD` is a secret, `ROUTING_KEY` says nothing, `TOKEN_TTL` is not a secret."""
    words = _words(name)
    if not words or "_".join(words) in ("PWD", "OLDPWD"):
        return Says.NOTHING
    if _is_in(_SECRET_ENDS, words):
        return Says.SECRET
    if _is_in(_PUBLIC_ENDS, words):
        return Says.PUBLIC
    if words[:2] in _PAGES or (len(words) > 1 and words[-1] == "KEY" and words[-2] in _PUBLIC_KEYS):
        return Says.PUBLIC
    says = max(_said(words, at) for at in range(len(words)))
    if says > Says.NOTHING and words[-1] in _DESCRIPTIONS and words[-2:] != ("SECRET", "ID"):
        return Says.PUBLIC
    return says


def ends_in_secret(name: str) -> bool:
    """Whether a name ends with the word for a secret: `DB_PASSWORD`, `API_KEY_2`, not `PASSWORD_MINIMUM`."""
    words = _words(name)
    while words and words[-1].isdigit():
        words = words[:-1]
    return bool(words) and _said(words, len(words) - 1) is Says.SECRET


def is_naming(name: str) -> bool:
    """Whether a variable names something: a user, a database, a host. Its value is not a secret."""
    words = _words(name)
    return bool(words) and (words[-1] in _DESCRIPTIONS | _NAMING) and of(name) is not Says.SECRET


def is_listed(name: str) -> bool:
    """Whether a name is one of the table's secrets, and needs no rule."""
    return _is_in(_SECRET_ENDS, _words(name))


def _is_in(table: frozenset[tuple[str, ...]], words: tuple[str, ...]) -> bool:
    return any(words[at:] in table for at in range(len(words)))


def _said(words: tuple[str, ...], at: int) -> Says:
    """What one word of a name says, together with the word before it."""
    word, before = words[at], words[at - 1] if at else ""
    if word in _NONE:
        return Says.NOTHING
    if word in _WHOLE or word.endswith(_AT_THE_END) or any(each in word for each in _WITHIN):
        return Says.NOTHING if (word, at) == ("PWD", 0) else Says.SECRET
    if (word in ("KEY", "KEYS") and before in _KEYS) or (word == "TOKENS" and before in _TOKENS):
        return Says.SECRET
    return Says.PERHAPS if word in _PERHAPS or word.endswith("KEY") else Says.NOTHING


def _words(name: str) -> tuple[str, ...]:
    """The words of a name in capitals, from `A_B`, `a-b` or `aB`."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    return tuple(each.upper() for each in re.split(r"[^A-Za-z0-9]+", spaced) if each)


def _ends(table: dict[str, str]) -> frozenset[tuple[str, ...]]:
    return frozenset(_words(name) for names in table.values() for name in names.split())


_SECRET_ENDS, _PUBLIC_ENDS = _ends(SECRET_NAMES), _ends(PUBLIC_NAMES)
