"""Templates: what is printed is escaped, and what is broken or missing is an error and no blank."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType

import jinja2
import pytest

from newsletter.errors import InputError
from newsletter.rendering.mjml import (
    RenderedMail,
    attr,
    mail_environment,
    render_notice,
    split_mail,
)

TEMPLATES = Path(__file__).parents[2] / "templates" / "email"


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        ("plain & <b> \"q\" 'a' \\", "plain &#38; &#60;b&#62; &#34;q&#34; &#39;a&#39; &#92;"),
        ("{{x}} %y%", "&#123;&#123;x&#125;&#125; &#37;y&#37;"),
        ("a\nb\tc\x00", "a b c "),
        ("é\u00a0👩\u200d💻", "&#233;&#160;&#128105;&#8205;&#128187;"),
    ],
)
def test_attribute_values_become_printable_ascii(value: str, printed: str) -> None:
    assert attr(value) == printed


def test_templates_never_switch_escaping_off_and_quote_every_attribute_twice() -> None:
    sources = {path: path.read_text() for path in TEMPLATES.rglob("*.j2")}
    assert len(sources) >= 9
    for path, source in sources.items():
        markup = re.sub(r"\{[%#{].*?[%#}]\}", "", source, flags=re.DOTALL)
        assert not re.search(r"\|\s*safe|autoescape|Markup", source), path
        assert not re.search(r"<[^>]*=\s*'", markup), path
        assert not re.search(r'(?:href|src|alt|title)="\{\{(?![^}]*\|\s*attr\s*\}\})', source), path


def broken(**templates: str) -> jinja2.Environment:
    return mail_environment(jinja2.DictLoader({f"email/{name}": source for name, source in templates.items()}))


def test_mjml_that_does_not_parse_names_its_template(week: ModuleType) -> None:
    environment = broken(**{"notice.mjml.j2": "<mjml><mj-body></mjml>", "notice.txt.j2": ""})
    with pytest.raises(InputError, match=r"email/notice\.mjml\.j2 is not valid MJML"):
        render_notice(environment, week.PUBLICATION, subject="S", heading="H", paragraphs=[], button=None)


def test_a_name_that_the_template_does_not_get_is_an_error_and_no_blank(week: ModuleType) -> None:
    with pytest.raises(jinja2.UndefinedError):
        render_notice(
            broken(**{"notice.mjml.j2": "{{ nobody }}"}),
            week.PUBLICATION,
            subject="S",
            heading="H",
            paragraphs=[],
            button=None,
        )


def test_a_template_that_prints_none_is_an_error_and_no_blank(week: ModuleType) -> None:
    with pytest.raises(TypeError, match="not known"):
        render_notice(
            broken(**{"notice.mjml.j2": "{{ button }}"}),
            week.PUBLICATION,
            subject="S",
            heading="H",
            paragraphs=[],
            button=None,
        )


def test_a_template_that_prints_an_unknown_slot_is_refused(week: ModuleType) -> None:
    mail = RenderedMail("s", "p", f"<p>__nl{week.NONCE}_address__</p>", "", "")
    with pytest.raises(InputError, match="address"):
        split_mail(mail, week.NONCE)
