import ast
import dataclasses
import re
from pathlib import Path

import pytest
import yaml

from facedancer_tf.errors import UserError
from facedancer_tf.training.config import TrainConfig, config_as_dict, config_as_yaml, parse_config
from facedancer_tf.training.config_checks import GENERATOR_TERMS
from facedancer_tf.training.config_sections import AugmentationConfig, DataConfig, DiscriminatorConfig

ROOT = Path(__file__).parents[3]

# Nine parts of nine parts of …: gigabytes, if it were written out
LAUGHS = b"a: &a0 [x]\n" + b"".join(
    b"b%d: &a%d [%s]\n" % (n, n, b", ".join([b"*a%d" % (n - 1)] * 9)) for n in range(1, 12)
)


@pytest.mark.parametrize("recipe", sorted(ROOT.glob("configs/*.yaml")), ids=lambda p: p.stem)
def test_recipes_are_valid_and_survive_their_own_yaml(recipe, tmp_path):
    config = parse_config(["--config", str(recipe)])
    (tmp_path / "again.yaml").write_text(config_as_yaml(config))
    assert parse_config(["--config", str(tmp_path / "again.yaml")]) == config


def test_the_released_recipe_is_the_default_but_for_its_head_and_files():
    released = config_as_dict(parse_config(["--config", str(ROOT / "configs/released.yaml")]))
    default = config_as_dict(TrainConfig())
    different = {key for key in default if released[key] != default[key]}
    assert different == {"run", "discriminator", "encoder"}
    assert released["discriminator"]["kind"] == "image"


def test_a_word_that_no_field_takes_is_refused_from_python_too():
    with pytest.raises(
        UserError, match=r"`discriminator.kind` must be one of patch, image. Received: 'picture'"
    ):
        TrainConfig(discriminator=DiscriminatorConfig(kind="picture"))  # type: ignore[arg-type]
    with pytest.raises(UserError, match=r"`data.augmentation.kind` must be one of released"):
        TrainConfig(data=DataConfig(augmentation=AugmentationConfig(kind="all")))  # type: ignore[arg-type]


def test_flags_win_over_the_file():
    config = parse_config(
        ["--config", str(ROOT / "configs/smoke.yaml"), "--loss.identity", "12", "--xla", "true",
         "--generator.fusion", "[add,add,add,add,add,concat]"]
    )  # fmt: skip
    assert config.loss.identity == 12
    assert config.xla is True
    assert config.generator.fusion == ("add",) * 5 + ("concat",)
    assert parse_config(["--xla", "false"]).xla is False  # a bool, not a non-empty string


@pytest.mark.parametrize(
    "arguments",
    [
        ["--loss.identitty", "3"],
        ["--batch_size", "ten"],
        ["--batch_size", "0"],
        ["--xla", "true", "--strategy", "mirrored"],
        ["--size_px", "250"],
        ["--generator.fusion", "[affa,affa]"],
        ["--generator.fusion", "[afa,affa,affa,affa,affa,concat]"],
        ["--encoder.name", "facenet"],
        ["--averaging_decay", "1.0"],  # of older configs
        ["--data.augmentation.flip", "true"],  # the released augmentation has no flip
        ["--size_px", "96", "--discriminator.kind", "image"],
        ["--loss.ifsr_margins", "{conv9_out: 0.1}"],
        ["--encoder.name", "iresnet50"],
        ["--encoder.name", "iresnet50", "--loss.ifsr_margins", "{stage3_unit15_out: 0.1}"],
        ["--discriminator.down_blocks", "7"],
        ["--generator.base_filters", "0"],
        ["--generator.mapping_depth", "-1"],
        ["--seed", "-1"],
        ["--seed", "4294967296"],
        ["--batch_size", "2000000000"],
        ["--steps", "1000000000000000000000000"],
        ["--optimizer.learning_rate=-1e-4"],
        ["--optimizer.learning_rate", "0"],
        ["--optimizer.decay_rate=-1"],
        ["--optimizer.beta_1", "1"],
        ["--loss.identity", ".nan"],
        ["--loss.identity", ".inf"],
        ["--loss.ifsr_scale=-1"],
        ["--averaging_images=-1"],
        ["--loss.cycle", "-1"],
        ["--optimizer.decay_steps", "0"],
        ["--data.augmentation", "{kind: colour_and_geometry, scale: 3}"],
        ["--data.augmentation.occluded", "0.3", "--data.cached_embeddings", "true"],  # nor has it occluders
        ["--data.augmentation", "{kind: colour_and_geometry, occluded: 0.3}"],  # of the bare pictures
        [
            "--data.augmentation",
            "{kind: colour_and_geometry, occluded: 2}",
            "--data.cached_embeddings",
            "true",
        ],
        ["--loss.occluder", "20"],
        ["--config", "configs/not_there.yaml"],
        ["--generator.base_filters", "2000"],
        ["--generator.mapping_width", "200000"],
        ["--generator.mapping_depth", "3000"],
        ["--discriminator.base_filters", "1000000"],
        ["--wait_for_workers_s", "1e300"],
        ["--schedule", "[" * 100_000],
    ],
)
def test_wrong_settings_stop_with_one_sentence(arguments):
    with pytest.raises(UserError) as error:
        parse_config(arguments)
    assert "\n" not in str(error.value)


def test_an_encoder_without_margins_trains_with_given_ones_or_without_ifsr():
    encoder = ["--encoder.name", "iresnet50"]
    config = parse_config(
        [*encoder, "--loss.ifsr_margins", "{stage3_unit14_out: 0.1, stage2_unit4_out: 0.2}"]
    )
    assert config.margins == {"stage3_unit14_out": 0.1, "stage2_unit4_out": 0.2}
    assert parse_config([*encoder, "--loss.ifsr", "0"]).margins == {}
    with pytest.raises(UserError, match=r"iresnet50 has none of its own: measure them .* Received: ifsr=1.0"):
        parse_config(encoder)


def test_an_unknown_key_in_a_file_is_named(tmp_path):
    (tmp_path / "c.yaml").write_text(yaml.safe_dump({"generator": {"filters": 64}}))
    with pytest.raises(UserError, match="filters"):
        parse_config(["--config", str(tmp_path / "c.yaml")])


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"loss:\nsteps: 4\n", "`loss` must have a value, or be left out"),
        (b"loss: {identity: }\n", "`loss.identity` must have a value, or be left out"),
        (b"seed: null\n", "`seed` must have a value, or be left out"),
        (b"data: {augmentation: }\n", "`data.augmentation` must have a value"),
        (b"encoder: {views: null}\n", "`encoder.views` must have a value"),
        (b"licence: \xff\n", "text in UTF-8"),
        (b"", "must hold settings"),
        (b"- 3\n", "must hold settings"),
        (b"loss:\n", "must hold settings"),
        (b"loss: {ifsr_margins: {stage4_block1_out: -0.1}}\nencoder: {name: sface}\n", "no negative numbers"),
        (
            b"loss: {ifsr_margins: {stage4_block1_out: .nan}}\nencoder: {name: sface}\n",
            "must be a finite number",
        ),
        (b"seed: 1.5\n", "seed"),
        (b"run:\n", "run"),
        (b'run: "a\\0b"\n', "`run` must not hold the character 0"),
        (b'data: {folder: "a\\0b"}\n', "`data.folder` must not hold the character 0"),
        (b"seed: 0x_\n", "invalid literal"),
        (b"[" * 100_000, "20 deep at most"),
        (b"loss: " + b"{a: " * 30, "20 deep at most"),
        (b"loss: &a [*a]\n", r"`\*a` repeats another part: write it out"),
        (LAUGHS, r"`\*a0` repeats another part"),
        (b"#" * 2_000_000, "in at most 262,144 bytes. Received: 2,000,000 bytes"),
    ],
)
def test_wrong_files_stop_with_one_sentence(content, says, tmp_path):
    (tmp_path / "c.yaml").write_bytes(content)
    with pytest.raises(UserError, match=says) as error:
        parse_config(["--config", str(tmp_path / "c.yaml")])
    assert "\n" not in str(error.value)


def test_a_config_of_an_older_run_goes_on_with_its_average(tmp_path):
    (tmp_path / "c.yaml").write_text("batch_size: 8\naveraging_decay: 0.998\n")
    config = parse_config(["--config", str(tmp_path / "c.yaml")])
    assert config.averaging_images == pytest.approx(8 / 0.002, rel=2e-3)
    assert "averaging_decay" not in config_as_yaml(config)
    assert parse_config(["--averaging_decay", "0"]).averaging_images == 0


def test_help_says_what_each_setting_does(capsys):
    with pytest.raises(SystemExit):
        parse_config(["--help"])
    shown = " ".join(capsys.readouterr().out.split())
    settings = re.findall(r"--([a-z_0-9.]+) (\S+) (.*?)(?= --[a-z]|$)", shown)
    silent = [name for name, value, text in settings if text.startswith("(type") and value != "CONFIG"]
    assert len(settings) > 50
    assert not silent


def read_attributes() -> set[str]:
    """The names of all attributes that the code of training reads."""
    read: set[str] = set()
    for path in [*ROOT.glob("facedancer_tf/training/*.py"), ROOT / "train.py"]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute):
                read.add(node.attr)
    return read


def test_every_field_is_read_somewhere():
    # A setting that nothing reads is a lie to whoever sets it.
    sections = [
        field.default_factory()
        for field in dataclasses.fields(TrainConfig)
        if callable(field.default_factory)
    ]
    fields = {field.name for part in (TrainConfig(), *sections) if dataclasses.is_dataclass(part)
              for field in dataclasses.fields(part)}  # fmt: skip
    assert "identity_noise" in fields
    assert fields - read_attributes() - {*GENERATOR_TERMS} == set()
