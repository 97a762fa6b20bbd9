"""Settings: environment variables with safe defaults.

The table in docs/settings.md is generated from this module and a test fails when it is stale.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from billing.errors import ContractError


class Settings(BaseSettings):
    """Everything that an installation may set; the variable is the field's name with `BLUELINE_` before it."""

    model_config = SettingsConfigDict(env_prefix="BLUELINE_", frozen=True)

    home: Path = Field(Path(".blueline"), description="Folder for everything that a run leaves behind")
    sources: Path = Field(Path("sources"), description="Folder of the declared sources")
    deliveries: Path | None = Field(None, description="Folder where the sources deliver; default `$HOME/deliveries`")
    store: str | None = Field(
        None, description="Root of the artifact store, a folder or an fsspec URL; default `$HOME/store`"
    )
    reports: Path | None = Field(None, description="Folder of the auditor's reports; default `$HOME/reports`")
    database_url: SecretStr | None = Field(
        None, description="SQLAlchemy URL of the warehouse (PostgreSQL 15 or newer); default: the embedded server"
    )
    hmac_key: SecretStr | None = Field(
        None, description="Key of the keyed hashes of identifiers; default: made once and kept in `$HOME/hmac.key`"
    )
    batch_rows: int = Field(65_536, ge=1_000, description="Rows a step holds at a time")
    workers: int = Field(2, ge=1, description="Sources that `blueline run` handles at the same time")
    memory_limit: str = Field("2GB", description="Memory that DuckDB may take before it spills to disk")
    identity_engine: Literal["duckdb", "spark"] = Field(
        "duckdb", description="What scores the pairs of subscribers: `duckdb`, or `spark` (extra `spark`, Java 17)"
    )
    spark_master: str = Field(
        "local[*]", description="Master URL of Spark; a cluster's executors must reach the store's folder"
    )
    identity_weights: Path | None = Field(
        None, description="Weights of identity (`blueline identity train`); default: the reviewed file that ships"
    )
    ui_port: int = Field(8080, ge=0, le=65535, description="Port of the Airflow UI on 127.0.0.1; 0 takes any free one")
    reports_port: int = Field(
        8081, ge=0, le=65535, description="Port of the reports on 127.0.0.1 (`make up`); 0 takes any free one"
    )
    schedules: bool = Field(
        True, description="Whether the sources' DAGs follow the schedules they declare; off: only when triggered"
    )
    log_format: str = Field("console", pattern="^(console|json)$", description="`console` or `json`")
    log_level: str = Field("INFO", description="Least severe level that is logged")

    @property
    def deliveries_path(self) -> Path:
        """Root of all deliveries."""
        return (self.deliveries or self.home / "deliveries").absolute()

    @property
    def store_root(self) -> str:
        """Folder or URL of the artifact store."""
        return self.store or str((self.home / "store").absolute())

    @property
    def reports_path(self) -> Path:
        """Folder of the reports."""
        return (self.reports or self.home / "reports").absolute()

    def hmac_secret(self) -> bytes:
        """The HMAC key; on first use without a setting, a random one is written with owner-only rights."""
        if self.hmac_key is not None:
            return self.hmac_key.get_secret_value().encode()
        path = self.home / "hmac.key"
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return path.read_bytes()
        with os.fdopen(handle, "wb") as file:
            key = os.urandom(32).hex().encode()
            file.write(key)
        return key


def load_settings() -> Settings:
    """Read the environment.

    Raises:
        ContractError: A variable has a value that cannot be used; every one is named.
    """
    try:
        return Settings()  # type: ignore[call-arg]
    except ValidationError as error:
        problems = "; ".join(f"BLUELINE_{str(e['loc'][0]).upper()}: {e['msg']}" for e in error.errors())
        raise ContractError(problems, remedy="see docs/settings.md") from None
