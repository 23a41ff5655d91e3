"""`unico export-journal` and `unico papers`."""

from pathlib import Path

from click.testing import CliRunner

from app.cli import main


def test_the_journal_is_written_as_a_file(
    clean_database: str, redis_url: str, tmp_path: Path
) -> None:
    environment = {
        "DATABASE_URL": clean_database,
        "REDIS_URL": redis_url,
        "UNICO_HOME": str(tmp_path),
    }
    runner = CliRunner(env=environment)
    given = ["export-journal", "--from", "2026-01-01", "--to", "2026-01-31"]
    target = tmp_path / "journal.csv"
    done = runner.invoke(main, [*given, "--format", "dynamics_gp", "--output", str(target)])
    assert done.exit_code == 0, done.output
    assert target.read_text().startswith("BACHNUMB,JRNENTRY,REFRENCE,TRXDATE")
    refused = runner.invoke(main, [*given, "--format", "SAGE_50"])
    assert refused.exit_code == 1
    assert "currency: is needed" in refused.output


def test_papers_are_written_as_pdf_and_as_pictures(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["papers", "--to", str(tmp_path), "--png"])
    assert done.exit_code == 0, done.output
    names = {path.name for path in tmp_path.iterdir()}
    assert {"invoice-it.pdf", "credit-note-it.png", "label.pdf", "pick-list.png"} <= names
    assert len(names) == 12
