"""Django's PostgreSQL backend, which starts the embedded server when a connection is first needed."""

from typing import Any

import psycopg
from django.db.backends.postgresql import base

from muster.database import embedded
from muster.database.down import DatabaseDown

PREPARED_AFTER = 5  # times that a statement of `prepared` is met, on one connection


class DatabaseWrapper(base.DatabaseWrapper):
    """One connection: to the address in the settings, or where they have EMBEDDED, which gives a data folder,
    to the embedded server of that folder."""

    def get_connection_params(self) -> dict[str, Any]:
        params: dict[str, Any] = super().get_connection_params()
        params["prepare_threshold"] = PREPARED_AFTER
        if "EMBEDDED" in self.settings_dict:
            params["host"] = str(embedded.server(self.settings_dict["EMBEDDED"]()).start())
        return params

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        try:
            return super().get_new_connection(conn_params)
        except (psycopg.OperationalError, psycopg.InterfaceError) as error:
            raise DatabaseDown.told_by(error) from error
