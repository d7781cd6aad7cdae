"""The sample week and the mail templates, for all tests of the rendering room."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import jinja2
import pytest

from newsletter.rendering.mjml import RenderedMail, mail_environment, render_issue

HERE = Path(__file__).parent
TEMPLATES = HERE.parents[1] / "templates"


def _load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("sample_week", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def week() -> ModuleType:
    """The builders of week.py; tests are no package, so it cannot be imported by name."""
    return _load(HERE / "week.py")


@pytest.fixture(scope="session")
def environment() -> jinja2.Environment:
    return mail_environment(jinja2.FileSystemLoader(TEMPLATES))


@pytest.fixture(scope="session")
def mail(environment: jinja2.Environment, week: ModuleType) -> RenderedMail:
    """The full sample week, slots unfilled."""
    content = week.content(*week.full_week(), intro="A quiet week.\n\nReply if we got one wrong.")
    return render_issue(environment, week.PUBLICATION, content, week.NONCE)
