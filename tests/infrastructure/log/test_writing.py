"""The connection that writes to a SQLite file: kept between transactions, given back when closed."""

import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest
import sqlalchemy as sa

from crmcore.infrastructure.database.driver import execute
from crmcore.infrastructure.database.engine import engine_for
from crmcore.infrastructure.database.sqlite_writer import Writer


@pytest.fixture
def engine(sqlite_url: str) -> Iterator[sa.Engine]:
    engine = engine_for(sqlite_url, create=True)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE t (n INTEGER)")
    yield engine
    engine.dispose()


def numbers(engine: sa.Engine) -> list[int]:
    with engine.connect() as connection:
        return list(connection.execute(sa.text("SELECT n FROM t ORDER BY n")).scalars())


def in_use(engine: sa.Engine) -> int:
    pool = engine.pool
    assert isinstance(pool, sa.QueuePool)
    return pool.checkedout()


def insert(connection: sa.Connection, number: int) -> None:
    execute(connection, "INSERT INTO t VALUES (?)", (number,))


def test_one_connection_writes_one_transaction_after_another(engine: sa.Engine) -> None:
    writer, seen = Writer(engine), set[int]()
    for number in range(3):
        with writer.transaction() as connection:
            insert(connection, number)
            seen.add(id(connection))
    assert (len(seen), in_use(engine), numbers(engine)) == (1, 1, [0, 1, 2])
    writer.close()
    assert in_use(engine) == 0


def test_what_sqlalchemy_does_in_it_is_part_of_it(engine: sa.Engine) -> None:
    writer = Writer(engine)
    with writer.transaction() as connection:
        insert(connection, 1)
        with connection.begin_nested():
            connection.execute(sa.text("INSERT INTO t VALUES (2)"))
        undone = connection.begin_nested()
        connection.execute(sa.text("INSERT INTO t VALUES (3)"))
        undone.rollback()
    with writer.transaction() as connection:
        insert(connection, 4)
    writer.close()
    assert numbers(engine) == [1, 2, 4]


@pytest.mark.parametrize("joined", [False, True], ids=["driver", "sqlalchemy"])
def test_what_fails_is_undone_and_the_next_one_works(engine: sa.Engine, joined: bool) -> None:
    writer = Writer(engine)
    with suppress(KeyboardInterrupt), writer.transaction() as connection:
        insert(connection, 1)
        if joined:
            connection.execute(sa.text("INSERT INTO t VALUES (2)"))
        raise KeyboardInterrupt
    assert in_use(engine) == 0
    with writer.transaction() as connection:
        insert(connection, 3)
    writer.close()
    assert numbers(engine) == [3]


def test_threads_take_turns_and_only_one_connection_is_kept(engine: sa.Engine) -> None:
    writer, start = Writer(engine), threading.Barrier(8)

    def write(number: int) -> None:
        start.wait()
        for turn in range(10):
            with writer.transaction() as connection:
                insert(connection, 10 * number + turn)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert in_use(engine) == 1
    writer.close()
    assert (in_use(engine), numbers(engine)) == (0, list(range(80)))


def test_a_closed_writer_still_writes_but_keeps_nothing(engine: sa.Engine) -> None:
    writer = Writer(engine)
    with writer.transaction() as connection:
        insert(connection, 1)
        writer.close()  # by another thread, say
    assert in_use(engine) == 0
    with writer.transaction() as connection:
        insert(connection, 2)
    assert (in_use(engine), numbers(engine)) == (0, [1, 2])
