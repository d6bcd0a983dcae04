import pytest
from hypothesis import given
from hypothesis import strategies as st

from iceberg.capture.decode import OPERATION_NAMES, Changes, decode
from shoplake.core.errors import CaptureError
from tests.iceberg.capture.pgoutput import COPY_HEADER, COPY_TRAILER, UNCHANGED, Log

pytestmark = pytest.mark.unit

COLUMNS = [("id", 20, -1), ("name", 25, -1)]
KEYS = {"public.people": ("id",)}


def people(*, transactions: int = 0) -> Log:
    log = Log()
    for number in range(transactions):
        log.begin(100 + number, 1000 * number, number)
        if number == 0:
            log.relation(7, "people", COLUMNS)
        log.insert(7, [str(number), f"n{number}"])
        log.commit(1000 * number, 1000 * number + 48, number)
    return log


def one_transaction(*, columns: list[tuple[str, int, int]] = COLUMNS) -> Log:
    log = Log()
    log.begin(100, 1000)
    log.relation(7, "people", columns)
    return log


def finish(log: Log) -> list[Changes]:
    log.commit(1000, 1048)
    return list(decode(log.copy_file()).changes(KEYS))


def rows(changes: Changes) -> list[tuple[str, ...]]:
    operations = [OPERATION_NAMES[code] for code in changes.operation.tolist()]
    return list(zip(operations, *(column.to_pylist() for column in changes.columns), strict=True))


def test_an_empty_log_has_no_changes_and_no_end() -> None:
    batch = decode(COPY_HEADER + COPY_TRAILER)
    assert batch.change_count == 0
    assert batch.end_lsn is None
    assert list(batch.changes(KEYS)) == []


def test_each_change_carries_the_facts_of_its_transaction() -> None:
    (changes,) = decode(people(transactions=3).copy_file()).changes(KEYS)
    assert changes.transaction_id.tolist() == [100, 101, 102]
    assert changes.commit_lsn.tolist() == [0, 1000, 2000]
    assert changes.end_lsn.tolist() == [48, 1048, 2048]
    assert changes.committed_at.tolist() == [946_684_800_000_000 + number for number in range(3)]
    assert rows(changes) == [("insert", "0", "n0"), ("insert", "1", "n1"), ("insert", "2", "n2")]


def test_null_and_the_empty_string_are_told_apart() -> None:
    log = one_transaction()
    log.insert(7, ["1", None])
    log.insert(7, ["2", ""])
    (changes,) = finish(log)
    assert rows(changes) == [("insert", "1", None), ("insert", "2", "")]


def test_an_update_that_keeps_its_key_is_one_row() -> None:
    log = one_transaction()
    log.update(7, ["1", "b"])
    (changes,) = finish(log)
    assert rows(changes) == [("update", "1", "b")]


def test_an_update_of_the_key_is_the_delete_of_the_old_then_the_insert_of_the_new() -> None:
    log = one_transaction()
    log.update(7, ["2", "a"], old=["1", None])
    (changes,) = finish(log)
    assert rows(changes) == [("delete", "1", None), ("insert", "2", "a")]
    assert changes.sequence.tolist() == [0, 1]


def test_a_full_old_row_with_the_same_key_is_one_update() -> None:
    log = one_transaction()
    log.update(7, ["1", "b"], old=["1", "a"], old_kind=b"O")
    (changes,) = finish(log)
    assert rows(changes) == [("update", "1", "b")]


def test_a_delete_carries_its_key_alone_also_with_a_full_old_row() -> None:
    log = one_transaction()
    log.delete(7, ["1", "a"], old_kind=b"O")
    (changes,) = finish(log)
    assert rows(changes) == [("delete", "1", None)]


def test_an_update_of_a_table_without_key_replaces_the_whole_row() -> None:
    log = Log()
    log.begin(1, 1)
    log.relation(8, "notes", COLUMNS)
    log.update(8, ["1", "b"], old=["1", "a"], old_kind=b"O")
    log.commit(1, 2)
    (changes,) = decode(log.copy_file()).changes({})
    assert rows(changes) == [("delete", "1", "a"), ("insert", "1", "b")]


def test_a_value_that_was_not_sent_is_named_as_unchanged() -> None:
    log = one_transaction()
    log.update(7, ["1", UNCHANGED])
    log.update(7, ["2", "x"])
    (changes,) = finish(log)
    assert changes.unchanged.to_pylist() == [["name"], None]
    assert rows(changes) == [("update", "1", None), ("update", "2", "x")]


def test_a_full_old_row_gives_the_value_that_was_not_sent() -> None:
    log = one_transaction()
    log.update(7, ["1", UNCHANGED], old=["1", "long"], old_kind=b"O")
    (changes,) = finish(log)
    assert rows(changes) == [("update", "1", "long")]
    assert changes.unchanged.to_pylist() == [None]


def test_a_change_of_key_that_lacks_a_value_is_refused_with_the_remedy() -> None:
    log = one_transaction()
    log.update(7, ["2", UNCHANGED], old=["1", None])
    with pytest.raises(CaptureError, match=r"alter table public\.people replica identity full"):
        finish(log)


def test_the_old_key_gives_the_key_that_was_not_sent() -> None:
    log = one_transaction()
    log.update(7, [UNCHANGED, "b"], old=["long", None])
    (changes,) = finish(log)
    assert rows(changes) == [("update", "long", "b")]
    assert changes.unchanged.to_pylist() == [None]


def test_a_change_of_one_part_of_a_key_takes_the_other_from_the_old_one() -> None:
    log = one_transaction()
    log.update(7, [UNCHANGED, "b"], old=["long", "a"])
    log.commit(1000, 1048)
    (changes,) = decode(log.copy_file()).changes({"public.people": ("id", "name")})
    assert rows(changes) == [("delete", "long", "a"), ("insert", "long", "b")]


def test_an_update_without_its_key_is_refused_with_the_remedy() -> None:
    log = one_transaction()
    log.update(7, [UNCHANGED, "b"])
    with pytest.raises(CaptureError, match=r"does not carry the key .*alter table public\.people replica identity full"):
        finish(log)


def test_a_truncate_empties_each_table_that_it_names() -> None:
    log = one_transaction()
    log.relation(8, "pets", COLUMNS)
    log.update(7, ["2", "b"], old=["1", "a"], old_kind=b"O")
    log.truncate(8, 7)
    people_changes, pets_changes = finish(log)
    assert rows(people_changes) == [("delete", "1", None), ("insert", "2", "b"), ("truncate", None, None)]
    assert rows(pets_changes) == [("truncate", None, None)]


def test_a_table_that_changes_its_shape_comes_in_parts_in_the_order_of_the_log() -> None:
    log = one_transaction()
    log.insert(7, ["1", "a"])
    log.relation(7, "people", [*COLUMNS, ("age", 23, -1)])
    log.insert(7, ["2", "b", "30"])
    before, after = finish(log)
    assert [column.name for column in before.relation.columns] == ["id", "name"]
    assert rows(before) == [("insert", "1", "a")]
    assert rows(after) == [("insert", "2", "b", "30")]


def test_a_log_that_ends_within_a_transaction_is_refused() -> None:
    log = one_transaction()
    log.insert(7, ["1", "a"])
    with pytest.raises(CaptureError, match="within a transaction"):
        decode(log.copy_file())


names = st.one_of(st.none(), st.text(st.characters(blacklist_characters="\0", blacklist_categories=("Cs",)), max_size=9))


@given(st.lists(st.lists(st.tuples(st.sampled_from("iud"), st.integers(-(2**63), 2**63 - 1), names), max_size=6), max_size=6))
def test_whatever_was_written_is_read_in_its_order(transactions: list[list[tuple[str, int, str | None]]]) -> None:
    log = Log()
    expected = []
    for number, changes in enumerate(transactions):
        log.begin(number, 100 * number)
        log.relation(7, "people", COLUMNS)
        for order, (operation, identity, name) in enumerate(changes):
            if operation == "i":
                log.insert(7, [str(identity), name])
            elif operation == "u":
                log.update(7, [str(identity), name])
            else:
                log.delete(7, [str(identity), None])
            words = {"i": "insert", "u": "update", "d": "delete"}
            expected.append((words[operation], str(identity), None if operation == "d" else name, 100 * number + 48, 2 * order))
        log.commit(100 * number, 100 * number + 48)
    read = [
        (*row, end, sequence)
        for part in decode(log.copy_file()).changes(KEYS)
        for row, end, sequence in zip(rows(part), part.end_lsn.tolist(), part.sequence.tolist(), strict=True)
    ]
    assert read == expected
