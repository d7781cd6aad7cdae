"""From content to one mail: Jinja2 → MJML → HTML, and the text part beside it.

Content reaches a template only through `_printed` (text) and `attr` (attribute values), so it can neither become markup
nor a provider's placeholder. MJML's quirks that shape the templates are listed in docs/mail-rules.md.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import jinja2
from markupsafe import Markup
from mjml import mjml2html

from newsletter.errors import InputError
from newsletter.issues import IssueContent, Publication
from newsletter.rendering.context import (
    ComparisonView,
    checked_subject,
    issue_view,
    paragraphs,
    postal_lines,
)
from newsletter.rendering.intro import read_intro, rows
from newsletter.rendering.links import web_address
from newsletter.rendering.personalise import Segments, slot
from newsletter.rendering.plaintext import inert, mark, score_lines, wrap
from newsletter.rendering.slots import READER_SLOTS, issue_slots, issue_tools, saved_slots
from newsletter.rendering.words import CONTROLS, one_line, right_to_left

_HTML = CONTROLS | {ord(character): f"&#{ord(character)};" for character in "&<>\"'{}%"}
_MSO_SEAM = re.compile(r"<!\[endif\]-->\s*<!--\[if mso \| IE\]>")


@dataclass(frozen=True, slots=True)
class RenderedMail:
    """One mail. `html` and `text` still hold slot tokens, `__nl<nonce>_<name>__`; `mjml` is what `html` came from.

    `tools`: the slugs of those that have a slot of their own, in its order.
    """

    subject: str
    preheader: str
    html: str
    text: str
    mjml: str
    tools: tuple[str, ...] = ()

    @property
    def slots(self) -> frozenset[str]:
        """The names of the slots that html and text may hold."""
        return issue_slots(self.tools)


def mail_environment(loader: jinja2.BaseLoader) -> jinja2.Environment:
    """The environment of the mail templates; `loader` finds them as `email/issue.mjml.j2` and so on.

    Everything is escaped but in `*.txt.j2`; an undefined name and a None are errors, never blanks.
    """
    environment = jinja2.Environment(
        loader=loader,
        autoescape=lambda name: not (name or "").endswith(".txt.j2"),
        undefined=jinja2.StrictUndefined,
        finalize=_printed,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(attr=attr, tight=tight, wrap=wrap, mark=mark, scores=score_lines, rows=rows)
    environment.tests.update(too_wide=too_wide, rtl=right_to_left)
    return environment


def render_issue(
    environment: jinja2.Environment,
    publication: Publication,
    content: IssueContent,
    nonce: str,
    *,
    test_code: str | None = None,
    welcome: Mapping[str, str] | None = None,
) -> RenderedMail:
    """The mail of an issue. With `test_code` a banner asks the operator to approve it with that code; with `welcome`
    it goes to a new subscriber, and words to them stand above (see personal_mails.welcome_with_issue).

    `nonce` is 8 or more hex digits, fresh for this issue. Raises InputError where subject, an address or the content
    cannot be used.
    """
    if not re.fullmatch(r"[0-9a-f]{8,}", nonce):
        raise ValueError("a nonce is 8 or more hex digits")
    if f"__nl{nonce}_" in repr((publication, content)):
        raise InputError("The content holds this issue's own slot token.", next_step="Draft the issue again.")
    view, tools = issue_view(publication, content), issue_tools(content)
    subject = f"[Test] {view.subject}" if test_code else view.subject
    return render_mail(
        environment,
        "welcome_issue" if welcome else "issue",
        publication,
        subject=welcome["title"] if welcome else subject,
        preheader=welcome["preheader"] if welcome else view.preheader,
        values={
            "issue": view,
            "test_code": test_code,
            "welcome": welcome,
            "saved": {tool: slot(nonce, name) for tool, name in saved_slots(tools).items()},
            **{name: slot(nonce, name) for name in READER_SLOTS},
        },
        tools=tools,
    )


def render_correction(
    environment: jinja2.Environment,
    publication: Publication,
    content: IssueContent,
    *,
    original: IssueContent,
    text: str,
    reason: str,
    nonce: str,
    test_code: str | None = None,
) -> RenderedMail:
    """The mail of a correction. `content` is its own (subject, preheader, intro), `original` what it corrects; a blank
    line in `text` starts a paragraph. Raises InputError as render_issue().
    """
    if f"__nl{nonce}_" in repr((publication, content, original, text, reason)):
        raise InputError("The content holds this mail's own slot token.", next_step="Write the correction again.")
    view = issue_view(publication, original)
    subject = checked_subject(content.subject)
    return render_mail(
        environment,
        "correction",
        publication,
        subject=f"[Test] {subject}" if test_code else subject,
        preheader=one_line(content.preheader),
        values={
            "issue": view,
            "key": content.key,
            "intro": read_intro(content.intro),
            "paragraphs": paragraphs(text),
            "reason": one_line(reason),
            "test_code": test_code,
            **{name: slot(nonce, name) for name in READER_SLOTS},
        },
    )


def render_notice(
    environment: jinja2.Environment,
    publication: Publication,
    *,
    subject: str,
    heading: str,
    paragraphs: Sequence[str],
    button: tuple[str, str] | None,
) -> RenderedMail:
    """A notice to one person: heading, paragraphs, and at most one button (what it says, address). Holds no slots."""
    return render_mail(
        environment,
        "notice",
        publication,
        subject=subject,
        preheader=one_line(paragraphs[0]) if paragraphs else "",
        values={
            "newsletter": one_line(publication.name),
            "postal_lines": postal_lines(publication),
            "heading": one_line(heading),
            "paragraphs": tuple(map(one_line, paragraphs)),
            "button": (one_line(button[0]), web_address(button[1])) if button else None,
            "site_url": web_address(publication.site_url),
        },
    )


def split_mail(mail: RenderedMail, nonce: str) -> tuple[Segments, Segments]:
    """HTML and text, split at the slots. Raises InputError where a template prints a slot that nothing fills."""
    return (
        Segments.split(mail.html, nonce, "html", mail.slots),
        Segments.split(mail.text, nonce, "text", mail.slots),
    )


def attr(value: str) -> Markup:
    """`value` for a double-quoted attribute or a title: printable ASCII, all else and `& < > " ' \\ { } %` as entities.

    MRML prints attributes with Rust's `{:?}`, which would turn a line break, a backslash or an emoji into an escape
    sequence of Rust.
    """
    plain = value.translate(CONTROLS)
    return Markup(re.sub(r"[^ !#$(-;=?-\[\]-z|~]", lambda found: f"&#{ord(found[0])};", plain))


def too_wide(view: ComparisonView) -> bool:
    """Whether the scorecard must stack: its columns would not fit a phone 320 px wide, of which 288 are ours.

    Left name over reviewer and left mark, right name over right mark and gap; names and gaps may wrap between words.
    """
    reviewer = max((_width(word, 16) for row in view.rows for word in row.reviewer.split()), default=0)
    gap = max((_width(word, 14) for row in view.rows for word in row.gap.split()), default=0)
    mark = max((_width(cell.words, 16) + 14 for row in view.rows for cell in row.cells), default=0)
    left, right = (max(_width(word, 15) for word in side.name.split()) for side in view.sides)
    return max(left, reviewer + 8 + mark) + 12 + max(right, mark + 8 + gap) > 288 or any(
        len(side.name) > 40 for side in view.sides
    )


def _width(word: str, size: int) -> float:
    """About how wide a word of `size` px is in Arial, in px; what is not Latin counts as square."""
    return sum(next((em for letters, em in _EMS if c in letters), 0.56 if ord(c) < 0x250 else 1.0) for c in word) * size


_EMS = (("mwMW@%", 0.89), ("fijltIr1.,-' ", 0.3), ("ckszvxyJ", 0.5), ("ABCDEGHKNOPQRSTUVXYZ&", 0.71))


def tight(text: str) -> Markup:
    """`text`, its tallies kept on one line: `4–0` must not end as `4–`."""
    return Markup(_TALLY.sub(r'<span style="white-space:nowrap">\g<0></span>', str(_escaped(text))))


_TALLY = re.compile(r"\d+–\d+[.,;]?")


@jinja2.pass_eval_context
def _printed(context: jinja2.nodes.EvalContext, value: object) -> object:
    """What `{{ value }}` prints. Braces and per cent signs become entities: no provider finds a placeholder in them."""
    if isinstance(value, Markup):
        return value
    if value is None:
        raise TypeError("a template prints a value that is not known")
    return _escaped(str(value)) if context.autoescape else inert(str(value))


@lru_cache(maxsize=1024)  # names, marks and styles come again and again
def _escaped(text: str) -> Markup:
    return Markup(text.translate(_HTML))


def render_mail(
    environment: jinja2.Environment,
    name: str,
    publication: Publication,
    *,
    subject: str,
    preheader: str,
    values: Mapping[str, object],
    tools: tuple[str, ...] = (),
) -> RenderedMail:
    """The mail of `email/{name}.mjml.j2` and `email/{name}.txt.j2`. Raises InputError where it is no valid MJML."""
    subject = inert(checked_subject(subject))
    shown = {**values, "subject": subject, "preheader": preheader, "brand": publication.brand}
    source = re.sub(r"\n\s*", "\n", environment.get_template(f"email/{name}.mjml.j2").render(shown))
    try:
        html = mjml2html(source, fonts={})
    except ValueError as error:
        raise InputError(f"The template email/{name}.mjml.j2 is not valid MJML: {error}.") from error
    text = environment.get_template(f"email/{name}.txt.j2").render(shown)
    return RenderedMail(
        subject=subject,
        preheader=preheader,
        html=_MSO_SEAM.sub("", html),
        text=re.sub(r"\n{3,}", "\n\n", text).strip() + "\n",
        mjml=source,
        tools=tools,
    )
