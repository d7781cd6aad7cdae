"""`newsletter subscribers form`."""

from __future__ import annotations

from pathlib import Path

from newsletter.audience.consent import FORM_TEXT, FORM_VERSION
from tests.cli.conftest import Run


def test_the_form_alone_is_on_stdout_and_what_to_do_on_stderr(house: Run) -> None:
    said = house("subscribers", "form")
    assert said.code == 0
    assert said.out.startswith('<form method="post" action="http://localhost:8000/subscribe">')
    assert said.out.endswith("</form>\n")
    assert "web.form_origins" in said.err


def test_a_named_site_is_told_to_be_enough(run: Run, tmp_path: Path) -> None:
    (tmp_path / "newsletter.toml").write_text('[web]\nform_origins = ["https://example.com"]\n')
    said = run("subscribers", "form")
    assert "It is accepted from https://example.com" in said.err
    document = run("subscribers", "form", "--json").document
    assert document["form_origins"] == ["https://example.com"]
    assert "<label" in document["html"]


def test_what_proves_a_consent_names_the_version_of_the_form(house: Run) -> None:
    assert house("subscribers", "add", "bob@example.com").code == 0
    shown = house("subscribers", "show", "bob@example.com").out
    assert f"asked, added by the operator, form {FORM_VERSION}: {FORM_TEXT}" in shown
