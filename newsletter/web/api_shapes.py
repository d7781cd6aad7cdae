"""What the public interface answers and takes, as its description tells it. A fact that is not known is absent."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from newsletter.comparisons.formats import DOCUMENT_SCHEMA
from newsletter.comparisons.model import Label, Verdict

_DOCUMENT = {key: value for key, value in DOCUMENT_SCHEMA.items() if not key.startswith("$")}
Document = Annotated[dict[str, Any], WithJsonSchema(_DOCUMENT)]
Slug = Annotated[str, Field(description="Names it in addresses.", examples=["kestrel"])]


class _Shape(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class Tally(_Shape):
    """Votes."""

    ship: int = Field(ge=0)
    skip: int = Field(ge=0)


class Votes(_Shape):
    """How people voted on a tool; no part of the panel's verdict."""

    readers: Tally = Field(description="Subscribers, each of whom has one vote.")
    web: Tally = Field(description="Visitors who are not known, counted apart.")


class Side(_Shape):
    """One tool of a comparison."""

    tool: Slug
    name: str
    category: str | None = None
    label: Label | None = Field(None, description="The panel's verdict: Ship above half, Mixed at half, Skip below.")
    share: int | None = Field(None, ge=0, le=100, description="The panel's ship votes in per cent.")


class Summary(_Shape):
    """One comparison in a list."""

    slug: Slug
    title: str
    lean: str = Field(description="Which of the two the panel would ship with, in a sentence.")
    leader: str | None = Field(None, description="The slug of the tool it leans to; absent where it leans to neither.")
    listed_on: date
    url: str = Field(description="Its page.")
    sides: list[Side] = Field(min_length=2, max_length=2, description="Left and right.")


class ComparisonList(_Shape):
    """A page of comparisons."""

    comparisons: list[Summary]
    next: str | None = Field(None, description="The cursor of the next page; absent on the last one.")


class WholeComparison(_Shape):
    """One comparison."""

    comparison: Document = Field(description="The comparison document, which can be imported as it is.")
    lean: str
    leader: str | None = None
    listed_on: date
    url: str
    votes: dict[str, Votes] = Field(description="By the slug of the tool.")


class Topic(_Shape):
    """A category of tools."""

    slug: Slug
    name: str
    comparisons: int = Field(ge=1)
    feed: str = Field(description="The Atom feed of its comparisons.")


class TopicList(_Shape):
    """All categories, the largest first."""

    topics: list[Topic]


class ToolAnswer(_Shape):
    """A tool, and its newest comparisons."""

    slug: Slug
    name: str
    url: str
    comparisons: list[Summary]
    votes: Votes


class Vote(BaseModel):
    """A vote, or `null` to take it back."""

    model_config = ConfigDict(extra="forbid")
    choice: Verdict | None


class VoteAnswer(_Shape):
    """What stands now."""

    choice: Verdict | None
    votes: Votes


class Subscription(BaseModel):
    """Who asks for the newsletter."""

    model_config = ConfigDict(extra="forbid")
    email: str = Field(min_length=3, max_length=254, examples=["reader@example.net"])


class SubscriptionAnswer(_Shape):
    """The same for every address."""

    detail: str


class Problem(BaseModel):
    """What is wrong (RFC 9457)."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
