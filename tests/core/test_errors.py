import pytest

from shoplake.core.errors import first_line

pytestmark = pytest.mark.unit


def test_the_first_line_of_a_failed_call_is_what_the_server_said() -> None:
    said = "[DIVIDE_BY_ZERO] Division by zero. SQLSTATE: 22012"
    for more in ("", "\n== SQL ==\n1 / 0"):
        report = (
            "<_MultiThreadedRendezvous of RPC that terminated with:\n\tstatus = StatusCode.INTERNAL\n"
            f'\tdetails = "{said}{more}"\n\tdebug_error_string = "INTERNAL"\n>'
        )
        assert first_line(RuntimeError(report)) == said
    assert first_line(RuntimeError("one.\ntwo")) == "one"
    assert first_line(RuntimeError()) == "RuntimeError"
