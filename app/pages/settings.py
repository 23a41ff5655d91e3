"""The table of settings in the docs, made from their declarations."""

from typing import cast

from pydantic.fields import FieldInfo

from app.settings import Settings, variable_of


def settings_table() -> str:
    """A Markdown table of every variable, its default and its meaning, in declaration order."""
    lines = ["| variable | default | meaning |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        lines.append(f"| `{variable_of(name, field)}` | {_default(field)} | {field.description} |")
    return "\n".join(lines) + "\n"


def _default(field: FieldInfo) -> str:
    extra = field.json_schema_extra
    if isinstance(extra, dict) and "default_text" in extra:
        return str(extra["default_text"])
    value = cast("object", field.default)
    if isinstance(value, tuple):
        value = ",".join(cast("tuple[str, ...]", value))
    return f"`{value}`" if value not in ("", None) else "empty"
