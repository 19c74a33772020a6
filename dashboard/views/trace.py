"""What is taken out about single patients leaves a trace."""
from dashboard import activity, audit
from dashboard.views import session


def left(what: str, **counts: int) -> dict[str, object]:
    """For a download button: how many `patients` or `rows` were taken out is recorded, under the reader's name where one was given."""
    return {"on_click": record, "args": (what,), "kwargs": counts}


def record(what: str, **counts: int) -> None:
    session.write("Recorded in Activity.", lambda: activity.record_export(
        session.engine(), what, by=session.name() or audit.UNNAMED, at=session.now(), **counts))
