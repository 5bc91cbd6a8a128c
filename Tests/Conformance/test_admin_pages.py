"""The admin pages of a service, judged by Prometheus's own parser."""

import os
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

_PROGRAM = Path(os.environ["RAPPORT_BINARIES"]) / "metrics-page"


@pytest.fixture
def page():
    """A process with the pages: its base address, and the process."""
    with subprocess.Popen([_PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}", process
        process.stdin.close()
        assert process.wait(timeout=30) == 0


def _families(address):
    with urllib.request.urlopen(f"{address}/metrics") as answer:
        assert answer.headers["content-type"] == "text/plain; version=0.0.4"
        return {family.name: family for family in text_string_to_metric_families(answer.read().decode())}


def test_counters_keep_their_values_and_labels(page):
    families = _families(page[0])
    assert [sample.value for sample in families["plain"].samples] == [3]
    (awkward,) = families["awkward_name"].samples
    assert awkward.labels == {"a_b": 'quote" slash\\ line\nend é', "_nd": ""}
    assert families["plain"].type == "counter"


def test_gauges_keep_every_kind_of_number(page):
    family = _families(page[0])["gauge"]
    assert family.type == "gauge"
    assert {sample.labels["index"]: sample.value for sample in family.samples} == {
        "0": 0.5,
        "1": -3,
        "2": float("inf"),
        "3": 1e300,
    }


def test_histograms_count_up_to_their_total(page):
    family = _families(page[0])["call_seconds"]
    assert family.type == "histogram"
    buckets = {
        float(sample.labels["le"]): sample.value for sample in family.samples if sample.name == "call_seconds_bucket"
    }
    bounds = sorted(buckets)
    assert bounds[-1] == float("inf")
    assert [buckets[bound] for bound in bounds] == sorted(buckets.values())
    assert (buckets[0.001], buckets[0.002_5], buckets[0.05], buckets[60], buckets[float("inf")]) == (1, 2, 3, 3, 4)
    rest = {sample.name: sample.value for sample in family.samples if sample.name != "call_seconds_bucket"}
    assert rest["call_seconds_count"] == 4
    assert rest["call_seconds_sum"] == pytest.approx(100.033, abs=1e-4)
    assert all(sample.labels["method"] == "/a.B/C" for sample in family.samples)


def test_the_process_tells_of_itself(page):
    families = _families(page[0])
    for name in ("process_resident_memory_bytes", "process_open_fds", "process_cpu_seconds"):
        assert families[name].samples[0].value > 0


def test_a_process_is_alive_before_it_is_ready(page):
    address, process = page
    assert urllib.request.urlopen(f"{address}/livez").status == 200
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{address}/readyz")
    assert refused.value.code == 503
    assert b"starting" in refused.value.read()
    process.stdin.write("go\n")
    process.stdin.flush()
    while True:
        try:
            assert urllib.request.urlopen(f"{address}/readyz").status == 200
            break
        except urllib.error.HTTPError as still:
            assert still.code == 503
