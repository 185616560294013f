"""The chain: every record is sealed by the SHA-256 over the link before it and its own bytes.

A record's bytes are the JSON array of its columns in table order, ``position`` to
``data``, without spaces and with non-ASCII characters as they are (UTF-8): any language
can recompute the links.  Python's standard library writes the same bytes, for every
character there is: ``json.dumps(row, ensure_ascii=False, separators=(",", ":"))``.
Half a surrogate pair has no bytes in UTF-8 and is refused by both.

The first record follows the link of 32 zero bytes.  Whoever alters, removes, inserts or
reorders a record breaks every link from there on.
"""

from hashlib import sha256

import msgspec

FIRST_LINK = bytes(32)

Row = tuple[
    int, str, int, str, int, str | None, int, int,
    str | None, str | None, str | None, str | None, str | None, str,
]  # fmt: skip
"""A record: the columns of ``crm_events`` in order, without ``chain``."""

_encode = msgspec.json.Encoder().encode


def link(previous: bytes, row: Row) -> bytes:
    """The link of *row*, which follows the record whose link is *previous*."""
    return sha256(previous + _encode(row)).digest()
