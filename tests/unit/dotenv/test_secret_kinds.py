"""What is a secret by its name and by its value, and what is none whatever it is called."""

from __future__ import annotations

import random
import string

import pytest

from upready.secrets import secret_names, secret_values
from upready.secrets.secret import is_secret, looks_secret
from upready.secrets.secret_names import PUBLIC_NAMES, SECRET_NAMES, Says

GENERATED = "Zq7vT2mX9k"

NONE = """
MYSQL_RANDOM_ROOT_PASSWORD=yes
MYSQL_ALLOW_EMPTY_PASSWORD=true
MARIADB_RANDOM_ROOT_PASSWORD=1
PASSWORD_RESET_ALLOWED=false
DISABLE_PASSWORD_LOGIN=off
ENABLE_TOKEN=1
PASSWORD_AUTH=enabled
SESSION_KEY_PREFIX=sess:
TOKEN_KEY=token:
REDIS_KEY=cache/
ETH_TOKEN_ADDRESS=0x2999e02829DC711B9254187962ba44d1fFcf5481
USDC_TOKEN=0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48
BTC_TOKEN=bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq
TOKEN_ISSUER=https://auth.example.com
TOKEN_URL=https://auth.example.com/oauth/token
SECRET_BACKEND=https://vault.example.com:8200
JWT_SECRET_ALGORITHM=HS256
TOKEN_ALG=RS256
PASSWORD_HASHER=argon2id
PASSWORD_STORAGE=pbkdf2_sha256
ENCRYPTION_KEY_CIPHER=aes-256-gcm
TOKEN_SIGNING=EdDSA
DB_PASSWORD=/run/secrets/db_password
API_TOKEN=./secrets/token.txt
TLS_KEY=/etc/ssl/private/server.key
SSL_KEY=certs/localhost.key
SSH_PRIVATE_KEY=~/.ssh/id_ed25519
GOOGLE_APPLICATION_CREDENTIALS=/app/key.json
ACCESS_TOKEN_EXPIRE_MINUTES=11520
REFRESH_TOKEN_VALIDITY=604800
ACCESS_TOKEN_DURATION=15m
TOKEN_BUDGET=4096
MAX_TOKENS=200000
PASSWORD_MIN_LENGTH=12
PASSWORD_HISTORY_DEPTH=5
SALT_ROUNDS=10
BCRYPT_SALT=10
PASSWORD_VALIDATORS=["length","common"]
SECRET_SCOPES=read,write
SECRET_MANAGERS=[]
TOKEN_AUDIENCES=https://a.example.com,https://b.example.com
TOKEN_ALLOWED_HOSTS=localhost,127.0.0.1
VAULT_TOKEN_NETWORK=10.0.0.0/8
PASSWORD_SENDER=noreply@example.com
SECRET_SERVER=vault:8200
JWT_PUBLIC_KEY=-----BEGIN PUBLIC KEY-----
STRIPE_PUBLISHABLE_KEY=pk_live_51H8abcdEFGH1234
NEXT_PUBLIC_API_KEY=pk_live_51H8abcdEFGH1234
DEPLOY_KEY=ssh-ed25519 AAAAC3NzaC1lZDI1NTE5
AMQP_ROUTING_KEY=orders.created.v1
RECAPTCHA_SITE_KEY=6LcAbCdEfGhIjKlMnOpQr
SECRET_ARN=arn:aws:secretsmanager:eu-west-1:123456789012:secret:db
DB_PASSWORD=op://vault/db/password
CACHE_KEY=user-profile-2
SORT_KEY=created_at
SMTP_AUTH=login
SMTP_AUTH=plain
NGINX_BASIC_AUTH=off
COOKIE=session
PUBLIC_KEY=anything
PASSWORD_TEMPLATE=reset.html
SECRETARY_EMAIL=a@example.com
GIT_COMMIT_HASH=0f3a9c7712e844100f3a9c7712e84410
COLOUR=Zq7vT2mX9k
PASS_THRESHOLD=0.8
LOGFLARE_TOKEN=not-in-use
OPENAI_API_KEY=sk-
"""

SECRET = f"""
POSTGRES_PW={GENERATED}
DB_PW=postgres
LDAP_BINDPW={GENERATED}
NEO4J_AUTH=neo4j/{GENERATED}
NEO4J_AUTH={GENERATED}
RABBITMQ_ERLANG_COOKIE={GENERATED}
COUCHDB_ERLANG_COOKIE=monster
SERVICE_ROLE_KEY={GENERATED}
SUPABASE_SERVICE_ROLE_KEY={GENERATED}
VAULT_ENC_KEY=your-encryption-key-32-chars-min
SECRET_KEY_BASE={GENERATED}
OTP_KEY_BASE={GENERATED}
WORDPRESS_LOGGED_IN_KEY=put your unique phrase here
WORDPRESS_AUTH_SALT={GENERATED}
SALT=mysalt
TS_AUTHKEY=tskey-auth-kX
NGROK_AUTHTOKEN={GENERATED}
NB_SETUP_KEY={GENERATED}
PLEX_CLAIM=claim-{GENERATED}
CREDS_KEY={GENERATED}
CREDS_IV={GENERATED}
APPRISE_URLS=tgram://bottoken/ChatID
VAULT_DEV_ROOT_TOKEN_ID=root
AZURE_STORAGE_CONNECTION_STRING=DefaultEndpointsProtocol=https;AccountKey={GENERATED}
RESTIC_PASSWORD=hunter2
BORG_PASSPHRASE=correct horse battery staple
ORACLE_PWD={GENERATED}
WEBPASSWORD={GENERATED}
GITEA__security__INTERNAL_TOKEN={GENERATED}
mail__options__auth__pass={GENERATED}
clientSecret={GENERATED}
AzureAd__ClientSecret={GENERATED}
POSTGRES_PASSWORD=postgres
POSTGRES_PASSWORD=5432
POSTGRES_PASSWORD=12345678
DB_PASSWORD_2=1234567
POSTGRES_PASSWORD=p@ss.word.com
SECRET_KEY=k3J9+ab/Zq8xY2Lm4Nn6Pp8Rr0Tt2Vv4Xx6Zz8=
SECRET_KEY=/k3J9abZq8xY2Lm4Nn6Pp8Rr0Tt2Vv4Xx6Zz8=
API_TOKEN=a,b;c{GENERATED}
STRIPE_KEY=sk_live_51H8abcdEFGH1234
OPENAI_KEY=sk-proj-{GENERATED}{GENERATED}
MAPBOX_KEY={GENERATED}{GENERATED}
WEBHOOK={GENERATED}{GENERATED}
API_TOKENS=one,{GENERATED}{GENERATED}
DATABASE_SECRET=postgres://u:{GENERATED}@db/x
HASURA_GRAPHQL_JWT_SECRET={{"type":"HS256","key":"{GENERATED}"}}
NOTES=ghp_{GENERATED}{GENERATED}{GENERATED}abcdef
ALERTS=https://hooks.slack.com/services/T00000000/B00000000/{GENERATED}
CHAT=https://discord.com/api/webhooks/123456789/{GENERATED}{GENERATED}
ANY=eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoic2VydmljZSJ9.{GENERATED}{GENERATED}
SOMETHING=-----BEGIN OPENSSH PRIVATE KEY-----
USERS=admin:$apr1$abcdefgh$abcdefghijklmnopqrstuv
PASSWORD_HASH=$2y$10${GENERATED}{GENERATED}
"""


def pairs(text: str) -> list[tuple[str, str]]:
    return [(name, value) for name, _, value in (line.partition("=") for line in text.strip().splitlines())]


@pytest.mark.parametrize(("name", "value"), pairs(NONE))
def test_no_secret_whatever_its_name(name: str, value: str) -> None:
    assert not is_secret(name, value)


@pytest.mark.parametrize(("name", "value"), pairs(SECRET))
def test_a_secret_by_its_name_or_its_value(name: str, value: str) -> None:
    assert is_secret(name, value)


def test_an_empty_value_is_one_that_is_still_to_come() -> None:
    assert is_secret("DB_PASSWORD", "")
    assert not is_secret("ROUTING_KEY", "")


def test_the_table_holds_only_what_no_rule_knows() -> None:
    for table, says in ((SECRET_NAMES, Says.SECRET), (PUBLIC_NAMES, Says.PUBLIC)):
        for names in table.values():
            for name in names.split():
                assert secret_names.of(f"X_{name}") is says, name


def test_every_generated_secret_is_one() -> None:
    """Whatever signs and forms a generator uses: nothing of it is taken for a path, a list, a host or an algorithm."""
    made = random.Random(13)
    alphabets = (
        string.ascii_letters + string.digits,
        string.ascii_letters + string.digits + "-_",
        string.ascii_letters + string.digits + "+/",
        string.ascii_letters + string.digits + "!#%&()*+,-./:;<=>?@[]^_{|}~",
        string.hexdigits.lower(),
        string.ascii_lowercase + string.digits,
    )
    wrong = []
    for alphabet in alphabets:
        for length in (12, 16, 24, 32, 40, 64):
            for _ in range(60):
                value = "".join(made.choice(alphabet) for _ in range(length))
                if not is_secret("DB_PASSWORD", value):
                    wrong.append(value)
    assert wrong == []


@pytest.mark.parametrize(
    ("value", "generated"),
    [
        ("Zq7vT2mX9k", True),
        ("0f3a9c7712e844100f3a9c7712e84410", True),
        ("q6xCjmMtnGt9LR8jGDL1", True),
        ("cache-v2-key-prefix-1", False),
        ("postgres16-alpine", False),
        ("orders.created.v1", False),
        ("2026-11-27T10:00:00Z", False),
        ("us-east-1", False),
        ("AcmeCorporationLimited", False),
        ("user_profile_2", False),
    ],
)
def test_what_looks_generated(value: str, generated: bool) -> None:
    assert secret_values.is_random(value) == generated


def test_names_in_the_cases_that_a_model_may_have() -> None:
    assert looks_secret("clientSecret")
    assert looks_secret("x-api-key")
    assert not looks_secret("")
