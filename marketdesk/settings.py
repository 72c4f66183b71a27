"""Django's settings, one file, read top to bottom. `docs/operating.md` lists what the environment can set."""

import contextlib
import importlib.util
import os
import sys
from pathlib import Path
from tempfile import NamedTemporaryFile
from urllib.parse import urlsplit

from csp.constants import NONCE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.core.management.utils import get_random_secret_key

from marketdesk.lib import calling, env, languages, sqlite

PACKAGE = Path(__file__).parent
HOME = env.folder("MARKETDESK_HOME", "var")
TESTING = "pytest" in sys.modules
DEBUG = env.flag("MARKETDESK_DEBUG")
NEW_KEY = "openssl rand -base64 38 writes a good one"

BASE_URL = env.text("MARKETDESK_URL", f"http://127.0.0.1:{env.number('PORT', 8000)}").rstrip("/")
SECURE = BASE_URL.startswith("https://")
DATABASES = {"default": env.database(env.text("DATABASE_URL"), HOME)}
IS_SQLITE = DATABASES["default"]["ENGINE"].endswith("sqlite")


def _secret_key() -> str:
    """The key from the environment, else one that the home keeps, made on first use."""
    path = HOME / "secret-key"
    if TESTING:
        return "only-for-tests-" + "x" * 40
    if not env.text("MARKETDESK_SECRET_KEY") and not path.exists():
        _make_secret_key(path)
    key = env.text("MARKETDESK_SECRET_KEY") or path.read_text().strip()
    if len(key) < 32 or len(set(key)) < 8:
        where = "MARKETDESK_SECRET_KEY" if env.text("MARKETDESK_SECRET_KEY") else f"The key in {path}"
        raise ImproperlyConfigured(f"{where} is too easy to guess. {NEW_KEY}.")
    return key


def _make_secret_key(path: Path) -> None:
    """Never a second one for a database that began with another."""
    database = Path(DATABASES["default"]["NAME"])
    if (IS_SQLITE and database.exists()) or (SECURE and not IS_SQLITE):
        raise ImproperlyConfigured(
            f"MARKETDESK_SECRET_KEY is not set, and {path} is not there. What the database keeps sealed can be read "
            f"only with the key that it began with, the same on every machine: put it back. For a new one: {NEW_KEY}"
        )
    HOME.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Whole or not at all, and the first of two programs that start at once wins.
    with NamedTemporaryFile("w", dir=HOME) as draft:
        draft.write(get_random_secret_key())
        draft.flush()
        with contextlib.suppress(FileExistsError):
            os.link(draft.name, path)


SECRET_KEY = _secret_key()
ALLOWED_HOSTS = env.words("MARKETDESK_HOSTS") or ["localhost", "127.0.0.1", "[::1]", urlsplit(BASE_URL).hostname or ""]
CSRF_TRUSTED_ORIGINS = [BASE_URL]
# What a start would be refused for, and the operator accepts: doctor/database.py says what the words mean
ACCEPTED = env.some_of("MARKETDESK_ACCEPT", {"clock", "durability", "newer-database"})

# Rooms, then doors, then what others wrote
INSTALLED_APPS = [
    "marketdesk.journal",
    "marketdesk.people",
    "marketdesk.policy",
    "marketdesk.merchants",
    "marketdesk.orders",
    "marketdesk.tickets",
    "marketdesk.guide",
    "marketdesk.refunds",
    "marketdesk.replies",
    "marketdesk.teams",
    "marketdesk.translations",
    "marketdesk.performance",
    "marketdesk.programs",
    "marketdesk.outbox",
    "marketdesk.ui",
    "marketdesk.storefront",
    "marketdesk.dashboard",
    "marketdesk.support",
    "marketdesk.api",
    "marketdesk.joining",
    "marketdesk.demo",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.usersessions",
    "oauth2_provider",
    "django_htmx",
    "csp",
]

# What pages run through. Programs' requests (/api/) are answered before it: see api/middleware.py.
MIDDLEWARE = [
    "marketdesk.api.middleware.ProgramsFirst",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "marketdesk.front.HealthFirst",
    "marketdesk.storefront.visits.VisitsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "marketdesk.storefront.letters.LettersMiddleware",
    "marketdesk.middleware.ReaderMiddleware",
    "marketdesk.middleware.SeenMiddleware",
    "marketdesk.middleware.SecondFactorMiddleware",
]
ROOT_URLCONF = "marketdesk.urls"
WSGI_APPLICATION = "marketdesk.wsgi.application"
APPEND_SLASH = False

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "OPTIONS": {
            "loaders": [("marketdesk.ui.loading.Loader", ["django.template.loaders.app_directories.Loader"])],
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.template.context_processors.tz",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "marketdesk.context.page",
            ],
            "builtins": ["marketdesk.ui.templatetags.marketdesk"],
        },
    }
]

# Data
if IS_SQLITE:
    sqlite.refuse_unsafe()
# Whom the tables belong to: used while they are prepared, by nothing else. Who serves need not be able to change them.
DATABASE_OWNER = env.owner("DATABASE_OWNER_URL", DATABASES["default"])
# Whether PostgreSQL itself keeps merchants apart, too: merchants/wall.py
DATABASE_WALL = env.flag("DATABASE_WALL")
if DATABASE_WALL:
    if DATABASE_OWNER is None or env.flag("DATABASE_PGBOUNCER"):
        raise ImproperlyConfigured("DATABASE_WALL takes DATABASE_OWNER_URL, another role, and no DATABASE_PGBOUNCER.")
    MIDDLEWARE.insert(0, "marketdesk.middleware.WallMiddleware")
# Where reports may read, and how many seconds it may be behind
if env.text("DATABASE_REPLICA_URL"):
    DATABASES["replica"] = env.database(env.text("DATABASE_REPLICA_URL"), HOME, "DATABASE_REPLICA_URL")
    DATABASES["replica"]["TEST"] = {"MIRROR": "default"}
    DATABASE_ROUTERS = ["marketdesk.lib.replica.Router"]
REPLICA_MAX_LAG = env.number("DATABASE_REPLICA_MAX_LAG", 30)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
MEDIA_ROOT = HOME / "files"
# Holds what limits guessing (and which one-time codes were used), so all processes must share it and it must last.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "cache",
        "OPTIONS": {"MAX_ENTRIES": 20_000},  # with fewer, a flood of guesses would push out the count of the others
    }
}

# Sign-in
SESSION_ENGINE = "marketdesk.people.sessions"
AUTH_USER_MODEL = "people.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "marketdesk.people.passwords.UnlikeAddress"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_ADAPTER = "marketdesk.people.accounts.AccountAdapter"
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_REDIRECT_URL = "/accounts/login/"
ACCOUNT_SESSION_REMEMBER = True
# Who asks for a new password gets a mail, known here or not, so that nobody learns which; but nobody is flooded.
# Nor does anybody guess invitations, make the desk write to the world, or keep it waiting for the sign-in service.
ACCOUNT_RATE_LIMITS = {
    "reset_password": "20/m/ip,3/h/key",
    "accept": "20/m/ip",
    "invite": "60/h/user",
    "openid": "30/m/ip",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_FORMS = {
    "add_webauthn": "marketdesk.joining.passkeys.AddForm",
    "login_webauthn": "marketdesk.joining.passkeys.LoginForm",
    "authenticate_webauthn": "marketdesk.joining.passkeys.AuthenticateForm",
    "reauthenticate_webauthn": "marketdesk.joining.passkeys.ReauthenticateForm",
}
# The operator's own service, where it is set; no other way in, and no sign-up by it
SOCIALACCOUNT_ADAPTER = "marketdesk.joining.openid.SocialAdapter"
SOCIALACCOUNT_PROVIDERS = env.openid("MARKETDESK_OIDC")
LOGIN_REDIRECT_URL = "/"
LOGIN_URL = "account_login"

# Merchants' programs: the OAuth server keeps its rows in our tables, tokens only as hashes
OAUTH2_PROVIDER_APPLICATION_MODEL = "programs.App"
OAUTH2_PROVIDER_GRANT_MODEL = "programs.Grant"
OAUTH2_PROVIDER_ACCESS_TOKEN_MODEL = "programs.AccessToken"  # noqa: S105
OAUTH2_PROVIDER_REFRESH_TOKEN_MODEL = "programs.RefreshToken"  # noqa: S105
OAUTH2_PROVIDER = {
    "COMPLIANT_BCP_RFC9700_IMPLICIT_GRANT": True,
    "COMPLIANT_BCP_RFC9700_PASSWORD_GRANT": True,
    "COMPLIANT_BCP_RFC9700_PKCE_METHOD": True,
    "COMPLIANT_BCP_RFC9700_PKCE_REQUIRED": True,  # but of apps that were written for API v2
    "COMPLIANT_BCP_RFC9700_ACCESS_TOKEN_TRANSPORT": True,  # but on API v2, for apps that were written so
    "COMPLIANT_BCP_RFC9700_AUTHZ_RESPONSE_ISS": True,
    "COMPLIANT_BCP_RFC9700_TOKEN_STORAGE": True,
    "COMPLIANT_BCP_RFC9700_REFRESH_TOKEN": True,
    "REFRESH_TOKEN_REUSE_PROTECTION": True,  # as programs.oauth does it
    "COMPLIANT_BCP_RFC9700_REDIRECT_URI_SCHEME": True,
    "ALLOWED_REDIRECT_URI_SCHEMES": ["https"],  # and http on the person's own machine, see programs.registering
    "COMPLIANT_BCP_RFC9700_REDIRECT_URI_MATCHING": True,
}

# Languages: what a person reads is chosen by middleware.ReaderMiddleware
LANGUAGE_CODE = env.text("MARKETDESK_LANGUAGE", "en")
LANGUAGES = list(languages.LANGUAGES.items())
# Our own sentences; and those of Django and allauth that their catalogues lack, or say with another word than ours
LOCALE_PATHS = [PACKAGE / "locale", PACKAGE / "borrowed"]
FORMAT_MODULE_PATH = ["marketdesk.formats"]
TIME_ZONE = "UTC"

# Mail
EMAIL_BACKEND = f"django.core.mail.backends.{env.text('MARKETDESK_MAIL', 'filebased')}.EmailBackend"
EMAIL_FILE_PATH = HOME / "mail"
EMAIL_HOST = env.text("MARKETDESK_MAIL_HOST", "localhost")
EMAIL_PORT = env.number("MARKETDESK_MAIL_PORT", 25)
EMAIL_HOST_USER = env.text("MARKETDESK_MAIL_USER")
EMAIL_HOST_PASSWORD = env.text("MARKETDESK_MAIL_PASSWORD")
EMAIL_USE_TLS = env.flag("MARKETDESK_MAIL_TLS")
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = env.text("MARKETDESK_MAIL_FROM", "support@localhost")

# Static files: served by the program itself, under names that change with their content
STATIC_URL = "/static/"
STATIC_ROOT = HOME / "static"
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = DEBUG or TESTING
STORAGES = {
    "default": env.files("MARKETDESK_FILES"),
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG or TESTING
        else "marketdesk.ui.storage.StaticFiles"
    },
}

# Wire
API_V2_LEGACY_METHODS = env.flag("API_V2_LEGACY_METHODS")
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 500
DATA_UPLOAD_MAX_NUMBER_FILES = 100  # far more than a message takes: the form itself says how many, and keeps the text

# Webhooks: networks (10.1.0.0/16) and names of hosts that may be told of events although they are private
WEBHOOK_ALLOW = calling.Allowed(env.words("MARKETDESK_WEBHOOK_ALLOW"))
# The same for what merchants' apps subscribe: what merchants name, they must not be able to reach by us
APP_WEBHOOK_ALLOW = calling.Allowed(env.words("MARKETDESK_APP_WEBHOOK_ALLOW"))

# Machine translation: `none`, `firefox` (models on this machine), `libretranslate` or `deepl`. Where nothing is said,
# the models that the extra `translate` brings, if it is installed.
TRANSLATION_ENGINE = env.choice(
    "MARKETDESK_TRANSLATION",
    "firefox" if importlib.util.find_spec("fxtranslate") else "none",
    *("none", "firefox", "libretranslate", "deepl"),
)
TRANSLATION_URL = env.text("MARKETDESK_TRANSLATION_URL")
TRANSLATION_KEY = env.text("MARKETDESK_TRANSLATION_KEY")
TRANSLATION_ALLOW = calling.Allowed(env.words("MARKETDESK_TRANSLATION_ALLOW"))
TRANSLATION_MODELS = HOME / "translations"
for engine, name, what in (
    ("libretranslate", "MARKETDESK_TRANSLATION_URL", "the address of the server"),
    ("deepl", "MARKETDESK_TRANSLATION_KEY", "the key of the account"),
):
    if engine == TRANSLATION_ENGINE and not env.text(name):
        raise ImproperlyConfigured(f"MARKETDESK_TRANSLATION is {engine!r}: {name} must hold {what}.")

# Safety in the browser
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "https:", "blob:"],
        "style-src": [SELF],
        "script-src": [SELF, NONCE],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": [SELF],
        "frame-ancestors": ["'none'"],
    }
}
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.flag("MARKETDESK_BEHIND_PROXY") else None
SECURE_HSTS_SECONDS = 31_536_000 if SECURE else 0
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
CSRF_FAILURE_VIEW = "marketdesk.front.csrf_failure"

# Watching: a port for Prometheus that nobody else should reach (0: none), and what is written down
METRICS_PORT = env.number("MARKETDESK_METRICS_PORT", 0)
METRICS_HOST = env.text("MARKETDESK_METRICS_HOST", "127.0.0.1")
LOG_REQUESTS = env.flag("MARKETDESK_LOG_REQUESTS")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "class": "marketdesk.lib.logs.Discreet",
            "format": "{asctime} {levelname} {name} {message}",
            "style": "{",
        },
        "json": {"()": "marketdesk.lib.logs.structured"},
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": env.choice("MARKETDESK_LOG_FORMAT", "line", "json"),
        }
    },
    "root": {"handlers": ["console"], "level": env.text("MARKETDESK_LOG", "INFO")},
    "loggers": {
        "django.request": {"level": "ERROR"},
        "waitress.queue": {"level": "ERROR"},
        "oauth2_provider.migrations": {"level": "ERROR"},  # it misses its own tables, which are ours
        "oauth2_provider": {"level": "INFO"},  # at DEBUG both write codes and tokens down
        "oauthlib": {"level": "INFO"},
    },
}
