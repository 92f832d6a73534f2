import pytest

from facedancer_tf.errors import UserError
from facedancer_tf.training.run_folder import only_writer


def test_a_second_writer_is_refused_until_the_first_is_done(tmp_path):
    run = tmp_path / "run"
    with only_writer(run), pytest.raises(UserError, match=r"another train\.py"), only_writer(run):
        pass
    with only_writer(run):
        assert run.is_dir()
