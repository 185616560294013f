"""Every test gets a database of its own, on both kinds, and leaves nothing behind."""

import sqlalchemy as sa


def test_a_fresh_database_is_empty_and_usable(database_url: str) -> None:
    engine = sa.create_engine(database_url)
    with engine.begin() as connection:
        assert sa.inspect(connection).get_table_names() == []
        connection.execute(sa.text("CREATE TABLE mine (n INTEGER)"))
    engine.dispose()


def test_another_test_sees_none_of_it(database_url: str) -> None:
    test_a_fresh_database_is_empty_and_usable(database_url)
