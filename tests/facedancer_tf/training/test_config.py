import ast
from pathlib import Path

import pytest
import yaml

from facedancer_tf.errors import UserError
from facedancer_tf.training.config import TrainConfig, config_as_dict, config_as_yaml, parse_config
from facedancer_tf.training.config_sections import AugmentationConfig, DataConfig, DiscriminatorConfig

ROOT = Path(__file__).parents[3]


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
        ["--averaging_decay", "1.0"],
        ["--data.augmentation.flip", "true"],  # the released augmentation has no flip
        ["--size_px", "96", "--discriminator.kind", "image"],
        ["--loss.ifsr_margins", "{conv9_out: 0.1}"],
        ["--encoder.name", "iresnet50"],
        ["--encoder.name", "iresnet50", "--loss.ifsr_margins", "{stage3_unit15_out: 0.1}"],
        ["--discriminator.down_blocks", "7"],
        ["--generator.base_filters", "0"],
        ["--generator.mapping_depth", "-1"],
        ["--seed", "-1"],
        ["--loss.cycle", "-1"],
        ["--optimizer.decay_steps", "0"],
        ["--data.augmentation", "{kind: colour_and_geometry, scale: 3}"],
        ["--config", "configs/not_there.yaml"],
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


def test_every_field_is_read_somewhere():
    # A setting that nothing reads is a lie to whoever sets it.
    fields: set[str] = set()
    for node in ast.walk(ast.parse((ROOT / "facedancer_tf/training/config.py").read_text())):
        if isinstance(node, ast.ClassDef):
            fields |= {
                n.target.id
                for n in node.body
                if isinstance(n, ast.AnnAssign) and isinstance(n.target, ast.Name)
            }
    read: set[str] = set()
    for path in [*ROOT.glob("facedancer_tf/training/*.py"), ROOT / "train.py"]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute):
                read.add(node.attr)
            elif (
                isinstance(node, ast.Call)
                and getattr(node.func, "id", "") == "colour_and_geometry_augmentation"
            ):
                read |= {"brightness", "contrast", "saturation", "flip", "scale", "rotation_deg", "shift"}
    assert fields - read == set()
