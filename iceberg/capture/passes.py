"""The compiled passes over a buffer of pgoutput messages; :mod:`iceberg.capture.decode` says what they mean.

Each works on the whole buffer at once and gives numpy arrays. Message kinds
are compared by their letter's code.
"""

import numba
import numpy as np

COPY_HEADER_BYTES = 19
NULL = -1
UNCHANGED = -2


@numba.njit(cache=True)
def _integer(buffer, position, size):  # type: ignore[no-untyped-def]
    value = np.int64(0)
    for offset in range(size):
        value = (value << 8) | np.int64(buffer[position + offset])
    return value


@numba.njit(cache=True)
def count(buffer):  # type: ignore[no-untyped-def]
    """How many messages the buffer holds, and of them changes, transactions and Relation messages."""
    messages = changes = transactions = relations = 0
    position = COPY_HEADER_BYTES
    while position + 2 <= len(buffer) and _integer(buffer, position, 2) == 1:
        size = _integer(buffer, position + 2, 4)
        kind = buffer[position + 6]
        if kind == 73 or kind == 85 or kind == 68:  # I U D
            changes += 1
        elif kind == 84:  # T names several tables
            changes += _integer(buffer, position + 7, 4)
        elif kind == 66:  # B
            transactions += 1
        elif kind == 82:  # R
            relations += 1
        messages += 1
        position += 6 + size
    return messages, changes, transactions, relations


@numba.njit(cache=True)
def scan(buffer, changes, transactions, relations):  # type: ignore[no-untyped-def]
    """Where every change lies and to which transaction and shape it belongs.

    Gives (kind, offset behind the table's oid, transaction, shape, order in the
    transaction) a change, (xid, commit LSN, end LSN, commit time) a transaction,
    the offset of every Relation message, and whether the last transaction is whole.
    """
    kind_of = np.empty(changes, np.uint8)
    offset_of = np.empty(changes, np.int64)
    transaction_of = np.empty(changes, np.int64)
    shape_of = np.empty(changes, np.int64)
    order_of = np.empty(changes, np.int64)
    facts = np.zeros((transactions, 4), np.int64)
    relation_offset = np.empty(relations, np.int64)
    relation_oid = np.empty(relations, np.int64)
    change = seen_relations = first = 0
    transaction = -1
    is_open = False
    position = COPY_HEADER_BYTES
    while position + 2 <= len(buffer) and _integer(buffer, position, 2) == 1:
        size = _integer(buffer, position + 2, 4)
        start = position + 6
        kind = buffer[start]
        if kind == 66:
            transaction += 1
            first = change
            is_open = True
            facts[transaction, 1] = _integer(buffer, start + 1, 8)
            facts[transaction, 3] = _integer(buffer, start + 9, 8)
            facts[transaction, 0] = _integer(buffer, start + 17, 4)
        elif kind == 67:
            facts[transaction, 2] = _integer(buffer, start + 10, 8)
            is_open = False
        elif kind == 82:
            relation_offset[seen_relations] = start + 1
            relation_oid[seen_relations] = _integer(buffer, start + 1, 4)
            seen_relations += 1
        elif kind == 73 or kind == 85 or kind == 68 or kind == 84:
            named = _integer(buffer, start + 1, 4) if kind == 84 else 1
            for table in range(named):
                oid_at = start + 6 + 4 * table if kind == 84 else start + 1
                oid = _integer(buffer, oid_at, 4)
                shape = seen_relations - 1
                while shape >= 0 and relation_oid[shape] != oid:
                    shape -= 1
                kind_of[change] = kind
                offset_of[change] = oid_at + 4
                transaction_of[change] = transaction
                shape_of[change] = shape
                order_of[change] = change - first
                change += 1
        position = start + size
    return kind_of, offset_of, transaction_of, shape_of, order_of, facts, relation_offset, not is_open


@numba.njit(cache=True)
def _read_tuple(buffer, position, starts, sizes, row, take):  # type: ignore[no-untyped-def]
    """Note where the values of a tuple lie, of the columns in ``take`` only; gives the offset behind it."""
    columns = _integer(buffer, position, 2)
    position += 2
    for column in range(columns):
        kind = buffer[position]
        position += 1
        start = np.int64(0)
        size = np.int64(NULL)
        if kind == 116:  # t
            size = _integer(buffer, position, 4)
            start = position + 4
            position = start + size
        elif kind == 117:  # u
            size = np.int64(UNCHANGED)
        if take[column]:
            starts[column, row] = start
            sizes[column, row] = size
        else:
            sizes[column, row] = NULL
    return position


@numba.njit(cache=True)
def _same_key(buffer, starts, sizes, row, other, is_key):  # type: ignore[no-untyped-def]
    for column in range(len(is_key)):
        if is_key[column] and sizes[column, other] != UNCHANGED:
            if sizes[column, row] != sizes[column, other]:
                return False
            for offset in range(sizes[column, row]):
                if buffer[starts[column, row] + offset] != buffer[starts[column, other] + offset]:
                    return False
    return True


@numba.njit(cache=True)
def locate(buffer, kinds, offsets, is_key, has_key):  # type: ignore[no-untyped-def]
    """Where every value of every row lies: (rows, operation, change) and (start, size) by column and row.

    A size of -1 is null, -2 a value that was not sent. Two rows for a change of key.
    """
    columns = len(is_key)
    everything = np.ones(columns, np.bool_)
    limit = 2 * len(kinds) + 1
    starts = np.zeros((columns, limit), np.int64)
    sizes = np.full((columns, limit), NULL, np.int64)
    operation = np.empty(limit, np.uint8)
    change_of = np.empty(limit, np.int64)
    row = 0
    for change in range(len(kinds)):
        kind = kinds[change]
        position = offsets[change]
        change_of[row] = change
        operation[row] = kind
        if kind == 84:
            sizes[:, row] = NULL
        elif kind == 73:
            _read_tuple(buffer, position + 1, starts, sizes, row, everything)
        elif kind == 68:
            _read_tuple(buffer, position + 1, starts, sizes, row, is_key if has_key else everything)
        elif kind == 85:
            has_old = buffer[position] != 78  # K or O before N
            new = row
            if has_old:
                new = row + 1
                position = _read_tuple(buffer, position + 1, starts, sizes, row, everything)
            _read_tuple(buffer, position + 1, starts, sizes, new, everything)
            if has_old:
                moved = has_key and not _same_key(buffer, starts, sizes, row, new, is_key)
                for column in range(columns):
                    # The old row has what the new one left out: all of it with a full replica identity, else the key.
                    if sizes[column, new] == UNCHANGED and (buffer[offsets[change]] == 79 or is_key[column]):
                        sizes[column, new] = sizes[column, row]
                        starts[column, new] = starts[column, row]
                    if moved:
                        if not is_key[column]:
                            sizes[column, row] = NULL
                    elif has_key:
                        starts[column, row] = starts[column, new]
                        sizes[column, row] = sizes[column, new]
                if moved or not has_key:
                    operation[row] = 68
                    row += 1
                    operation[row] = 73
                    change_of[row] = change
        row += 1
    return row, operation[:row], change_of[:row], starts[:, :row], sizes[:, :row]


@numba.njit(cache=True)
def gather(buffer, starts, sizes):  # type: ignore[no-untyped-def]
    """One column's values behind each other: (offsets, bytes, validity bitmap)."""
    rows = len(sizes)
    offsets = np.zeros(rows + 1, np.int64)
    for row in range(rows):
        offsets[row + 1] = offsets[row] + max(sizes[row], 0)
    data = np.empty(offsets[rows], np.uint8)
    validity = np.zeros((rows + 7) // 8, np.uint8)
    for row in range(rows):
        if sizes[row] >= 0:
            validity[row >> 3] |= np.uint8(1 << (row & 7))
            start, end = starts[row], offsets[row]
            for offset in range(sizes[row]):
                data[end + offset] = buffer[start + offset]
    return offsets, data, validity
