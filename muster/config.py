"""What an installation may set: `muster.toml` in the working folder, then the environment, which wins."""

import base64
import os
import secrets
import tempfile
import tomllib
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import platformdirs
from pydantic import DirectoryPath, Field, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from muster.core.errors import MusterError

FILE = Path("muster.toml")
SEED_BYTES = 32


class BadSetting(MusterError):
    """A setting in `muster.toml` or in the environment cannot be used."""

    code = "config.bad_setting"

    def __init__(self, *, setting: str, problem: str) -> None:
        self.setting, self.problem = setting, problem
        super().__init__(f"The setting {setting} cannot be used: {problem}. Correct it, then start again.")


def default_data() -> Path:
    """The data folder when none is set.

    Root gets a folder that every system user can pass through, because PostgreSQL refuses to run as root
    and a home folder such as /root lets nobody else in.
    """
    if os.name == "posix" and os.geteuid() == 0:
        return Path("/var/lib/muster")
    return platformdirs.user_data_path("muster")


class Config(BaseSettings):
    """One installation's settings, by their names in `muster.toml`; `variable` gives the environment's."""

    model_config = SettingsConfigDict(
        env_prefix="MUSTER_", toml_file=FILE, extra="forbid", frozen=True, hide_input_in_errors=True
    )

    data: Path = Field(default_factory=default_data)
    # Addresses carry passwords and keys are secret, so these four are left out wherever the settings are printed.
    database_url: str | None = Field(default=None, validation_alias="database_url", repr=False)
    migrate_url: str | None = Field(default=None, repr=False)
    secret_key: str | None = Field(default=None, min_length=32, repr=False)
    checkpoint_key: str | None = Field(default=None, repr=False)  # 32 bytes in Base64: an Ed25519 private key
    checkpoint_origin: str = Field(default="muster.local/record", pattern=r"^[^\s+]+$")
    allowed_hosts: Annotated[list[str], NoDecode] = ["localhost", "127.0.0.1", "[::1]"]
    demonstration: bool = False
    packs: DirectoryPath | None = None  # a folder of rule packs beside those that come with Muster

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    @field_validator("allowed_hosts", mode="before")
    @classmethod
    def _split_hosts(cls, hosts: object) -> object:
        """The environment lists hosts with commas, the file as a list."""
        return [host.strip() for host in hosts.split(",")] if isinstance(hosts, str) else hosts

    def secret(self) -> str:
        """The key that signs sessions and links: the one set, else one made once and kept with the data."""
        return self.secret_key or _kept_secret(
            self.data_folder() / "secret_key", lambda: secrets.token_urlsafe(50)
        )

    def checkpoint_seed(self) -> bytes:
        """The private key that signs checkpoints: the one set, else one made once and kept with the data. Raises BadSetting."""
        try:
            text = self.checkpoint_key or _kept_secret(
                self.data_folder() / "checkpoint.key",
                lambda: base64.b64encode(secrets.token_bytes(SEED_BYTES)).decode(),
            )
            seed = base64.b64decode(text, validate=True)
        except OSError as fault:
            raise BadSetting(
                setting="checkpoint_key", problem=(fault.strerror or "its file cannot be read").lower()
            ) from None
        except ValueError:
            seed = b""
        if len(seed) != SEED_BYTES:
            raise BadSetting(setting="checkpoint_key", problem="it is not 32 bytes in Base64")
        return seed

    def data_folder(self) -> Path:
        """The data folder, made if it is not there, with its links resolved."""
        folder = self.data.expanduser().absolute()
        if not folder.exists():
            folder.mkdir(parents=True, exist_ok=True)
            # The owner alone; as root, the database's system user must pass through to its own folder below.
            folder.chmod(0o711 if os.geteuid() == 0 else 0o700)
        return folder.resolve()


@cache
def current() -> Config:
    """The settings of this process, read once. Raises BadSetting."""
    try:
        return Config()
    except ValidationError as error:
        fault = error.errors()[0]
        raise BadSetting(setting=".".join(map(str, fault["loc"])), problem=fault["msg"].lower()) from None
    except tomllib.TOMLDecodeError as error:
        raise BadSetting(setting=str(FILE), problem=f"it is not TOML ({error})") from None


def variable(name: str) -> str:
    """The environment variable that sets `name`."""
    return "DATABASE_URL" if name == "database_url" else f"MUSTER_{name.upper()}"


def where(name: str) -> str:
    """Where the setting `name` came from: an environment variable, `muster.toml`, or the default."""
    if variable(name) in os.environ:
        return f"environment {variable(name)}"
    if name in _file():
        return str(FILE)
    return "default"


def _file() -> dict[str, Any]:
    return tomllib.loads(FILE.read_text("utf-8")) if FILE.is_file() else {}


def _kept_secret(path: Path, make: Callable[[], str]) -> str:
    """The secret in the file, made if absent; when two processes or threads make one at once, the first one's stands."""
    if not path.exists():
        with tempfile.NamedTemporaryFile(
            "w", prefix=f".{path.name}.", dir=path.parent, encoding="ascii"
        ) as draft:
            draft.write(make())
            draft.flush()
            with suppress(FileExistsError):
                os.link(draft.name, path)
    return path.read_text("ascii").strip()
