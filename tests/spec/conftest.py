import pytest
from sqlalchemy import Engine

from tests.rule_tables import Check, checking


@pytest.fixture
def check(engine: Engine) -> Check:
    """Compares a table with what the rules say of it."""
    return checking(engine)
