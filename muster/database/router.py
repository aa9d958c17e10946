"""Which role may migrate."""


class OwnerMigrates:
    """Django's router: tables are made and changed through `owner` alone."""

    def allow_migrate(self, db: str, app_label: str, **hints: object) -> bool:
        return db == "owner"
