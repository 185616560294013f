"""Files of other systems, sound and broken: read row by row, or refused in clear words."""

import gzip
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmcore.cli.importers import Refused, SourceError
from crmcore.cli.importers.cells import amount, count, instant, key, label, local_date, optional
from crmcore.cli.importers.sources import located, read


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
    ]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(SOUND, id="plain"),
        pytest.param(gzip.compress(SOUND), id="packed"),
        pytest.param(b"\xef\xbb\xbf" + SOUND, id="with a byte order mark"),
        pytest.param(SOUND.replace(b"\n", b"\r\n"), id="lines end as on Windows"),
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
        pytest.param(b"\n", "expected each column once", id="blank header"),
        pytest.param(
            b"name,price\nnut,125\n", "not so with pieces; its header is 'name,price'", id="missing"
        ),
        pytest.param(b"name,name,pieces,price\n", "not so with name;", id="column twice"),
        pytest.param(SOUND.decode().encode("utf-16"), "expected UTF-8 text", id="UTF-16"),
        pytest.param(SOUND + "nüt,1,1\n".encode("latin-1"), "expected UTF-8 text", id="Latin-1"),
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
    with pytest.raises(SourceError, match=r"expected a file things\.csv or things\.csv\.gz"):
        located(tmp_path, "things.csv")
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
