"""Tests the report: shards and parts add up, and ranges of numbers come in their order."""

from data.manifest import Manifest, Shard
from data.preparing.finished_shards import ShardReport
from data.preparing.report import report_table, summarise


def test_shards_add_up_and_the_table_shows_it() -> None:
    shards = [
        Shard(f"{split}-0.tfrecord", split, count, 1, "0" * 64)
        for split, count in (("train", 1500), ("validation", 20))
    ]
    reports = [
        ShardReport(shards[0], 1502, {"no_face": ["b", "a"]}, {"age": {"100 to 110": 1, "20 to 30": 2}}),
        ShardReport(
            shards[1], 21, {"no_face": ["c"]}, {"age": {"20 to 30": 3}, "skin_tone": {"light": 1, "dark": 4}}
        ),
    ]
    report = summarise(reports, Manifest({}, tuple(shards)), {"hidden": [".x"]})
    assert report["pictures"] == 1523
    assert report["left_out_files"] == {"hidden": [".x"], "no_face": ["a", "b", "c"]}
    assert report["traits"] == {"age": {"20 to 30": 5, "100 to 110": 1}, "skin_tone": {"dark": 4, "light": 1}}
    assert list(report["traits"]["age"]) == ["20 to 30", "100 to 110"]
    assert report_table(report) == [
        "pictures              1,523",
        "train                 1,500",
        "validation               20",
        "left out: hidden          1",
        "left out: no face         3",
        "age: 20 to 30             5",
        "age: 100 to 110           1",
        "skin tone: dark           4",
        "skin tone: light          1",
    ]


def test_negative_ranges_come_first() -> None:
    counts = {"0 to 2": 1, "-2 to 0": 1, "-4 to -2": 1}
    shard = Shard("train-0.tfrecord", "train", 3, 1, "0" * 64)
    report = summarise([ShardReport(shard, 3, {}, {"score": counts})], Manifest({}, (shard,)), {})
    assert list(report["traits"]["score"]) == ["-4 to -2", "-2 to 0", "0 to 2"]
