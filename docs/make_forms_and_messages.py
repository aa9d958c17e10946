"""Write `docs/forms-and-messages.md` from the table in the program."""

from pathlib import Path

from muster.assistance.exchange import as_markdown

if __name__ == "__main__":
    (Path(__file__).parent / "forms-and-messages.md").write_text(as_markdown(), "utf-8")
