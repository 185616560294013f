"""Files of other systems, sound and broken: read row by row, or refused in clear words."""

import gzip
import lzma
import os
import sys
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from threading import Thread
from typing import Any

import attrs
import pyarrow
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow.parquet import write_table

from crmcore.cli.importers.cells import amount, count, instant, key, label, local_date, optional
from crmcore.cli.importers.csv_file import LONGEST
from crmcore.cli.importers.row import Refused, SourceError, Unkept
from crmcore.cli.importers.sources import located, one_file, read


@attrs.frozen
class Reading:
    name: str = attrs.field(converter=key)
    pieces: int = attrs.field(converter=count)
    price: Decimal = attrs.field(converter=amount)


SOUND = b"name,pieces,price\nnut,2,125\nbolt,1,5\n"


def readings(path: Path) -> list[tuple[int, str, int, Decimal] | Refused]:
    return [
        found
        if isinstance(found, Refused)
        else (found.line, found.row.name, found.row.pieces, found.row.price)
        for found in read(path, Reading)
        if not isinstance(found, Unkept)
    ]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(SOUND, id="plain"),
        pytest.param(gzip.compress(SOUND), id="packed"),
        pytest.param(b"\xef\xbb\xbf" + SOUND, id="with a byte order mark"),
        pytest.param(SOUND.replace(b"\n", b"\r\n"), id="lines end as on Windows"),
        pytest.param(SOUND.replace(b"\n", b"\r"), id="lines end as on old Macs"),
        pytest.param(SOUND.rstrip(b"\n"), id="last line not ended"),
        pytest.param(
            b"price,more,name,pieces\n125,x,nut,2\n5,,bolt,1\n", id="other order, more columns"
        ),
        pytest.param(SOUND.replace(b"nut", b'"nut"'), id="quoted"),
    ],
)
def test_a_sound_file_is_read_however_it_was_written(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "things.csv"
    path.write_bytes(content)
    assert readings(path) == [
        (2, "nut", 2, Decimal("1.25")),
        (3, "bolt", 1, Decimal("0.05")),
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(b"", "expected a header line with name, pieces, price", id="empty"),
        pytest.param(b"\n", "expected a header line with", id="only a blank line"),
        pytest.param(b"\n,\n", "expected each column once", id="blank header"),
        pytest.param(
            b"name,price\nnut,125\n", "not so with pieces; its header is 'name,price'", id="missing"
        ),
        pytest.param(b"name,name,pieces,price\n", "not so with name;", id="column twice"),
        pytest.param(SOUND.decode().encode("utf-16"), "expected UTF-8 text", id="UTF-16"),
        pytest.param(
            SOUND.replace(b"name", b"n\xe4me"),
            "line 1: expected UTF-8 text, character 2 is byte 0xe4",
            id="Latin-1 header",
        ),
        pytest.param(gzip.compress(SOUND * 99)[:-30], "the packed file is damaged", id="cut off"),
        pytest.param(
            gzip.compress(SOUND)[:12] + b"\0" * 20, "the packed file is damaged", id="overwritten"
        ),
        pytest.param(gzip.compress(SOUND) + b"rubbish", "is damaged after line 3", id="appended"),
        pytest.param(SOUND + b'"nut,1,1\nbolt,1,1\n', "is never closed", id="open quotation"),
    ],
)
def test_a_broken_file_is_one_clear_error(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "things.csv"
    path.write_bytes(content)
    with pytest.raises(SourceError) as refusal:
        readings(path)
    assert said in str(refusal.value)
    assert str(path) in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_file_that_is_missing_or_a_folder_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(
        SourceError, match=r"expected a file things \(\.csv, \.csv\.gz, \.csv\.xz or \.parquet\)"
    ):
        located(tmp_path, "things")
    with pytest.raises(SourceError, match="expected the folder of the files, this is none"):
        located(tmp_path / "nowhere", "things")
    with pytest.raises(SourceError, match="cannot be read"):
        readings(tmp_path)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        pytest.param("nut,x,1", "pieces: expected a whole number of 0 or more, got 'x'", id="x"),
        pytest.param("nut,-1,1", "pieces: expected a whole number of 0 or more, got '-1'", id="-1"),
        pytest.param("nut,1,1.5", "price: expected an amount in whole cents", id="1.5"),
        pytest.param("nut,١,1", "pieces: expected a whole number", id="digits of another script"),
        pytest.param("nut,,1", "pieces: expected a whole number of 0 or more, got ''", id="blank"),
        pytest.param("  ,1,1", "name: expected a key of 1 to 60 characters, got '  '", id="no key"),
        pytest.param(f"{'n' * 61},1,1", "name: expected a key of 1 to 60", id="long key"),
        pytest.param("n\0t,1,1", "name: expected a key of 1 to 60 characters", id="NUL"),
        pytest.param("nut,1", "expected 3 cells as in the header, got 2", id="cell missing"),
        pytest.param("nut,1,1,1", "expected 3 cells as in the header, got 4", id="cell too many"),
        pytest.param('"nut"s,1,1', "expected a row of CSV", id="quotation in the middle"),
    ],
)
def test_a_broken_row_is_refused_by_number_and_the_next_is_read(
    tmp_path: Path, row: str, reason: str
) -> None:
    path = tmp_path / "things.csv"
    path.write_text(f"name,pieces,price\n{row}\n\nbolt,1,5\n", encoding="utf-8")
    refused, sound = readings(path)
    assert isinstance(refused, Refused)
    assert (refused.source, refused.line) == ("things.csv", 2)
    assert reason in refused.reason
    assert sound == (4, "bolt", 1, Decimal("0.05"))


def test_a_row_that_is_not_utf8_is_refused_at_its_own_line_and_no_other(tmp_path: Path) -> None:
    """The decoder runs ahead of the rows: what it meets is told at the row where it stands."""
    path = tmp_path / "things.csv"
    before = "".join(f"nut{number},1,1\n" for number in range(2_000))
    path.write_bytes(SOUND + before.encode() + "nüt,1,1\n".encode("latin-1") + b"bolt,1,5\n")
    *sound, refused, last = readings(path)
    assert len(sound) == 2_002
    assert refused == Refused("things.csv", 2_004, "expected UTF-8 text, character 2 is byte 0xfc")
    assert last == (2_005, "bolt", 1, Decimal("0.05"))


@pytest.mark.parametrize("pack", [bytes, gzip.compress, lzma.compress], ids=["plain", "gzip", "xz"])
@pytest.mark.parametrize(
    ("size", "taken"),
    [
        pytest.param(131_073, True, id="above the limit of the csv module"),
        pytest.param(LONGEST // 2, True, id="half the longest row"),
        pytest.param(LONGEST, False, id="too long"),
        pytest.param(5 * LONGEST, False, id="far too long"),
    ],
)
@pytest.mark.parametrize("quoted", [False, True], ids=["bare", "quoted"])
def test_a_long_cell_takes_no_other_row_with_it(
    tmp_path: Path, pack: Callable[[bytes], bytes], size: int, taken: bool, quoted: bool
) -> None:
    path = tmp_path / "things.csv"
    cell = b'"%s"' % (b'""x' * (size // 3)) if quoted else b"x" * size
    path.write_bytes(pack(b"name,note,pieces,price\nnut,,2,125\nnail,%s,1,1\nbolt,,1,5\n" % cell))
    first, middle, last = readings(path)
    assert (first, last) == ((2, "nut", 2, Decimal("1.25")), (4, "bolt", 1, Decimal("0.05")))
    if taken:
        assert middle == (3, "nail", 1, Decimal("0.01"))
    else:
        reason = f"expected at most {LONGEST:,} characters to a row"
        assert middle == Refused("things.csv", 3, reason)


def test_a_packed_line_without_an_end_is_not_held_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "things.csv.gz"
    with gzip.open(path, "wb", 1) as file:
        file.write(SOUND)
        for _ in range(16):
            file.write(b"x" * LONGEST)
        file.write(b"\nnut,1,1\n")
    tracemalloc.start()
    try:
        *_, refused, last = readings(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert isinstance(refused, Refused)
    assert last == (5, "nut", 1, Decimal("0.01"))
    assert peak < 8 * LONGEST


def test_a_quotation_mark_that_is_never_closed_is_not_held_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "things.csv.gz"
    with gzip.open(path, "wb", 1) as file:
        file.write(SOUND + b'"nut,1,1\n')
        for _ in range(1_000):
            file.write(b"bolt,1,1\n" * 1_000)
    with pytest.raises(SourceError, match="the row that begins on line 4 is never closed"):
        readings(path)


def test_columns_that_become_nothing_are_told_once_with_the_rows_that_fill_them(
    tmp_path: Path,
) -> None:
    path = tmp_path / "things.csv"
    path.write_text("note,name,pieces,place,price\nx,nut,2,?,125\n,bolt,1,,5\ny,nail,1,NA,1\n")
    assert [found for found in read(path, Reading) if isinstance(found, Unkept)] == [
        Unkept("things.csv", "note", 2),
        Unkept("things.csv", "place", 0),
    ]


@pytest.mark.parametrize(
    "header", ["Name,PIECES,Price", "NAME,p_ieces,PRICE", '"name ",pieces,price']
)
def test_letter_case_and_underscores_make_no_other_column(tmp_path: Path, header: str) -> None:
    path = tmp_path / "things.csv"
    path.write_text(f"{header}\nnut,2,125\n")
    assert readings(path) == [(2, "nut", 2, Decimal("1.25"))]


def test_a_column_that_stands_twice_under_two_spellings_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "things.csv"
    path.write_text("name,NAME,pieces,price\nnut,nail,2,125\n")
    with pytest.raises(SourceError, match="expected each column once, not so with name;"):
        readings(path)


def test_a_pipe_is_read_as_a_file_is(tmp_path: Path) -> None:
    path = tmp_path / "things"
    os.mkfifo(path)
    writer = Thread(target=path.write_bytes, args=(gzip.compress(SOUND),))
    writer.start()
    assert [row[1] for row in readings(one_file(path, "things")) if isinstance(row, tuple)] == [
        "nut",
        "bolt",
    ]
    writer.join()


def test_in_a_folder_the_named_file_goes_before_others_and_one_alone_need_not_be_named(
    tmp_path: Path,
) -> None:
    (tmp_path / "of 2023.csv.gz").write_bytes(b"")
    assert one_file(tmp_path, "things").name == "of 2023.csv.gz"
    (tmp_path / "of 2024.csv").write_bytes(b"")
    with pytest.raises(SourceError, match="there are 2 others: name one"):
        one_file(tmp_path, "things")
    (tmp_path / "things.csv").write_bytes(b"")
    assert one_file(tmp_path, "things").name == "things.csv"


def parquet(path: Path, **columns: Any) -> Path:
    write_table(pyarrow.table(columns), path)
    return path


def test_a_parquet_file_is_read_as_the_same_rows_in_csv_are(tmp_path: Path) -> None:
    path = parquet(
        tmp_path / "things.parquet",
        name=["nut", "bolt", None],
        price=[125, 5, 1],
        pieces=pyarrow.array([2, 1, 1]).dictionary_encode(),
        tags=[["a"], None, []],
        raw=[b"\xff", None, b""],
    )
    assert readings(path) == [
        (1, "nut", 2, Decimal("1.25")),
        (2, "bolt", 1, Decimal("0.05")),
        Refused("things.parquet", 3, "name: expected a key of 1 to 60 characters, got ''"),
    ]
    found = [one for one in read(path, Reading) if isinstance(one, Unkept)]
    assert [(one.column, one.rows) for one in found] == [("tags", 2), ("raw", 2)]


def test_a_broken_parquet_file_is_one_clear_error(tmp_path: Path) -> None:
    whole = parquet(tmp_path / "things.parquet", name=["nut"], pieces=[1], price=[1]).read_bytes()
    for content in (whole[:4], whole[:-9], whole[:4] + bytes(len(whole) - 8) + whole[-4:]):
        (tmp_path / "things.parquet").write_bytes(content)
        with pytest.raises(SourceError, match=r"things\.parquet: is damaged") as refusal:
            readings(tmp_path / "things.parquet")
        assert "\n" not in str(refusal.value)


def test_without_its_library_a_parquet_file_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = parquet(tmp_path / "things.parquet", name=["nut"], pieces=[1], price=[1])
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(SourceError, match=r"pip install 'crmcore\[parquet\]'"):
        readings(path)


@settings(deadline=None)  # Parquet's library is loaded with the first file that looks like one
@given(content=st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_whatever_a_file_holds_it_is_read_or_refused(
    content: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "hostile.csv"
    for text in (content, SOUND + content):
        path.write_bytes(text)
        with suppress(SourceError):
            readings(path)


@given(text=st.text(max_size=30))
def test_a_cell_is_read_or_refused(text: str) -> None:
    for converter in (amount, count, instant, key, label, local_date, optional):
        with suppress(ValueError):
            converter(text)


@pytest.mark.parametrize(
    "text",
    ["2017-07-01", "2017-07-01T04:14:33", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-12:00"],
)
def test_an_instant_needs_an_offset_and_a_likely_year(text: str) -> None:
    with pytest.raises(ValueError, match="an instant with its offset"):
        instant(text)
