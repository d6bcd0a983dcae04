import re
import shutil
import sys
from pathlib import Path

import pytest

from shoplake.bench import generate
from shoplake.cli.main import main
from shoplake.core.errors import BuildError
from shoplake.core.settings import Settings

pytestmark = pytest.mark.integration


def test_the_logs_of_a_stack_beside_which_something_failed_outlive_it_and_the_sentence_says_where(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(services: Settings, *_: object) -> None:
        homes.append(services.home)
        raise BuildError("bench: PostgreSQL did not answer.")

    homes: list[Path] = []
    monkeypatch.setattr(generate, "measure_generate", fail)
    monkeypatch.setattr(sys, "argv", ["shoplake", "bench", "generate"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == BuildError.exit_code
    told = re.fullmatch(r"bench: PostgreSQL did not answer\. The logs of its services are kept in (\S+)\.\n", capsys.readouterr().err)
    assert told
    try:
        assert "database system is ready to accept connections" in (Path(told[1]) / "postgres.log").read_text()
    finally:
        shutil.rmtree(told[1])
    assert [home.exists() for home in homes] == [False]
