"""Every setting of Unico: read from the environment, checked once, frozen."""

from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Self, cast
from zoneinfo import ZoneInfo

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic.config import JsonDict
from pydantic.fields import FieldInfo
from pydantic_settings import NoDecode, SettingsConfigDict

from app.hooks_out.settings import HooksOutSettings
from app.mail.settings import MailSettings
from app.payment_settings import PaymentSettings
from app.sms.settings import SmsSettings
from app.stripe.settings import StripeSettings
from app.webhooks.signatures import key_of
from domain.identity.model import Role
from domain.sourcing.rules.model import DEFAULT_TIME_ZONE

ANONYMOUS = "ANONYMOUS"
"""Stands for callers without a role."""

_PREFIX = "UNICO_"
_ONLY_DEVELOPMENT: JsonDict = {"default_text": "only in development"}
_BY_ENVIRONMENT = ("dev_issuer", "graphiql", "introspection")

Names = Annotated[tuple[str, ...], NoDecode]


class Environment(StrEnum):
    """What this installation is for; production switches every convenience off."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"


class LogFormat(StrEnum):
    """How log lines look; auto is console on a terminal and JSON elsewhere."""

    AUTO = "auto"
    JSON = "json"
    CONSOLE = "console"


class SettingsError(ValueError):
    """A setting is missing or out of range; the message is one line and names the variable."""


class Settings(StripeSettings, MailSettings, SmsSettings, HooksOutSettings, PaymentSettings):
    """The configuration of one process. Build it with `load_settings`."""

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX,
        frozen=True,
        extra="ignore",
        validate_by_name=True,
        env_ignore_empty=True,
    )

    environment: Environment = Field(
        default=Environment.DEVELOPMENT, description="`development` or `production`."
    )
    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(
        default=8000, ge=0, le=65535, description="Port to listen on; 0 takes a free one."
    )
    workers: int = Field(default=1, ge=1, le=64, description="Processes that serve requests.")
    home: Path = Field(
        default=Path(".unico"), description="Folder of embedded servers and local keys."
    )
    log_format: LogFormat = Field(
        default=LogFormat.AUTO, description="`json`, `console`, or `auto`: console on a terminal."
    )
    log_level: str = Field(
        default="info",
        pattern="^(debug|info|warning|error)$",
        description="Least severe line to log.",
    )

    database_url: str = Field(
        default="",
        validation_alias="DATABASE_URL",
        description="PostgreSQL 18 or newer; embedded when empty.",
    )
    read_database_url: str = Field(
        default="",
        validation_alias="READ_DATABASE_URL",
        description="Replica for reads; the main database when empty.",
    )
    redis_url: str = Field(
        default="",
        validation_alias="REDIS_URL",
        description="Redis 7 or Valkey 8, or newer; embedded when empty.",
    )
    pg_bin: Path | None = Field(
        default=None, description="Folder with other PostgreSQL binaries for the embedded server."
    )
    valkey_bin: Path | None = Field(
        default=None, description="Another server binary for embedded Valkey."
    )
    pool_size: int = Field(
        default=8,
        ge=1,
        le=100,
        description="Database connections that each worker keeps open, besides two of its order "
        "engine and two of the sandbox PSP.",
    )

    issuer: str = Field(
        default="unico", description="Issuer (`iss`) that access tokens must carry."
    )
    audience: str = Field(
        default="unico", description="Audience (`aud`) that access tokens must carry."
    )
    jwks_url: str = Field(
        default="", description="Where the issuer's keys are published; needed in production."
    )
    jwt_algorithms: Names = Field(
        default=("RS256", "ES256", "EdDSA"),
        description="Signature algorithms accepted, comma-separated.",
    )
    jwt_leeway_s: int = Field(
        default=30, ge=0, le=60, description="Clock difference tolerated, in seconds."
    )
    dev_issuer: bool = Field(
        default=False,
        json_schema_extra=_ONLY_DEVELOPMENT,
        description="Accept tokens made by `unico token`; refused in production.",
    )
    token_ttl_minutes: int = Field(
        default=720, ge=1, le=10_080, description="Life of a token made by `unico token`."
    )
    device_token_ttl_minutes: int = Field(
        default=15, ge=1, le=15, description="Life of a token that a POS device gets for its key."
    )
    device_signing_key: Path | None = Field(
        default=None,
        description="PEM file of the Ed25519 key that signs device tokens, the same on every host; "
        "`device-issuer.key` in the home folder when empty.",
    )
    allowed_origins: Names = Field(
        default=(), description="Other web origins that may call and subscribe, comma-separated."
    )
    allowed_hosts: Names = Field(
        default=(),
        description="Host names that requests may be sent to, comma-separated; any when empty.",
    )

    graphiql: bool = Field(
        default=False,
        json_schema_extra=_ONLY_DEVELOPMENT,
        description="Serve GraphiQL at `/graphql`.",
    )
    introspection: bool = Field(
        default=False,
        json_schema_extra=_ONLY_DEVELOPMENT,
        description="Answer introspection queries.",
    )
    trusted_documents: Path | None = Field(
        default=None,
        description="Manifest of trusted documents (`unico trusted-documents`); none when empty.",
    )
    trusted_only_roles: Names = Field(
        default=(),
        description="Roles that may run nothing but trusted documents, comma-separated; "
        "`ANONYMOUS` stands for callers without a token.",
    )
    max_body_bytes: int = Field(default=500_000, ge=1_000, description="Largest HTTP request body.")
    max_import_bytes: int = Field(
        default=200_000_000, ge=1_000, description="Largest file at `POST /imports/<kind>`."
    )
    import_retention_days: int = Field(
        default=30,
        ge=1,
        description="How long an ended import is kept, with the rows that it refused.",
    )
    ws_max_bytes: int = Field(
        default=65_536, ge=1_000, description="Largest WebSocket message received."
    )
    max_concurrency: int = Field(
        default=10_000,
        ge=1,
        description="Connections and requests at once per worker; more get 503.",
    )
    max_subscriptions: int = Field(default=20, ge=1, description="Running operations per socket.")
    max_sockets_per_address: int = Field(
        default=500, ge=1, description="Sockets and event streams per client address and worker."
    )
    operation_timeout_s: float = Field(
        default=10.0, gt=0, description="Longest query or mutation, in seconds."
    )
    connection_init_timeout_s: float = Field(
        default=10.0, gt=0, description="Time a socket has to authenticate, in seconds."
    )
    forwarded_allow_ips: str = Field(
        default="127.0.0.1", description="Proxies whose `X-Forwarded-*` headers are believed."
    )
    drain_s: float = Field(
        default=0.0,
        ge=0,
        le=60,
        description="Time between a red `/ready` and closing, behind a balancer.",
    )
    shutdown_timeout_s: int = Field(
        default=20,
        ge=1,
        le=300,
        description="Time that running requests have to finish at shutdown.",
    )

    event_retention_hours: int = Field(
        default=72, ge=1, description="How long a subscription can resume from its cursor."
    )
    merchant_time_zone: ZoneInfo = Field(
        default=ZoneInfo(DEFAULT_TIME_ZONE),
        description="IANA time zone of dates and local times in sourcing rules.",
    )
    payment_ttl_minutes: int = Field(
        default=30, ge=1, description="How long an order waits for its payment to be authorised."
    )
    accept_minutes: int = Field(
        default=30,
        ge=1,
        description="How long a location may take to accept a released fulfillment order.",
    )
    housekeeping: bool = Field(
        default=True,
        description="Whether workers do what is due by time; some of an installation must.",
    )
    cancel_answer_minutes: int = Field(
        default=15,
        ge=1,
        description="How long a location may take to answer a request to cancel its work.",
    )
    carrier_webhook_secrets: Names = Field(
        default=(),
        repr=False,
        description="Secrets of carriers' tracking webhooks (Standard Webhooks), comma-separated: "
        "`GLS=whsec_...`; a carrier may have several while one is being replaced.",
    )
    easypost_api_key: str = Field(
        default="",
        repr=False,
        description="Key of an EasyPost account: its carriers are the carrier `EASYPOST`; none "
        "when empty.",
    )
    easypost_webhook_secret: str = Field(
        default="",
        repr=False,
        description="Secret of EasyPost's webhooks; they are refused when empty.",
    )
    easypost_url: str = Field(
        default="https://api.easypost.com/v2", description="Address of EasyPost's API."
    )
    otel_endpoint: str = Field(
        default="",
        description="OTLP/HTTP address for traces; off when empty; needs the extra `otel`.",
    )

    @property
    def is_development(self) -> bool:
        """Whether conveniences for developers are on."""
        return self.environment is Environment.DEVELOPMENT

    @property
    def token_ttl(self) -> timedelta:
        """Life of a token made by `unico token`."""
        return timedelta(minutes=self.token_ttl_minutes)

    @property
    def webhook_secrets(self) -> dict[str, list[str]]:
        """Secrets by code of the carrier."""
        found: dict[str, list[str]] = {}
        for each in self.carrier_webhook_secrets:
            carrier, _, secret = each.partition("=")
            found.setdefault(carrier.strip().upper(), []).append(secret)
        return found

    @property
    def reads_url(self) -> str:
        """The database that reads go to."""
        return self.read_database_url or self.database_url

    @model_validator(mode="before")
    @classmethod
    def _defaults_of_the_environment(cls, given: Any) -> Any:
        """What is convenient in development is on there, and off in production."""
        values = dict(cast("dict[str, Any]", given))
        development = values.get("environment", Environment.DEVELOPMENT) == "development"
        for name in _BY_ENVIRONMENT:
            values.setdefault(name, development)
        return values

    @field_validator("database_url", "read_database_url")
    @classmethod
    def _with_driver(cls, url: str) -> str:
        """The same URL for SQLAlchemy's asyncpg dialect, whichever scheme was written."""
        scheme, separator, rest = url.partition("://")
        if not url or scheme == "postgresql+asyncpg":
            return url
        if scheme not in ("postgres", "postgresql") or not separator:
            raise ValueError("must start with postgresql://")
        return f"postgresql+asyncpg://{rest}"

    @field_validator("redis_url")
    @classmethod
    def _redis_scheme(cls, url: str) -> str:
        if url and not url.startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("must start with redis://, rediss:// or unix://")
        return url

    @field_validator(
        "jwt_algorithms",
        "allowed_origins",
        "allowed_hosts",
        "carrier_webhook_secrets",
        "trusted_only_roles",
        mode="before",
    )
    @classmethod
    def _split(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        return tuple(part.strip() for part in value.split(",") if part.strip())

    @field_validator("jwt_algorithms")
    @classmethod
    def _asymmetric(cls, algorithms: tuple[str, ...]) -> tuple[str, ...]:
        """RFC 8725: a public key must never be usable as a shared secret."""
        if not algorithms or any(name.startswith(("HS", "none")) for name in algorithms):
            raise ValueError("must name asymmetric algorithms only, such as RS256, ES256, EdDSA")
        return algorithms

    @field_validator("trusted_only_roles")
    @classmethod
    def _known_roles(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if unknown := set(names) - {*Role, ANONYMOUS}:
            raise ValueError(f"must name roles, not {', '.join(sorted(unknown))}")
        return names

    @field_validator("carrier_webhook_secrets")
    @classmethod
    def _named_secrets(cls, secrets: tuple[str, ...]) -> tuple[str, ...]:
        for each in secrets:
            carrier, separator, secret = each.partition("=")
            if not carrier or not separator:
                raise ValueError("must be of the form GLS=whsec_...")
            key_of(secret)
        return secrets

    @model_validator(mode="after")
    def _trust_has_a_source(self) -> Self:
        if self.trusted_only_roles and self.trusted_documents is None:
            raise ValueError("UNICO_TRUSTED_ONLY_ROLES needs UNICO_TRUSTED_DOCUMENTS")
        return self

    @model_validator(mode="after")
    def _safe_in_production(self) -> Self:
        if not self.is_development:
            if self.dev_issuer:
                raise ValueError("UNICO_DEV_ISSUER must not be on in production")
            if not self.jwks_url:
                raise ValueError("UNICO_JWKS_URL must be set in production")
            if self.webhooks_to_loopback:
                raise ValueError("UNICO_WEBHOOKS_TO_LOOPBACK must not be on in production")
        return self


def load_settings(**overrides: Any) -> Settings:
    """The settings of the environment; `overrides` (by field name, None is skipped) win.

    Raises:
        SettingsError: a value is missing or not valid.
    """
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        return Settings(**given)
    except ValidationError as error:
        first = error.errors()[0]
        location = str(first["loc"][0]) if first["loc"] else ""
        message = first["msg"].removeprefix("Value error, ")
        field = Settings.model_fields.get(location)
        name = variable_of(location, field) if field else location
        raise SettingsError(f"{name} {message}".strip()) from error


def variable_of(name: str, field: FieldInfo) -> str:
    """The environment variable behind a field."""
    alias = field.validation_alias
    return alias if isinstance(alias, str) else f"{_PREFIX}{name.upper()}"
