"""What each request said when it came is its first version, written by an act of this migration's own.

No leaf is made any more of an act that has its number: what a later hand wrote under one would be in no leaf.
"""

from django.db import migrations
from django.db.models import Exists, OuterRef

HEAD = (
    "title", "kind", "requester", "agency_kind", "purpose", "priority", "reimbursement", "duty_status_asked",
    "federal_order", "facts",
)  # fmt: skip


def fill(apps, schema_editor):
    """Give each request that has no version its first, as a request file would state it."""
    where = schema_editor.connection.alias
    requests, versions = (
        apps.get_model("assistance", name).objects.using(where) for name in ("Request", "Version")
    )
    without = requests.filter(~Exists(versions.filter(request=OuterRef("pk"))))
    if not without.exists():
        return
    acts = apps.get_model("record", "Act").objects.using(where)
    act = acts.create(name="assistance.first_versions", request_hash=b"")
    for row in without.order_by("pk").iterator():
        first = row.steps.order_by("n").first()
        versions.create(act_id=act.pk, request=row, n=1, happened_at=first.happened_at, content=content(row))


def content(row):
    """The request as the data of a file."""
    said = {name: getattr(row, name) for name in HEAD}
    said |= {
        "id": row.pk,
        "agency": row.agency_id,
        "asked": row.asked_id,
        "state": row.of_state,
        "verbal": row.verbal,
    }
    said |= {"as_of": row.as_of and row.as_of.isoformat()}
    said |= {"lines": [line(one) for one in row.every_line.order_by("n")]}
    said |= {
        "exclusions": [{"task": one.task, "words": one.words} for one in row.every_exclusion.order_by("id")]
    }
    return stated(said)


def line(one):
    """One line of it."""
    quantities = {name: getattr(one, name) for name in ("people", "vehicles")}
    said = {name: value for name, value in quantities.items() if value["kind"] != "unknown"}
    days = {"from": one.window_from, "to": one.window_to}
    said |= {name: day.isoformat() for name, day in days.items() if day}
    return stated(said | {name: getattr(one, name) for name in ("task", "words", "place", "contact")})


def stated(said):
    """What is stated."""
    return {name: value for name, value in said.items() if value not in (None, "", {}, [], False)}


class Migration(migrations.Migration):
    dependencies = [("assistance", "0004_versions_links_papers")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
