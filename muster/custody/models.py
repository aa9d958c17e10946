"""Differences and headcounts: what a named person must settle, and what was counted."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from muster.core.ids import new_id
from muster.ledger.models import Handover, Report, Thing
from muster.parties.models import Site
from muster.record.models import Act, Recorded


class Difference(Recorded):
    """Where a fact and the record do not agree. It stays open until somebody settles it with a reason."""

    class Kind(models.TextChoices):
        UNOFFERED_ARRIVAL = "unoffered_arrival", "received without an offer"
        HELD_ELSEWHERE = "held_elsewhere", "received here, held elsewhere"
        OUT_OF_ORDER = "out_of_order", "told after a later entry"
        COUNT_DISAGREES = "count_disagrees", "the count and the record disagree"
        RELEASED_ON_OFFER = "released_on_offer", "released while on an open offer"
        NOT_HELD_HERE = "not_held_here", "released here, not held here"
        KEPT_BY_LIST = "kept_by_list", "released at a site kept by list"
        MOVED_BY_CORRECTION = "moved_by_correction", "moved by another site's correction"
        LISTED_NOT_HELD = "listed_not_held", "on the list, not held here"
        HELD_NOT_LISTED = "held_not_listed", "held here, not on the list"
        LIST_HOLE = "list_hole", "left the lists and is listed again"
        LIST_REWRITTEN = "list_rewritten", "a list contradicts an earlier one"
        OUT_AND_IN = "out_and_in", "out and in between two lists, or rewritten"
        LISTED_TWICE = "listed_twice", "twice on one list"
        DISCREPANCY = "discrepancy", "what arrived is not what was offered"
        MOVED_ON_OFFER = "moved_on_offer", "moved while on an open offer"
        SIGNED_LATE = "signed_late", "signed for after the trip had left"
        MISSION_CLOSED = "mission_closed", "received under a closed mission"
        LEFT_REFUSED = "left_refused", "left although departure would be refused"
        MOVED_DURING_COUNT = "moved_during_count", "moved while a formal count was open"
        OUT_DISAGREES = "out_disagrees", "the count outside and the record disagree"
        OVER_CAPACITY = "over_capacity", "placed above the posted capacity"
        NOT_APART = "not_apart", "placed against what is kept apart"
        HOLD_ROOM = "hold_room", "placed in a hold room against its rule"
        GROUP_SPLIT = "group_split", "a group that is kept together is apart"
        OPEN_CHECK = "open_check", "left with a check not done"
        TAG_DIFFERS = "tag_differs", "left, and the tag read again is another"
        BAG_LOST = "bag_lost", "a bag is lost"
        BAGS_DISAGREE = "bags_disagree", "an audit of bags and the record disagree"
        BAG_NOT_OWED = "bag_not_owed", "a bag of somebody not held here"
        BAG_UNSIGNED = "bag_unsigned", "a bag handed back without a signed receipt, or not as it was"
        BAG_GONE_EARLY = "bag_gone_early", "a bag given up before its time to claim was over"
        INCIDENT = "incident", "absconded, released in error or dead: a supervisor has to stand for it"
        CONTESTED = "contested", "the person contests an entry"

    id = models.UUIDField(primary_key=True, default=new_id)
    kind = models.CharField(max_length=20, choices=Kind)
    site = models.ForeignKey(Site, on_delete=models.PROTECT)
    thing = models.ForeignKey(Thing, null=True, on_delete=models.PROTECT)
    report = models.ForeignKey(Report, null=True, on_delete=models.PROTECT)
    handover = models.ForeignKey(Handover, null=True, on_delete=models.PROTECT)
    words = models.TextField()
    opened_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.words


class Settled(Recorded):
    """How a difference was settled, and why; by whom stands in the act."""

    difference = models.OneToOneField(
        Difference, primary_key=True, on_delete=models.PROTECT, related_name="settled"
    )
    reason = models.TextField()


class OutCount(Recorded):
    """That somebody whom the site holds is at a named place outside it, with whom, from `since` on: at a court or a hospital."""

    id = models.UUIDField(primary_key=True, default=new_id)
    site = models.ForeignKey(Site, on_delete=models.PROTECT)
    thing = models.ForeignKey(Thing, on_delete=models.PROTECT)
    place = models.CharField(max_length=200)
    escort = models.CharField(max_length=200)
    since = models.DateTimeField()


class OutCountEnded(Recorded):
    """That the person is back inside the site, from `at` on."""

    out = models.OneToOneField(OutCount, primary_key=True, on_delete=models.PROTECT, related_name="ended")
    at = models.DateTimeField()


class Count(Recorded):
    """A headcount. Whom the record expects is frozen when it opens, and told when the count is in.

    `expected`: how many inside. `inside` and `outside` are who they are, by the ids of their things, the latter with the place; null
    for a count that was opened before they were kept.
    """

    class Kind(models.TextChoices):
        FORMAL = "formal", "formal count"
        INFORMAL = "informal", "informal count"
        EMERGENCY = "emergency", "emergency count"
        MIDNIGHT = "midnight", "midnight census"

    class Mode(models.TextChoices):
        NUMBER = "number", "by number"
        SCAN = "scan", "each tag scanned"
        FACE = "face", "each face matched to its tag"

    id = models.UUIDField(primary_key=True, default=new_id)
    site = models.ForeignKey(Site, on_delete=models.PROTECT)
    opened_at = models.DateTimeField()
    expected = models.IntegerField()
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.INFORMAL)
    mode = models.CharField(max_length=10, choices=Mode, default=Mode.NUMBER)
    inside = models.JSONField(null=True)
    outside = models.JSONField(null=True)
    recount_of = models.OneToOneField(
        "self", null=True, on_delete=models.PROTECT, related_name="recounted_by"
    )


class Counted(Recorded):
    """The number that was counted, and what the counters say of it."""

    count = models.OneToOneField(Count, primary_key=True, on_delete=models.PROTECT, related_name="counted")
    persons = models.IntegerField()
    explanation = models.TextField(blank=True)
    counted_at = models.DateTimeField(null=True)  # null where the count was kept before that was asked
    missing = models.JSONField(
        null=True
    )  # things expected and not counted; null where only a number was given
    unexpected = models.JSONField(null=True)  # tags counted and not expected


class OutConfirmed(Recorded):
    """How many of a site's persons were counted at a named place outside it, by whoever holds them there."""

    count = models.ForeignKey(Count, on_delete=models.PROTECT, related_name="confirmed")
    place = models.CharField(max_length=200)
    persons = models.IntegerField()
    by = models.CharField(max_length=200)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["count", "place"], name="out_confirmed_once")]


class CountExplained(Recorded):
    """Why a count does not agree with the record, found out after it was in."""

    count = models.OneToOneField(Count, primary_key=True, on_delete=models.PROTECT, related_name="explained")
    reason = models.TextField()


class CountEscalated(Recorded):
    """To whom a count that does not agree was passed on."""

    count = models.OneToOneField(Count, primary_key=True, on_delete=models.PROTECT, related_name="escalated")
    to = models.CharField(max_length=200)
    reason = models.TextField()


class CountCertified(Recorded):
    """That somebody else than who counted stands for the count; by whom is in the act."""

    count = models.OneToOneField(Count, primary_key=True, on_delete=models.PROTECT, related_name="certified")


class Reference(Recorded):
    """A holding agency's reference of a person, by keyed hash: it can be matched exactly and not read back.

    It is one site's, or, without a site, the same at every site: what a file of custody events says. Whoever has the
    installation's secret can try nine digits until one fits, so the hash goes with the person's key: it becomes null, and
    the database lets it become nothing else.
    """

    mutable_columns: ClassVar[tuple[str, ...]] = ("digest",)

    site = models.ForeignKey(Site, null=True, on_delete=models.PROTECT)
    digest = models.CharField(max_length=64, null=True)
    thing = models.ForeignKey(Thing, on_delete=models.PROTECT)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["site", "digest"], name="reference_once"),
            models.UniqueConstraint(
                fields=["digest"], condition=models.Q(site__isnull=True), name="reference_of_no_site_once"
            ),
        ]


class ListTaken(Recorded):
    """A custody list that was taken in: its date and how many persons it counts."""

    site = models.ForeignKey(Site, on_delete=models.PROTECT)
    listed = models.DateField()
    persons = models.IntegerField()
    digest = models.CharField(max_length=64)  # of its lines, in which persons are things and not references

    class Meta:
        constraints = [models.UniqueConstraint(fields=["site", "listed", "digest"], name="list_taken_once")]


class TransfersTaken(Recorded):
    """How many persons a file without names says were moved from one site to another on one day, taken in once."""

    giver = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    receiver = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    day = models.DateField()
    persons = models.IntegerField()
    digest = models.CharField(max_length=64)  # of the reasons, which is all that the file says of each

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["giver", "receiver", "day"], name="transfers_taken_once")
        ]


class AgencyCount(Recorded):
    """How many persons an agency says were at a site on a day: at any time of it, and at midnight. A later row says otherwise."""

    site = models.ForeignKey(Site, on_delete=models.PROTECT)
    day = models.DateField()
    any_time = models.IntegerField()
    midnight = models.IntegerField()
    source = models.CharField(max_length=200)

    class Meta:
        indexes = [models.Index(fields=["day", "site"], name="agency_count_of_day")]


class Replayed(Recorded):
    """What a file reported at one moment, taken in by one act: the moment as such, and the rows by keyed hash.

    The rows name persons, so the hash becomes null where the key of one of them is destroyed.
    """

    mutable_columns: ClassVar[tuple[str, ...]] = ("digest",)

    reported_at = models.DateTimeField(null=True)  # null where the file does not say
    events = models.IntegerField()
    digest = models.CharField(max_length=64, unique=True, null=True)


class LeftOut(Recorded):
    """Of whom rows were that were left out of a moment which was taken in, once each; null of one whom nobody knew then."""

    thing = models.ForeignKey(Thing, null=True, on_delete=models.PROTECT)


class ListedStay(Recorded):
    """The admission that a list states for an arrival, which tells stays apart. It names the arrival's entry."""

    thing = models.ForeignKey(Thing, on_delete=models.PROTECT)
    n = models.IntegerField()
    admitted_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["thing", "n"], name="listed_stay_once")]


class ReadAgain(Recorded):
    """What a second reading of the tags gave as persons were released: of each who left, whether it named the person too.

    `thing` is null for what was read and was nobody's who left; `text` is what was read.
    """

    site = models.ForeignKey(Site, on_delete=models.PROTECT)
    thing = models.ForeignKey(Thing, null=True, on_delete=models.PROTECT)
    text = models.CharField(max_length=60, blank=True)
    agrees = models.BooleanField()


class Merge(Recorded):
    """Two records of one person made one: the duplicate ended, and `moved` of its entries went to the survivor."""

    id = models.UUIDField(primary_key=True, default=new_id)
    survivor = models.ForeignKey(Thing, on_delete=models.PROTECT, related_name="+")
    duplicate = models.ForeignKey(Thing, on_delete=models.PROTECT, related_name="+")
    reason = models.TextField()
    moved = models.IntegerField()


class MergeUndone(Recorded):
    """A merge that was a mistake: both records stand again."""

    merge = models.OneToOneField(Merge, primary_key=True, on_delete=models.PROTECT, related_name="undone")
    reason = models.TextField()


class PersonalKey(models.Model):
    """The key of a person's own, sealed under the installation's secret. What is personal opens with it alone.

    A row is added and deleted, and deleted only where its disposal is in the record: the database sees to both.
    """

    deletable: ClassVar[bool] = True

    thing = models.OneToOneField(
        Thing, primary_key=True, on_delete=models.PROTECT, related_name="personal_key"
    )
    sealed = models.BinaryField()


class PersonalField(Recorded):
    """Something personal that somebody wrote of a person: ciphertext under the person's own key. The latest one counts."""

    class Name(models.TextChoices):
        AGENCY_REFERENCE = "agency_reference", "the holding agency's reference"
        NAME = "name"
        BIRTH_DATE = "birth_date", "date of birth"
        ADDRESS = "address", "address"
        CONTACT = "contact", "how to reach the person or the household"

    id = models.UUIDField(primary_key=True, default=new_id)
    thing = models.ForeignKey(Thing, on_delete=models.PROTECT)
    field = models.CharField(max_length=20, choices=Name)
    sealed = models.BinaryField()

    def __str__(self) -> str:
        return f"{self.field} of {self.thing}"


class PersonalShown(Recorded):
    """That a personal field was shown to the actor of the act."""

    field = models.ForeignKey(PersonalField, on_delete=models.PROTECT)


class Disposal(Recorded):
    """That a person's key was destroyed, and by whose authority. These rows are what a restored record goes by."""

    thing = models.OneToOneField(Thing, primary_key=True, on_delete=models.PROTECT, related_name="disposal")
    authority = models.TextField()


class RecordGiven(Recorded):
    """That a person's own record was shown on paper: who asked for it, and by which document counsel is on file."""

    class By(models.TextChoices):
        PERSON = "person", "the person"
        COUNSEL = "counsel", "counsel on file"

    id = models.UUIDField(primary_key=True, default=new_id)
    thing = models.ForeignKey(Thing, on_delete=models.PROTECT)
    asked_by = models.CharField(max_length=10, choices=By)
    reference = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return f"own record of {self.thing}"


class Contested(Recorded):
    """That the person, or counsel, contests an entry, by its number. `words` are ciphertext under the key of the person."""

    difference = models.OneToOneField(
        Difference, primary_key=True, on_delete=models.PROTECT, related_name="contested"
    )
    thing = models.ForeignKey(Thing, on_delete=models.PROTECT)
    n = models.IntegerField()
    asked_by = models.CharField(max_length=10, choices=RecordGiven.By)
    reference = models.CharField(max_length=200, blank=True)
    language = models.CharField(max_length=20)
    words = models.BinaryField()


class Area(Recorded):
    """A part of a site where persons are. What it is called and what it holds is stated by day."""

    class Kind(models.TextChoices):
        HOLD_ROOM = "hold_room", "hold room"
        SEAT_OUTSIDE = "seat_outside", "seats outside, under direct supervision"
        HOUSING = "housing", "housing: dormitory or cell block"
        SEGREGATION = "segregation", "segregation"
        MEDICAL = "medical", "medical"
        SHELTER = "shelter", "shelter floor"

    id = models.UUIDField(primary_key=True, default=new_id)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="areas")
    code = models.CharField(max_length=20)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["site", "code"], name="area_once")]

    def __str__(self) -> str:
        return self.code


class AreaStatement(Recorded):
    """What an area is and how many it holds from a local day on, until another statement begins; of one day the latest counts.

    `rated`: the number that it was built or approved for. `usable`: the number that is posted. `square_feet`: its floor.
    """

    area = models.ForeignKey(Area, on_delete=models.PROTECT, related_name="statements")
    valid_from = models.DateField()
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=20, choices=Area.Kind)
    usable = models.IntegerField()
    rated = models.IntegerField(null=True)
    square_feet = models.IntegerField(null=True)


class OutOfService(Recorded):
    """That places of an area cannot be used from one local day to another, both included; without an end until further notice."""

    id = models.UUIDField(primary_key=True, default=new_id)
    area = models.ForeignKey(Area, on_delete=models.PROTECT, related_name="out_of_service")
    places = models.IntegerField(null=True)  # null: all of them
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)
    reason = models.CharField(max_length=200)


class BackInService(Recorded):
    """That the places can be used again, from a local day on."""

    out = models.OneToOneField(OutOfService, primary_key=True, on_delete=models.PROTECT, related_name="back")
    again_from = models.DateField()


class Placement(Recorded):
    """Where within a site a person is from `at` on, until the next one or the end of the stint; without an area: in none of them.

    The ledger's holder stays the site. Of two at one moment the later told counts, so that a mistake is corrected by saying it again.
    """

    site = models.ForeignKey(Site, on_delete=models.PROTECT)
    thing = models.ForeignKey(Thing, on_delete=models.PROTECT)
    area = models.ForeignKey(Area, null=True, on_delete=models.PROTECT)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["thing", "at"], name="placement_of_thing")]


class Concerned(Recorded):
    """Whom a difference is about, in words that only those who house and move the persons there may read."""

    difference = models.OneToOneField(
        Difference, primary_key=True, on_delete=models.PROTECT, related_name="concerned"
    )
    words = models.TextField()


class Group(Recorded):
    """Persons whom an authority wants kept together, or kept apart. It goes with them from site to site until somebody ends it."""

    class Kind(models.TextChoices):
        KEEP_WITH = "keep_with", "kept together"
        KEEP_APART = "keep_apart", "kept apart"

    id = models.UUIDField(primary_key=True, default=new_id)
    site = models.ForeignKey(Site, on_delete=models.PROTECT)  # at which it was stated
    kind = models.CharField(max_length=10, choices=Kind)
    authority = models.CharField(max_length=200)


class GroupMember(Recorded):
    """One person of a group."""

    group = models.ForeignKey(Group, on_delete=models.PROTECT, related_name="members")
    thing = models.ForeignKey(Thing, on_delete=models.PROTECT)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["group", "thing"], name="group_member_once")]


class GroupEnded(Recorded):
    """That a group need not be kept together, or apart, any more."""

    group = models.OneToOneField(Group, primary_key=True, on_delete=models.PROTECT, related_name="ended")
    reason = models.TextField()


class Separation(Recorded):
    """That a group was parted by a handover on somebody's authority: who went, and who stayed, by the ids of their things."""

    group = models.ForeignKey(Group, on_delete=models.PROTECT, related_name="separations")
    handover = models.ForeignKey(Handover, on_delete=models.PROTECT)
    went = models.JSONField()
    stayed = models.JSONField()
    authority = models.CharField(max_length=200)
    reason = models.TextField()


class Flag(Recorded):
    """What those who house and move a person must know; of one kind the latest counts, and without `stands` it is taken back.

    `label` is opaque: of a separation group what the agency calls it, of a language its code. Nothing is made of it but whether two
    are the same.
    """

    class Kind(models.TextChoices):
        MINOR = "minor", "minor"
        MEDICAL = "medical", "medical"
        MOBILITY = "mobility", "mobility"
        LANGUAGE = "language", "language"
        SEPARATION = "separation", "separation group of the agency"

    thing = models.ForeignKey(Thing, on_delete=models.PROTECT)
    site = models.ForeignKey(Site, on_delete=models.PROTECT)
    kind = models.CharField(max_length=10, choices=Kind)
    label = models.CharField(max_length=20, blank=True)
    authority = models.CharField(max_length=200)
    stands = models.BooleanField()


class Bag(Recorded):
    """A piece of a person's property: a thing of the ledger, whose it is, and of what kind. One bag, one tag."""

    class Kind(models.TextChoices):
        MONEY = "money", "money"
        VALUABLES = "valuables", "small valuables"
        BAGGAGE = "baggage", "baggage or large item"
        DOCUMENTS = "documents", "documents and legal papers"
        CLOTHING = "clothing", "clothing"
        MEDICINE = "medicine", "medicine"

    thing = models.OneToOneField(Thing, primary_key=True, on_delete=models.PROTECT, related_name="bag")
    person = models.ForeignKey(Thing, on_delete=models.PROTECT, related_name="bags")
    kind = models.CharField(max_length=10, choices=Kind)

    def __str__(self) -> str:
        return f"{self.thing.tag}, {self.get_kind_display()} of {self.person.tag}"


class PropertyReceipt(Recorded):
    """The receipt of one deposit of property, numbered without a gap at its site."""

    id = models.UUIDField(primary_key=True, default=new_id)
    site = models.ForeignKey(Site, on_delete=models.PROTECT)
    person = models.ForeignKey(Thing, on_delete=models.PROTECT)
    number = models.IntegerField()  # from 1
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["site", "number"], name="receipt_once")]


class BagStated(Recorded):
    """How a bag stood when it was taken in, put away, sealed anew or handed back: its seal, its place, what is in it.

    `contents` is ciphertext under the key of the person; null: as stated before. Where `needs_second`, another than the actor of the
    act has to stand for it.
    """

    class How(models.TextChoices):
        TAKEN_IN = "taken_in", "taken in"
        PUT_AWAY = "put_away", "put in its place"
        SEALED_ANEW = "sealed_anew", "seal changed or broken"
        HANDED_BACK = "handed_back", "handed back"
        UNDONE = "undone", "taken in by mistake, and undone"

    id = models.UUIDField(primary_key=True, default=new_id)
    bag = models.ForeignKey(Bag, on_delete=models.PROTECT, related_name="stated")
    person = models.ForeignKey(Thing, on_delete=models.PROTECT)
    site = models.ForeignKey(Site, on_delete=models.PROTECT)
    receipt = models.ForeignKey(PropertyReceipt, null=True, on_delete=models.PROTECT, related_name="lines")
    how = models.CharField(max_length=12, choices=How)
    seal = models.CharField(max_length=40, blank=True)  # empty: the bag has no seal
    place = models.CharField(max_length=80, blank=True)  # where in the store it lies
    contents = models.BinaryField(null=True)
    reason = models.TextField(blank=True)  # of a seal that was changed or broken
    paper = models.CharField(max_length=200, blank=True)  # what was signed
    at = models.DateTimeField()
    needs_second = models.BooleanField()


class BagWitnessed(Recorded):
    """That a second person stands for what was stated of a bag; by whom is in the act."""

    stated = models.OneToOneField(
        BagStated, primary_key=True, on_delete=models.PROTECT, related_name="witnessed"
    )


class ReceiptVerified(Recorded):
    """That a supervisor looked at a receipt and its bags, and stands for it; by whom is in the act (PROP-02)."""

    receipt = models.OneToOneField(
        PropertyReceipt, primary_key=True, on_delete=models.PROTECT, related_name="verified"
    )


class BagStays(Recorded):
    """That a bag did not go on the handover of its person, and why."""

    bag = models.ForeignKey(Bag, on_delete=models.PROTECT, related_name="stays")
    handover = models.ForeignKey(Handover, on_delete=models.PROTECT)
    reason = models.TextField()


class ClaimLetter(Recorded):
    """That who left a bag behind was written to, and on what paper; the address is not kept."""

    bag = models.ForeignKey(Bag, on_delete=models.PROTECT, related_name="letters")
    at = models.DateTimeField()
    paper = models.CharField(max_length=200)


class BagEnded(Recorded):
    """That a site gave a bag away, otherwise than into the hands of its person, and to whom."""

    class Outcome(models.TextChoices):
        FORWARDED = "forwarded", "sent after its person"
        ABANDONED = "abandoned", "not claimed in time, and the agency told"
        WRITTEN_OFF = "written_off", "lost, and not found again"

    bag = models.ForeignKey(Bag, on_delete=models.PROTECT, related_name="ended")
    outcome = models.CharField(max_length=12, choices=Outcome)
    at = models.DateTimeField()
    paper = models.CharField(max_length=200)


class BagAudit(Recorded):
    """An audit of a site's bags. Which the record expects is frozen when it opens, by the ids of their things, and told when it is in."""

    class What(models.TextChoices):
        FUNDS = "funds", "money and small valuables"
        BAGGAGE = "baggage", "baggage and all else"

    id = models.UUIDField(primary_key=True, default=new_id)
    site = models.ForeignKey(Site, on_delete=models.PROTECT)
    what = models.CharField(max_length=10, choices=What)
    opened_at = models.DateTimeField()
    expected = models.JSONField()


class BagAudited(Recorded):
    """What was scanned in an audit: how many, the things missing, and the tags that were not expected."""

    audit = models.OneToOneField(BagAudit, primary_key=True, on_delete=models.PROTECT, related_name="audited")
    at = models.DateTimeField()
    scanned = models.IntegerField()
    missing = models.JSONField()
    unexpected = models.JSONField()


class Incident(Recorded):
    """Something that befell persons at a site, numbered without a gap there. It is never edited, and counted for ever.

    `serious`: an injury or illness that the reporter calls serious. `count`: the headcount by which it was found.
    """

    class Kind(models.TextChoices):
        INJURY = "injury", "injury"
        MEDICAL = "medical", "medical emergency"
        USE_OF_FORCE = "use_of_force", "use of force witnessed"
        ABSCONDED = "absconded", "absconded"
        RELEASED_IN_ERROR = "released_in_error", "released in error"
        DEATH = "death", "death"

    # After these the site holds the person no more: one signer, and a supervisor (design.md, *Who signs*).
    LEAVING: ClassVar[tuple[str, ...]] = (Kind.ABSCONDED, Kind.RELEASED_IN_ERROR, Kind.DEATH)

    id = models.UUIDField(primary_key=True, default=new_id)
    site = models.ForeignKey(Site, on_delete=models.PROTECT)
    number = models.IntegerField()  # from 1
    kind = models.CharField(max_length=20, choices=Kind)
    at = models.DateTimeField()
    last_seen_at = models.DateTimeField(null=True)  # null: when it happened is known
    serious = models.BooleanField()
    area = models.ForeignKey(Area, null=True, on_delete=models.PROTECT)
    words = models.TextField()
    reported_by = models.CharField(max_length=200)  # the office or post, never a name
    paper = models.CharField(max_length=200, blank=True)
    count = models.ForeignKey(Count, null=True, on_delete=models.PROTECT)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["site", "number"], name="incident_once")]

    def __str__(self) -> str:
        return f"incident {self.number} of {self.site_id}"


class IncidentPerson(Recorded):
    """Whom an incident befell, and the mission under which the person was held then; empty: under none."""

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="persons")
    thing = models.ForeignKey(Thing, on_delete=models.PROTECT)
    mission = models.CharField(max_length=60, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["incident", "thing"], name="incident_person_once")]


class IncidentLogged(Recorded):
    """One line of an incident's log: what was done or found out, and when."""

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="log")
    at = models.DateTimeField()
    words = models.TextField()


class IncidentConfirmed(Recorded):
    """That a supervisor, another than who reported it, stands for an incident that the ledger goes by; by whom is in the act."""

    incident = models.OneToOneField(
        Incident, primary_key=True, on_delete=models.PROTECT, related_name="confirmed"
    )
    reason = models.TextField()


class IncidentClosed(Recorded):
    """What came of an incident, and why nothing of it is open any more; by whom is in the act."""

    class Outcome(models.TextChoices):
        DEALT_WITH = "dealt_with", "dealt with"
        CAME_BACK = "came_back", "the person came back"
        NOT_SO = "not_so", "it did not happen"

    incident = models.OneToOneField(
        Incident, primary_key=True, on_delete=models.PROTECT, related_name="closed"
    )
    outcome = models.CharField(max_length=12, choices=Outcome)
    reason = models.TextField()


class Undone(Recorded):
    """That what an act recorded at a site was undone by a correction, within a minute and by whoever recorded it."""

    undone = models.OneToOneField(Act, primary_key=True, on_delete=models.PROTECT, related_name="undone_by")
    site = models.ForeignKey(Site, on_delete=models.PROTECT)


class DeskOffered(Recorded):
    """That whoever had the desk of a site hands it over: from when to when the shift was, and what the next one must know.

    `since` is not in the shift, `until` is: what happened at that moment belongs to the shift before. By whom is in the act.
    """

    id = models.UUIDField(primary_key=True, default=new_id)
    site = models.ForeignKey(Site, on_delete=models.PROTECT)
    since = models.DateTimeField()
    until = models.DateTimeField()
    notes = models.TextField(blank=True)


class DeskTaken(Recorded):
    """That another took the desk over; by whom is in the act."""

    desk = models.OneToOneField(DeskOffered, primary_key=True, on_delete=models.PROTECT, related_name="taken")
