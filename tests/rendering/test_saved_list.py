"""The mail that holds what a reader saved."""

from __future__ import annotations

from dataclasses import replace

import jinja2

from newsletter.comparisons.model import Label
from newsletter.rendering.saved_list import SHOWN, SavedLine, render_saved_list
from tests.rendering.week import PUBLICATION

LIST = "https://verdicts.example.org/saved/1.2.abc"
LINE = SavedLine(
    name="Kestrel",
    url="https://verdicts.example.org/tools/kestrel",
    label=Label.MIXED,
    share=50,
    title="Plumbline vs Kestrel",
    comparison_url="https://verdicts.example.org/compare/plumbline-vs-kestrel",
    compared_on="16 November 2026",
)


def test_each_tool_has_its_verdict_where_it_comes_from_and_both_links(environment: jinja2.Environment) -> None:
    mail = render_saved_list(environment, PUBLICATION, [LINE, replace(LINE, name="Quillon")], list_url=LIST)
    assert mail.subject == "Your 2 saved tools"
    assert mail.html.count("◐ <b>Mixed</b> 50%") == 2
    for url in (LINE.url, LINE.comparison_url, LIST):
        assert f'href="{url}"' in mail.html
    assert "Quillon\n  [MIXED] 50%\n  From Plumbline vs Kestrel, 16 November 2026\n" in mail.text
    for url in (LINE.url, LIST):
        assert url in mail.text


def test_what_is_not_known_of_a_verdict_takes_no_room(environment: jinja2.Environment) -> None:
    one = render_saved_list(environment, PUBLICATION, [replace(LINE, share=None)], list_url=LIST)
    assert one.subject == "Your 1 saved tool"
    assert "[MIXED]\n" in one.text
    none = render_saved_list(environment, PUBLICATION, [replace(LINE, label=None, share=None)], list_url=LIST)
    assert "Kestrel\n  From Plumbline" in none.text
    assert "None" not in none.html + none.text
    assert "Mixed" not in none.html


def test_a_full_list_of_long_names_is_not_cut_short_by_gmail(environment: jinja2.Environment) -> None:
    long = "some-tool-with-quite-a-long-name"
    line = replace(
        LINE,
        name=f"{long} (mattergrove)",
        url=f"{LINE.url}-{long}",
        title=f"{long} (mattergrove) vs {long}",
        comparison_url=f"{LINE.comparison_url}-{long}",
    )
    mail = render_saved_list(environment, PUBLICATION, 200 * [line], list_url=LIST)
    assert len(mail.html.encode()) < 90_000
    assert mail.html.count(line.url) == SHOWN
    assert "And 100 more on the page." in mail.html
    assert "And 100 more on the page." in mail.text
    assert "more on the page" not in render_saved_list(environment, PUBLICATION, SHOWN * [line], list_url=LIST).text


def test_a_name_is_neither_markup_nor_a_placeholder(environment: jinja2.Environment) -> None:
    hostile = "<img src=x> {{ name }} {% if %}"
    mail = render_saved_list(environment, PUBLICATION, [replace(LINE, name=hostile, title=hostile)], list_url=LIST)
    assert "<img" not in mail.html
    for part in (mail.html, mail.text):
        assert "{{" not in part
        assert "{%" not in part
