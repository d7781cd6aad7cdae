"""What SpamAssassin thinks of an issue, offline. Runs where it is installed."""

from __future__ import annotations

import re
import shutil
import subprocess
from datetime import UTC, date, datetime
from email.message import EmailMessage
from email.utils import format_datetime

import jinja2
import pytest

from newsletter.rendering.mjml import render_issue, split_mail
from newsletter.rendering.slots import reader_slots
from tests.rendering.week import NONCE, PUBLICATION
from tests.rendering.weeks import WEEKS

SPAMASSASSIN = shutil.which("spamassassin")


@pytest.mark.skipif(SPAMASSASSIN is None, reason="SpamAssassin is not installed")
@pytest.mark.parametrize("name", ["rich", "thin", "all-skip"])
def test_an_issue_scores_below_zero_and_no_rule_speaks_against_its_looks(
    environment: jinja2.Environment, name: str
) -> None:
    mail = render_issue(environment, PUBLICATION, WEEKS[name](), NONCE)
    values = reader_slots(PUBLICATION.site_url, "1.7.abc", date(2026, 3, 14), mail.tools)
    html, text = (part.fill(values) for part in split_mail(mail, NONCE))
    message = EmailMessage()
    message["From"] = "Weekly AI Tool Verdicts <verdicts@verdicts.example.org>"
    message["To"] = "reader@example.net"
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(datetime.now(UTC))
    message["Message-ID"] = "<2026-W47-7@verdicts.example.org>"
    message["List-Unsubscribe"] = f"<{values['unsubscribe_url']}>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message["List-Id"] = "<newsletter.verdicts.example.org>"
    message["Precedence"] = "bulk"
    message.set_content(text)
    message.add_alternative(html, subtype="html")
    command = [str(SPAMASSASSIN), "-L", "-t"]
    report = subprocess.run(command, input=message.as_bytes(), capture_output=True, check=True).stdout.decode()
    found = re.search(r"score=(-?[\d.]+)", report)
    assert found, report
    against = re.findall(r"^ *(\d+\.\d+) +((?:HTML|FONT|MPART|MIME|OBFU)\w*)", report, re.MULTILINE)
    assert [name for points, name in against if float(points) > 0] == []
    assert float(found[1]) < 0, report
