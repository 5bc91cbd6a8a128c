import pytest
from isolation import life
from isolation.world import World, call

@pytest.fixture(scope="module")
def mine(suite):
    return World(suite)

def test_every_request_is_valid(suite):
    import time
    t=time.monotonic()
    world = World(suite)
    print("built", time.monotonic()-t)
    for part in (life.read(), life.change(), life.end()):
        for step in part:
            a = call(world.channel, step.path, world.request(step), step.file)
            if a.code.name != "OK": print(step.path, a)
    print("all", time.monotonic()-t)
    assert 0
