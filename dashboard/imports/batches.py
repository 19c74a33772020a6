"""The history of imports."""
import pandas as pd
from sqlalchemy import Connection, select

from dashboard import audit
from dashboard.schema import import_batch

_COLUMNS = ("batch", "file_name", "rows_in", "loaded", "quarantined", "duplicate", "left_out", "entries", "revised", "repeats", "demo")


def history(connection: Connection) -> pd.DataFrame:
    """Newest first: what each file did, who imported it and when, and who took it back and when (UTC)."""
    stored = select(*[import_batch.c[name] for name in _COLUMNS]).order_by(import_batch.c.batch.desc())
    found = pd.DataFrame(connection.execute(stored).all(), columns=list(_COLUMNS))
    events = audit.events(connection, kinds=("import_committed", "import_undone"))
    for kind, did in (("import_committed", "imported"), ("import_undone", "undone")):
        own = events[events["kind"] == kind].set_index("subject")
        subject = found["batch"].astype(str)
        found[f"{did}_by"] = subject.map(own["by"].to_dict()).astype(object)
        found[f"{did}_at"] = pd.to_datetime(subject.map(own["happened_at"].to_dict()))
    found["live"] = found["undone_by"].isna()
    return found
