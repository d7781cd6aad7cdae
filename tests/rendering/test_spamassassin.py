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

from newsletter.rendering.mjml import reader_slots, render_issue, split_mail
from tests.rendering.week import NONCE, PUBLICATION
from tests.rendering.weeks import WEEKS

SPAMASSASSIN = shutil.which("spamassassin")


@pytest.mark.skipif(SPAMASSASSIN is None, reason="SpamAssassin is not installed")
@pytest.mark.parametrize("name", ["rich", "thin", "all-skip"])
def test_an_issue_scores_below_zero_and_no_rule_speaks_against_its_looks(
    environment: jinja2.Environment, name: str
) -> None:
    mail = render_issue(environment, PUBLICATION, WEEKS[name](), NONCE)
    url = "https://verdicts.example.org/unsubscribe/r1.abc"
    html, text = (part.fill(reader_slots(url, date(2026, 3, 14))) for part in split_mail(mail, NONCE))
    message = EmailMessage()
    message["From"] = "Weekly AI Tool Verdicts <verdicts@verdicts.example.org>"
    message["To"] = "reader@example.net"
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(datetime.now(UTC))
    message["Message-ID"] = "<2026-W47-7@verdicts.example.org>"
    message["List-Unsubscribe"] = f"<{url}>"
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
