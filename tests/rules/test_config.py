"""Settings come from muster.toml, then from the environment, and each can say where it came from."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from muster import config


@pytest.fixture(autouse=True)
def _installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working folder of its own, whose data folder is `data`, and no settings from outside."""
    monkeypatch.chdir(tmp_path)
    for name in config.Config.model_fields:
        monkeypatch.delenv(config.variable(name), raising=False)
    monkeypatch.setenv("MUSTER_DATA", str(tmp_path / "data"))


def settings() -> config.Config:
    return config.current.__wrapped__()


def test_the_environment_wins_over_the_file_and_the_file_over_the_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Path("muster.toml").write_text('migrate_url = "from file"\ndatabase_url = "from file"\n')
    monkeypatch.setenv("DATABASE_URL", "from environment")

    found = settings()

    assert (found.database_url, config.where("database_url")) == (
        "from environment",
        "environment DATABASE_URL",
    )
    assert (found.migrate_url, config.where("migrate_url")) == ("from file", "muster.toml")
    assert (found.demonstration, config.where("demonstration")) == (False, "default")


def test_hosts_are_a_list_in_the_file_and_commas_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("muster.toml").write_text('allowed_hosts = ["a.example", "b.example"]\n')
    assert settings().allowed_hosts == ["a.example", "b.example"]

    monkeypatch.setenv("MUSTER_ALLOWED_HOSTS", "c.example, d.example")

    assert settings().allowed_hosts == ["c.example", "d.example"]


@pytest.mark.parametrize(
    ("file", "setting"),
    [
        ("databse_url = 'a'", "databse_url"),
        ("demonstration = 'perhaps'", "demonstration"),
        ("secret_key = 'short'", "secret_key"),
        ("not toml", "muster.toml"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(file: str, setting: str) -> None:
    Path("muster.toml").write_text(file)

    with pytest.raises(config.BadSetting) as refusal:
        settings()

    assert (refusal.value.code, refusal.value.setting) == ("config.bad_setting", setting)


def test_the_secret_is_made_once_and_is_the_owners_alone() -> None:
    first = settings().secret()

    assert settings().secret() == first
    assert len(first) >= 50
    assert Path("data/secret_key").stat().st_mode & 0o777 == 0o600
    assert Path("data").stat().st_mode & 0o066 == 0


def test_many_threads_that_need_the_secret_first_all_have_the_same() -> None:
    made, at_once = settings(), Barrier(8)

    def first(_: int) -> str:
        at_once.wait()
        return made.secret()

    with ThreadPoolExecutor(8) as threads:
        found = set(threads.map(first, range(8)))

    assert found == {made.secret()}
    assert [path.name for path in Path("data").iterdir()] == ["secret_key"]


def test_a_set_secret_is_used_and_never_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MUSTER_SECRET_KEY", "k" * 40)

    found = settings()

    assert found.secret() == "k" * 40
    assert "kkk" not in repr(found)
    assert not Path("data").exists()


def test_the_key_of_checkpoints_is_made_once_and_kept_for_its_owner_alone() -> None:
    seed = settings().checkpoint_seed()

    assert len(seed) == 32
    assert settings().checkpoint_seed() == seed
    assert (Path("data") / "checkpoint.key").stat().st_mode & 0o777 == 0o600


def test_the_key_of_checkpoints_may_be_set_and_then_none_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MUSTER_CHECKPOINT_KEY", "BQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQU=")

    assert settings().checkpoint_seed() == b"\x05" * 32
    assert not Path("data").exists()
    assert "BQUF" not in repr(settings())


@pytest.mark.parametrize("key", ["short", "BQUF", "?"])
def test_a_key_of_checkpoints_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    monkeypatch.setenv("MUSTER_CHECKPOINT_KEY", key)

    with pytest.raises(config.BadSetting, match="32 bytes in Base64"):
        settings().checkpoint_seed()


def test_a_key_of_checkpoints_that_cannot_be_kept_is_refused() -> None:
    Path("data").write_text("a file in the folder's place")

    with pytest.raises(config.BadSetting, match="checkpoint_key"):
        settings().checkpoint_seed()


@pytest.mark.parametrize("origin", ["", "two words", "a+b"])
def test_an_origin_that_no_note_can_bear_is_refused(monkeypatch: pytest.MonkeyPatch, origin: str) -> None:
    monkeypatch.setenv("MUSTER_CHECKPOINT_ORIGIN", origin)

    with pytest.raises(config.BadSetting, match="checkpoint_origin"):
        settings()
