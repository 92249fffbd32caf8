"""The database of nbgrader's gradebook, SQLite or PostgreSQL: opened with care, written in whole transactions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nbgrader import api
from sqlalchemy import Connection, Engine, create_engine, event, inspect, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, NoSuchModuleError, OperationalError
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

from grader.errors import GraderError, InfrastructureError, SubmissionError
from grader.nbgrader.environment import find_alembic
from grader.nbgrader.sync import memory

#: seconds to wait for somebody else who writes
PATIENCE = 15.0

#: of connections that only look, and then wait for nobody
_READS = "gradiente_reads"


class Gradebook:
    """A gradebook of nbgrader's. Whatever is wrong with its database is a GraderError."""

    def __init__(self, address: str, course: str, *, is_trial: bool = False) -> None:
        """Open it, and make it where there is none. ``is_trial``: one that is not there is not made, either."""
        self.address = _shown(address)
        self.engine = self._connect(address)
        if self._is_missing():
            if is_trial:
                self.engine.dispose()
                self.engine = _engine("sqlite://")
                api.Base.metadata.create_all(self.engine)
            else:
                find_alembic()
                # nbgrader itself writes down which version of its tables these are.
                api.Gradebook(address, course).close()

    @contextmanager
    def transaction(self, *, keeps: bool = True) -> Iterator[Session]:
        """All that is done within it is written at its end, or nothing of it. ``keeps=False``: nothing in any case."""
        try:
            with Session(self.engine, autoflush=False) as session:
                memory.lock(session)
                yield session
                if keeps:
                    session.commit()
        except (OperationalError, IntegrityError) as error:
            raise _busy(self.address, error) from error

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    def _connect(self, address: str) -> Engine:
        try:
            return _engine(address)
        except (ModuleNotFoundError, NoSuchModuleError, ArgumentError) as error:
            raise SubmissionError(
                f"The gradebook {self.address} cannot be opened: {error}. For PostgreSQL: pip install "
                "'gradiente[postgres]', and c.CourseDirectory.db_url = 'postgresql+psycopg://…'.",
                f"Não é possível abrir o gradebook {self.address}: {error}. Para PostgreSQL: pip install "
                "'gradiente[postgres]' e c.CourseDirectory.db_url = 'postgresql+psycopg://…'.",
            ) from error

    def _is_missing(self) -> bool:
        """Whether the database is empty. Raises GraderError for one that holds something else."""
        url = self.engine.url
        if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
            return True  # to look into it would make the file
        ours = api.Base.metadata.tables
        try:
            with self.engine.connect().execution_options(**{_READS: True}) as connection:
                there = inspect(connection)
                names = set(there.get_table_names())
                columns = {name: {each["name"] for each in there.get_columns(name)} for name in names & ours.keys()}
        except DBAPIError as error:
            raise _unreachable(self.address, error) from error
        if not names:
            return True
        lacking = [name for name, table in ours.items() if not set(table.columns.keys()) <= columns.get(name, set())]
        if not lacking:
            return False
        raise _old(self.address) if "alembic_version" in names and _is_nbgraders(columns) else _foreign(
            self.address, sorted(names)
        )  # fmt: skip


def _engine(address: str) -> Engine:
    url = make_url(address)
    if url.get_backend_name() != "sqlite":
        # What somebody else writes meanwhile is not written over: the transaction fails, and the next run sees it.
        return create_engine(url, isolation_level="REPEATABLE READ", hide_parameters=True)
    options = {"poolclass": StaticPool} if not url.database else {}
    engine = create_engine(url, connect_args={"timeout": PATIENCE}, hide_parameters=True, **options)
    event.listen(engine, "connect", _configure)
    event.listen(engine, "begin", _begin)
    return engine


def _configure(connection: Any, record: object) -> None:
    # The driver would begin transactions by itself, and only when something is written: see _begin.
    connection.isolation_level = None


def _begin(connection: Connection) -> None:
    is_reading = connection.get_execution_options().get(_READS, False)
    connection.exec_driver_sql("BEGIN" if is_reading else "BEGIN IMMEDIATE")


def _is_nbgraders(columns: dict[str, set[str]]) -> bool:
    """Whether tables are those of some version of nbgrader's; the portal has some of the same names."""
    return {"name", "duedate"} <= columns.get("assignment", set()) and "auto_score" in columns.get("grade", set())


def _shown(address: str) -> str:
    """An address without its password."""
    try:
        return make_url(address).render_as_string()
    except ArgumentError:
        return "c.CourseDirectory.db_url"


def _unreachable(address: str, error: DBAPIError) -> GraderError:
    return InfrastructureError(
        f"The gradebook {address} cannot be opened: {_said(error)}. Check c.CourseDirectory.db_url.",
        f"Não é possível abrir o gradebook {address}: {_said(error)}. Confira c.CourseDirectory.db_url.",
    )


def _busy(address: str, error: DBAPIError) -> GraderError:
    return InfrastructureError(
        f"Somebody else is writing into the gradebook {address} ({_said(error)}). Nothing of this assignment was "
        "written there. Run the command again.",
        f"Outra pessoa está escrevendo no gradebook {address} ({_said(error)}). Nada desta tarefa foi escrito nele. "
        "Execute o comando de novo.",
    )


def _said(error: DBAPIError) -> str:
    return str(error.orig).strip().partition("\n")[0]


def _old(address: str) -> GraderError:
    return SubmissionError(
        f"The gradebook {address} is of an older version of nbgrader. Run: nbgrader db upgrade",
        f"O gradebook {address} é de uma versão mais antiga do nbgrader. Execute: nbgrader db upgrade",
    )


def _foreign(address: str, names: list[str]) -> GraderError:
    some = ", ".join(names[:5]) + ("…" if len(names) > 5 else "")
    return SubmissionError(
        f"{address} holds tables of something else ({some}), and no gradebook of nbgrader's. Give the gradebook a "
        "database of its own in c.CourseDirectory.db_url.",
        f"{address} tem tabelas de outra coisa ({some}), e nenhum gradebook do nbgrader. Dê ao gradebook um banco de "
        "dados só dele em c.CourseDirectory.db_url.",
    )
