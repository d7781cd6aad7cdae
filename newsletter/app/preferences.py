"""What a reader chooses: topics, how often, their time zone. No login: who holds the signed link is the reader."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from newsletter.app.container import App
from newsletter.audience.consent import Consent, ConsentKind
from newsletter.audience.subscriber import Frequency, Subscriber, SubscriberStatus, SuppressionReason
from newsletter.audience.zones import is_zone
from newsletter.errors import InputError, TransitionError
from newsletter.rendering.context import day_in_words


@dataclass(frozen=True, slots=True)
class TopicChoice:
    """A topic that a reader may choose. `count`: how many comparisons it has now; 0 for one that is gone."""

    slug: str
    name: str
    count: int
    chosen: bool


@dataclass(frozen=True, slots=True)
class CastVote:
    """What a reader said of a tool: `ship` or `skip`."""

    tool: str
    name: str
    choice: str


@dataclass(frozen=True, slots=True)
class Preferences:
    """What the page of one reader shows; no whole address is in it. Dates in words, of the reader's own time zone."""

    address: str
    """`r…@example.org`; empty once erased."""
    status: SubscriberStatus
    suppression: SuppressionReason | None
    since: str
    paused_until: str
    """Empty where there is no pause."""
    topics: tuple[TopicChoice, ...]
    frequency: Frequency
    zone: str
    own_zone: str
    """The newsletter's, which is meant where `zone` is empty."""
    votes: tuple[CastVote, ...]
    saved: int


@dataclass(frozen=True, slots=True)
class Tried:
    """What a form said that was refused: shown again, so that it can be mended."""

    topics: frozenset[str]
    frequency: str | None
    zone: str | None


def preferences_of(app: App, subscriber: Subscriber, tried: Tried | None = None) -> Preferences:
    """Everything that the page shows. Of what was `tried`, that which is offered stands in place of what is kept."""
    store, today = app.store, app.now().astimezone(app.settings.zone).date()
    cast = store.votes.of_reader(subscriber.id)
    names = store.catalogue.tools(sorted(cast), today) if cast else {}
    votes = [CastVote(tool, names[tool].name if tool in names else tool, str(cast[tool])) for tool in cast]
    topics, often, zone = topic_choices(app, subscriber), subscriber.frequency, subscriber.zone
    if tried:
        topics = tuple(replace(topic, chosen=topic.slug in tried.topics) for topic in topics)
        often = Frequency(tried.frequency) if tried.frequency in set(Frequency) else often
        zone = tried.zone if tried.zone is not None and is_zone(tried.zone) else zone
    return Preferences(
        masked(subscriber.email or ""),
        subscriber.status,
        store.subscribers.suppression(subscriber.email) if subscriber.email else None,
        day_for(app, subscriber, subscriber.confirmed_at or subscriber.created_at),
        paused_until(app, subscriber),
        topics,
        often,
        zone,
        app.settings.time_zone,
        tuple(sorted(votes, key=lambda vote: vote.name.casefold())),
        len(store.saved.of_reader(subscriber.id)),
    )


def topic_choices(app: App, subscriber: Subscriber) -> tuple[TopicChoice, ...]:
    """The topics of today, the largest first, and after them those that the reader chose before they were gone."""
    chosen = app.store.subscribers.topics(subscriber.id)
    found = app.store.catalogue.topics(app.now().astimezone(app.settings.zone).date())
    gone = sorted(chosen - {topic.slug for topic in found})
    return (
        *(TopicChoice(topic.slug, topic.name, topic.count, topic.slug in chosen) for topic in found),
        *(TopicChoice(slug, slug.replace("-", " ").capitalize(), 0, True) for slug in gone),
    )


def prefer(
    app: App,
    subscriber: Subscriber,
    *,
    topics: Sequence[str],
    frequency: str | None = None,
    zone: str | None = None,
    source: str = "preferences page",
) -> bool:
    """Keep what a reader chose: topic slugs, a Frequency, a time zone ('' for the newsletter's own); None leaves the
    last two as they are. True where that is news; it goes into the proof of consent then.

    Raises InputError for what is not offered, and where nothing would ever come; TransitionError for somebody who gets
    no issues.
    """
    if subscriber.status is not SubscriberStatus.ACTIVE:
        raise TransitionError("No issue comes to you.", next_step="Subscribe first.")
    choices = {choice.slug: choice for choice in topic_choices(app, subscriber)}
    if unknown := sorted(set(topics) - set(choices)):
        raise InputError(f"There is no topic {unknown[0][:40]!r} here.", next_step="Choose from those below.")
    try:
        often = subscriber.frequency if frequency is None else Frequency(frequency)
    except ValueError:
        raise InputError("Issues come every week, or when they have something of your topics.") from None
    where = subscriber.zone if zone is None else zone
    if where and not is_zone(where):
        raise InputError(f"There is no time zone {where[:40]!r}.", next_step="Choose one from the list.")
    if often is Frequency.TOPICS and not topics:
        raise InputError("Without a topic, no issue would ever come.", next_step="Choose a topic, or “Every week”.")
    before = {slug for slug, choice in choices.items() if choice.chosen}
    if (before, subscriber.frequency, subscriber.zone) == (set(topics), often, where):
        return False
    names = ", ".join(choices[slug].name for slug in choices if slug in set(topics))
    said = (
        f"Topics: {names or 'none'}. "
        f"{'Only issues with something of these topics' if often is Frequency.TOPICS else 'Every issue'}. "
        f"Time zone: {where or 'that of the newsletter'}."
    )
    with app.store.transaction():
        app.store.subscribers.prefer(subscriber.id, topics, often, where)
        app.store.subscribers.record(subscriber.id, Consent(ConsentKind.PREFERENCES, app.now(), source, said))
    return True


def masked(address: str) -> str:
    """`reader@example.org` as `r…@example.org`, for pages; empty for none."""
    name, at, domain = address.rpartition("@")
    return f"{name[:1]}…{at}{domain}" if at else ""


def local_day(app: App, subscriber: Subscriber, moment: datetime) -> date:
    """The date of an aware moment where this reader is."""
    zone = ZoneInfo(subscriber.zone) if subscriber.zone and is_zone(subscriber.zone) else app.settings.zone
    return moment.astimezone(zone).date()


def day_for(app: App, subscriber: Subscriber, moment: datetime) -> str:
    """The same in words: `19 November 2026`."""
    return day_in_words(local_day(app, subscriber, moment))


def paused_until(app: App, subscriber: Subscriber) -> str:
    """The day in words on which a pause ends, or nothing where there is none."""
    end = subscriber.paused_until
    return day_for(app, subscriber, end) if end and end > app.now() else ""
