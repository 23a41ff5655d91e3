"""The quickstart's script does what the page says, against a service as `make run` starts it."""

import asyncio
import sys
from pathlib import Path

from tests.support.installation import command_environment, installed

PAGE = Path(__file__).parents[2] / "docs" / "quickstart.md"


def script() -> str:
    """The page's only shell script."""
    (found,) = [part.split("```")[0] for part in PAGE.read_text().split("```sh\n")[1:]]
    return found


async def test_the_script_shows_the_change_on_both_roads(tmp_path: Path) -> None:
    async with installed(tmp_path) as service:
        process = await asyncio.create_subprocess_exec(
            *("bash", "-c", script()),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=command_environment(
                tmp_path, UNICO_URL=service.url, UNICO_BIN=str(Path(sys.executable).parent)
            ),
        )
        output = (await process.communicate())[0].decode()
        assert process.returncode == 0, output
        print(output)
        await service.stop()
    stock, order = output.split("== stockChanged")[1].split("== orderChanged")
    assert "ReceiveStockPayload" in output
    assert stock.index("SNAPSHOT") < stock.index("CHANGES")
    assert '"allocated":1' in stock
    assert order.index("SNAPSHOT") < order.index("CHANGES")
    assert '"status": "CANCELLED"' in order
    assert '"paymentStatus": "VOIDED"' in order
