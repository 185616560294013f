"""The views that show the live rows, and what others put on them: rights, and views of their own.

A view whose columns change must be dropped and made anew.  Rights on it are given again; what
rests on it is nobody's to drop but its owner's, so that nothing is changed then.
"""

from collections.abc import Mapping

from sqlalchemy import Connection, exc, text

from crmcore.application.errors import StoreError

DEPENDED_ON = "2BP01"
"""PostgreSQL's code for something that others depend on."""

GRANTED = text("""
    SELECT granted.privilege_type, granted.is_grantable,
           CASE granted.grantee WHEN 0 THEN 'PUBLIC'
           ELSE quote_ident(pg_get_userbyid(granted.grantee)) END
    FROM pg_class, aclexplode(relacl) AS granted
    WHERE pg_class.oid = to_regclass(:view) AND granted.grantee <> relowner
    ORDER BY 1, 3
""")


class InTheWayError(StoreError):
    """What others have in the database: what depends on a view that is to go, or has its name."""


def show(connection: Connection, before: Mapping[str, str], after: Mapping[str, str]) -> None:
    """Let views show other tables than *before*; all names are quoted, those of tables by view."""
    replaced = {
        view for view in before if view in after and _replaced(connection, view, after[view])
    }
    granted = list[str]()
    for view in before:
        if view not in replaced:
            granted += _grants(connection, view) if view in after else []
            drop(connection, "VIEW", view)
    for view, source in after.items():
        if view not in replaced:
            connection.execute(text(f"CREATE VIEW {view} AS SELECT * FROM {source}"))
    for grant in granted:
        connection.execute(text(grant))


def _replaced(connection: Connection, view: str, source: str) -> bool:
    """Replace a view, if the database can: what was granted on it, and what rests on it, stays."""
    if connection.dialect.name != "postgresql":
        return False
    try:
        with connection.begin_nested():
            connection.execute(text(f"CREATE OR REPLACE VIEW {view} AS SELECT * FROM {source}"))
    except exc.ProgrammingError:  # its columns are others
        return False
    return True


def drop(connection: Connection, kind: str, quoted: str) -> None:
    """Drop a VIEW or a TABLE; ``InTheWayError`` names what depends on it, and nothing is changed."""
    try:
        with connection.begin_nested():
            connection.execute(text(f"DROP {kind} {quoted}"))
    except exc.DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != DEPENDED_ON:
            raise
        detail = getattr(getattr(error.orig, "diag", None), "message_detail", None)
        depending = ", ".join((detail or str(error.orig)).splitlines())
        raise InTheWayError(
            f"{quoted} has to be dropped, and others depend on it ({depending}): nothing was"
            " changed; drop those, do this again, and make them anew"
        ) from error


def _grants(connection: Connection, quoted: str) -> list[str]:
    """The statements that give the rights on a view again, once it was dropped and made anew."""
    if connection.dialect.name != "postgresql":
        return []
    return [
        f"GRANT {right} ON {quoted} TO {whom}{' WITH GRANT OPTION' if further else ''}"
        for right, further, whom in connection.execute(GRANTED, {"view": quoted})
    ]
