import pytest
from isolation.world import World
@pytest.fixture(autouse=True, scope="session")
def logs(suite):
    yield
    for f in (suite.suite.data/"log").glob("*.log"):
        for line in f.read_text().splitlines():
            if '"level":"error"' in line or "UNKNOWN" in line or 'warning' in line: print(f.name, line[:1200])
def test_build(suite):
    World(suite)
