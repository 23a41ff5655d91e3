"""A file of postal codes from the command line, read and stored in this process."""

from pathlib import Path

from domain.common.database import Database, read_engine, write_engine
from domain.common.texts import checked_country
from domain.locations.postal import replace_points
from domain.locations.postal_files import PostalFile, read_postal_file

IMPORTER = "IMPORT:postal-codes"


async def import_postal_codes(database_url: str, path: Path, country: str) -> PostalFile:
    """What the file says of the country, which is what is known of it from now on.

    Raises:
        ValidationFailed: there is no such country, or the file has nothing of it; all is as before.
        OSError, UnicodeDecodeError: the file cannot be read.
    """
    code = checked_country("country", country)
    with path.open(encoding="utf-8-sig", newline="\n") as lines:
        read = read_postal_file(lines, code)
    writes = write_engine(database_url, pool_size=1)
    database = Database(writes, read_engine(database_url), after_commit=lambda: None)
    try:
        await database.run(lambda tx: replace_points(tx, code, read.points), actor_key=IMPORTER)
    finally:
        await database.close()
    return read
