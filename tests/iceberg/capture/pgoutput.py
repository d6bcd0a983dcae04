"""Writes the messages that PostgreSQL's pgoutput plugin would send, for tests of the reader."""

import struct
from dataclasses import dataclass, field

UNCHANGED = object()
Value = str | None | object

COPY_HEADER = b"PGCOPY\n\xff\r\n\0" + struct.pack(">ii", 0, 0)
COPY_TRAILER = struct.pack(">h", -1)


@dataclass
class Log:
    """A log under construction; each method adds one message."""

    messages: list[bytes] = field(default_factory=list)

    def begin(self, xid: int, commit_lsn: int, committed_at: int = 0) -> None:
        self.messages.append(b"B" + struct.pack(">qqI", commit_lsn, committed_at, xid))

    def commit(self, commit_lsn: int, end_lsn: int, committed_at: int = 0) -> None:
        self.messages.append(b"C" + struct.pack(">bqqq", 0, commit_lsn, end_lsn, committed_at))

    def relation(self, oid: int, name: str, columns: list[tuple[str, int, int]], schema: str = "public") -> None:
        body = struct.pack(">I", oid) + schema.encode() + b"\0" + name.encode() + b"\0" + b"d" + struct.pack(">h", len(columns))
        for column, type_oid, modifier in columns:
            body += b"\0" + column.encode() + b"\0" + struct.pack(">Ii", type_oid, modifier)
        self.messages.append(b"R" + body)

    def insert(self, oid: int, new: list[Value]) -> None:
        self.messages.append(b"I" + struct.pack(">I", oid) + b"N" + _tuple(new))

    def update(self, oid: int, new: list[Value], old: list[Value] | None = None, old_kind: bytes = b"K") -> None:
        before = old_kind + _tuple(old) if old is not None else b""
        self.messages.append(b"U" + struct.pack(">I", oid) + before + b"N" + _tuple(new))

    def delete(self, oid: int, old: list[Value], old_kind: bytes = b"K") -> None:
        self.messages.append(b"D" + struct.pack(">I", oid) + old_kind + _tuple(old))

    def truncate(self, *oids: int) -> None:
        self.messages.append(b"T" + struct.pack(">ib", len(oids), 0) + struct.pack(f">{len(oids)}I", *oids))

    def copy_file(self) -> bytes:
        """The log as COPY (FORMAT binary) sends it."""
        rows = b"".join(struct.pack(">hi", 1, len(message)) + message for message in self.messages)
        return COPY_HEADER + rows + COPY_TRAILER


def _tuple(values: list[Value]) -> bytes:
    body = struct.pack(">h", len(values))
    for value in values:
        if value is None:
            body += b"n"
        elif value is UNCHANGED:
            body += b"u"
        else:
            data = str(value).encode()
            body += b"t" + struct.pack(">i", len(data)) + data
    return body
