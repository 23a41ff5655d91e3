"""Settings come from the environment, checked once."""

import pytest

from app.pages.settings import settings_table
from app.settings import Settings, SettingsError, load_settings


def test_the_environment_is_read_and_overrides_win(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNICO_PORT", "9000")
    monkeypatch.setenv("UNICO_ALLOWED_ORIGINS", "https://a.example, https://b.example")
    monkeypatch.setenv("DATABASE_URL", "postgres://me:pw@db:5433/unico?ssl=require")
    monkeypatch.setenv("REDIS_URL", "")
    settings = load_settings(port=None, workers=3)
    assert (settings.port, settings.workers) == (9000, 3)
    assert settings.allowed_origins == ("https://a.example", "https://b.example")
    assert settings.database_url == "postgresql+asyncpg://me:pw@db:5433/unico?ssl=require"
    assert settings.reads_url == settings.database_url
    assert settings.redis_url == ""


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("UNICO_PORT", "http", "UNICO_PORT Input should be a valid integer"),
        ("UNICO_WORKERS", "0", "UNICO_WORKERS Input should be greater than or equal to 1"),
        ("DATABASE_URL", "mysql://db", "DATABASE_URL must start with postgresql://"),
        ("REDIS_URL", "http://db", "REDIS_URL must start with redis://"),
        ("UNICO_JWT_ALGORITHMS", "RS256,HS256", "UNICO_JWT_ALGORITHMS must name asymmetric"),
        ("UNICO_CARRIER_WEBHOOK_SECRETS", "GLS", "UNICO_CARRIER_WEBHOOK_SECRETS must be of the"),
        ("UNICO_CARRIER_WEBHOOK_SECRETS", "GLS=x", "UNICO_CARRIER_WEBHOOK_SECRETS must be whsec_"),
        ("UNICO_ENVIRONMENT", "production", "UNICO_JWKS_URL must be set in production"),
    ],
)
def test_a_wrong_value_is_one_line_that_names_the_variable(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, message: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError) as error:
        load_settings()
    assert str(error.value).startswith(message)
    assert "\n" not in str(error.value)


def test_conveniences_are_on_in_development_only() -> None:
    def conveniences(settings: Settings) -> tuple[bool, bool, bool]:
        return settings.dev_issuer, settings.graphiql, settings.introspection

    production = {"environment": "production", "jwks_url": "https://id.example/jwks"}
    assert conveniences(load_settings()) == (True, True, True)
    assert conveniences(load_settings(graphiql=False)) == (True, False, True)
    assert conveniences(load_settings(**production)) == (False, False, False)
    assert conveniences(load_settings(**production, introspection=True)) == (False, False, True)


def test_the_development_issuer_is_refused_in_production() -> None:
    with pytest.raises(SettingsError, match="UNICO_DEV_ISSUER must not be on in production"):
        load_settings(environment="production", jwks_url="https://id.example", dev_issuer=True)


def test_the_table_has_one_row_for_each_field() -> None:
    lines = settings_table().splitlines()
    assert len(lines) == 2 + len(Settings.model_fields)
    assert "| `UNICO_PORT` | `8000` | Port to listen on; 0 takes a free one. |" in lines
    assert "| `UNICO_GRAPHIQL` | only in development |" in settings_table()
    assert "| `DATABASE_URL` | empty | PostgreSQL 18 or newer; embedded when empty. |" in lines
