"""Tests TF_CONFIG and the workers' meeting, without TensorFlow."""

import json
import os
import re
import socket
import subprocess
import threading
from pathlib import Path

import pytest

from facedancer_tf.errors import UserError
from facedancer_tf.training.cluster import meet, read_cluster
from tests.workers import ROOT, free_addresses


def told(cluster: object, kind: object = "worker", index: object = 0) -> str:
    return json.dumps({"cluster": cluster, "task": {"type": kind, "index": index}})


def test_workers_are_counted_from_the_chief():
    cluster = read_cluster(told({"worker": ["b:2", "c:3"], "chief": ["a.example:1"]}, "worker", 1))
    assert cluster.names == ("chief 0", "worker 0", "worker 1")
    assert cluster.addresses == (("a.example", 1), ("b", 2), ("c", 3))
    assert cluster.here == 2


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "[" * 100_000,
        "3",
        json.dumps({"cluster": {"worker": ["a:1"]}}),
        told({}),
        told({"worker": ["a:1"]}, index=1),
        told({"worker": ["a:1"]}, index="0"),
        told({"worker": ["a:1"]}, index=True),
        told({"worker": ["a:1"]}, kind="chief"),
        told({"worker": ["a"]}),
        told({"worker": ["a:port"]}),
        told({"worker": ["a:65536"]}),
        told({"worker": [1]}),
        told({"worker": "a:1"}),
        told({"worker": ["a:1", "a:1"]}),
        told({"worker": ["a:1"], "ps": ["b:1"]}),
        told({"worker": ["a:1"], "chief": ["b:1", "c:1"]}),
    ],
)
def test_what_says_less_is_refused_and_shown(text):
    with pytest.raises(UserError, match=r"TF_CONFIG must be like .* Received: ") as refused:
        read_cluster(text)
    assert str(refused.value).endswith(text)


def test_none_at_all_is_another_matter():
    with pytest.raises(UserError, match="needs TF_CONFIG"):
        read_cluster(None)


def test_workers_meet_however_late_one_comes():
    addresses, met = free_addresses(3), []

    def come(index: int) -> None:
        meet(read_cluster(told({"worker": addresses}, index=index)), 20)
        met.append(index)
        # TensorFlow's server takes the port over: whoever is late must still find it answering.
        host, port = addresses[index].split(":")
        with socket.create_server((host, int(port))):
            done.wait(20)

    done = threading.Event()
    threads = [threading.Thread(target=come, args=(index,)) for index in range(3)]
    for thread in threads:
        thread.start()
        thread.join(0.5)
    for _ in range(100):
        if len(met) == 3:
            break
        done.wait(0.1)
    done.set()
    for thread in threads:
        thread.join()
    assert sorted(met) == [0, 1, 2]


def test_a_worker_that_does_not_come_is_named():
    addresses = free_addresses(2)
    with pytest.raises(
        UserError, match=rf"worker 1 cannot reach worker 0 at {addresses[0]} \(waited 0\.1 s\)"
    ):
        meet(read_cluster(told({"worker": addresses}, index=1)), 0.1)


def test_a_port_that_is_taken_is_named():
    addresses = free_addresses(1)
    port = int(addresses[0].rpartition(":")[2])
    with socket.create_server(("", port)), pytest.raises(UserError, match=f"port {port}.*cannot be had"):
        meet(read_cluster(told({"worker": addresses})), 1)


def test_the_slurm_script_of_the_docs_tells_every_worker_who_it_is(tmp_path: Path):
    script = re.search(
        r"```bash\n(#!/bin/bash\n.*?)```", (ROOT / "docs" / "distributed.md").read_text(), re.DOTALL
    )
    assert script
    stand_ins = {
        "scontrol": '[ "$*" = "show hostnames node[7-8]" ] && printf "node7\\nnode8\\n"',
        "srun": 'shift; for SLURM_PROCID in 0 1; do export SLURM_PROCID; "$@"; done',
        ".venv/bin/python": 'echo "$TF_CONFIG"; echo "$*" >&2',
    }
    for name, body in stand_ins.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/bash\n{body}\n")
        path.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "SLURM_JOB_NODELIST": "node[7-8]"}
    done = subprocess.run(["bash", "-c", script[1]], cwd=tmp_path, env=environment, capture_output=True, text=True,
                          timeout=60, check=True)  # fmt: skip
    clusters = [read_cluster(line) for line in done.stdout.splitlines()]
    assert [cluster.here for cluster in clusters] == [0, 1]
    assert {cluster.addresses for cluster in clusters} == {(("node7", 2222), ("node8", 2222))}
    assert done.stderr.count("train.py --config configs/small.yaml --strategy multi_worker") == 2
