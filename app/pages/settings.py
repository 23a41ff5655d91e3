"""The table of settings in the docs, made from their declarations."""

from typing import cast

from pydantic.fields import FieldInfo

from app.settings import Settings, variable_of


def settings_table() -> str:
    """A Markdown table of every variable, its default and its meaning: those of the service, then
    those of its adapters, in declaration order.
    """
    fields = Settings.model_fields
    own = {name: field for name, field in fields.items() if name in Settings.__annotations__}
    lines = ["| variable | default | meaning |", "|---|---|---|"]
    for name, field in (own | fields).items():
        lines.append(f"| `{variable_of(name, field)}` | {_default(field)} | {field.description} |")
    return "\n".join(lines) + "\n"


def settings_page(page: str) -> str:
    """`page` with the table of today in the place of the one that it has."""
    head, _, rest = page.partition("| variable | default | meaning |\n")
    after = rest.split("\n\n", 1)
    return head + settings_table() + ("\n" + after[1] if len(after) == 2 else "")


def _default(field: FieldInfo) -> str:
    extra = field.json_schema_extra
    if isinstance(extra, dict) and "default_text" in extra:
        return str(extra["default_text"])
    value = cast("object", field.default)
    if isinstance(value, tuple):
        value = ",".join(cast("tuple[str, ...]", value))
    return f"`{value}`" if value not in ("", None) else "empty"
