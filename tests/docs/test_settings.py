from pathlib import Path

from app.pages.settings import settings_table


def test_the_documented_settings_are_those_of_the_code() -> None:
    text = (Path(__file__).parents[2] / "docs" / "settings.md").read_text()
    assert settings_table() in text
