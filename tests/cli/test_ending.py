import signal
from collections.abc import Iterator

import pytest

from shoplake.cli.ending import asked_to_end
from shoplake.cli.output import Output

pytestmark = pytest.mark.unit


@pytest.fixture
def signals() -> Iterator[None]:
    """Handlers as they were, afterwards."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("signals")
@pytest.mark.parametrize("first", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("second", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_is_answered_and_the_second_interrupts(
    first: signal.Signals, second: signal.Signals, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = asked_to_end(Output(as_json=False), "work", "step")
    assert not asked.is_set()
    signal.raise_signal(first)
    assert asked.is_set()
    assert " ".join(capsys.readouterr().err.split()) == "work: ends with the step under way; Ctrl-C once more ends it now."
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(second)
