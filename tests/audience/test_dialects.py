"""Exports of other mailing systems: whose they are, and what of each is kept."""

from __future__ import annotations

import pytest

from newsletter.audience.arrivals import Arrival, BadRow, Standing
from newsletter.errors import InputError
from tests.audience.lists import GHOST, SUBSTACK, at, people, read

MAILCHIMP = "Email Address,First Name,Last Name,MEMBER_RATING,OPTIN_TIME,OPTIN_IP,CONFIRM_TIME,CONFIRM_IP,LATITUDE,\
LONGITUDE,GMTOFF,DSTOFF,TIMEZONE,CC,REGION,{},LEID,EUID,NOTES,TAGS"
SUBSCRIBED = MAILCHIMP.format("LAST_CHANGED")
UNSUBSCRIBED = MAILCHIMP.format("UNSUB_TIME,UNSUB_CAMPAIGN_TITLE,UNSUB_CAMPAIGN_ID,UNSUB_REASON,UNSUB_REASON_OTHER")
CLEANED = MAILCHIMP.format("CLEAN_TIME,CLEAN_CAMPAIGN_TITLE,CLEAN_CAMPAIGN_ID")
FORM = "2,2023-04-21 11:16:57,198.51.100.7,2023-04-21 11:20:00,2001:DB8::7,,,,,,,"
SUBSTACK_PAGE = "Email,Name,Stripe plan,Cancel date,Start date,Paid upgrade date,Activity,Sections,Type,\
Subscription source (free)"
BEEHIIV = "email,First Name,Last Name,status,tier,created_at,stripe_customer_id,Free Tier,Premium Tier,unsubscribed_at"
BUTTONDOWN = "id,creation_date,email_address,notes,metadata,tags,type,source,ip_address,unsubscription_date,\
undeliverability_date"
LISTMONK = "uuid,email,name,attributes,status,created_at,updated_at"


# --- Mailchimp


def test_mailchimp_opt_in_and_confirmation_are_the_proof_and_tags_are_topics() -> None:
    text = (
        f'{SUBSCRIBED}\nada@example.com,Ada,,{FORM},2024-01-01 00:00:00,1,e1,,"""AI Agents"",""C++"",""AI agents"""\n'
    )
    (ada,) = people(text, "subscribed_members_export_0a1b2c.csv")
    assert ada == Arrival(
        line=2,
        email="ada@example.com",
        standing=Standing.ACTIVE,
        joined_at=at(2023, 4, 21, 11, 16, 57),
        proof_at=at(2023, 4, 21, 11, 20),
        proof_ip="2001:db8::7",
        topics=("ai-agents", "c-plus-plus"),
    )
    assert read(text, "subscribed.csv")[0].dialect == "mailchimp"


def test_who_was_imported_into_mailchimp_has_no_proof_though_a_confirmation_stands_there() -> None:
    row = "bo@example.com,Bo,,2,,,2023-04-21 11:20:00,198.51.100.7,,,,,,,,2024-01-01 00:00:00,1,e1,,"
    (bo,) = people(f"{SUBSCRIBED}\n{row}\n", "subscribed_email_audience_export_0a1b.csv")
    assert (bo.proof_at, bo.proof_ip, bo.joined_at) == (None, None, at(2023, 4, 21, 11, 20))


@pytest.mark.parametrize(
    ("name", "standing"),
    [
        ("subscribed_members_export_ab12.csv", Standing.ACTIVE),
        ("Subscribed_Email_Audience_Export_ab12.csv", Standing.ACTIVE),
        ("my subscribed.csv", Standing.ACTIVE),
        ("exports/unsubscribed_members/subscribed_ab12.csv", Standing.ACTIVE),
        ("unsubscribed_members_export_ab12.csv", Standing.UNSUBSCRIBED),
        ("nonsubscribed_members_export_ab12.csv", Standing.PENDING),
        ("non_subscribed_ab12.csv", Standing.PENDING),
        ("cleaned_members_export_ab12.csv", Standing.BOUNCED),
    ],
)
def test_the_name_of_a_mailchimp_file_says_how_everybody_in_it_stands(name: str, standing: Standing) -> None:
    (ada,) = people(f"{SUBSCRIBED}\nada@example.com,Ada,,{FORM},,1,e1,,\n", name)
    assert ada.standing is standing


@pytest.mark.parametrize("name", ["audience.csv", "subscribed_and_cleaned.csv"])
def test_a_mailchimp_file_whose_name_says_nothing_is_refused_and_says_what_helps(name: str) -> None:
    text = f"{SUBSCRIBED}\nada@example.com,Ada,,{FORM},,1,e1,,\n"
    with pytest.raises(InputError) as caught:
        read(text, name)
    assert str(caught.value) == (
        f"{name} is a Mailchimp export that does not say whether its people are subscribed. Keep the name it had "
        "(subscribed_…, unsubscribed_…, nonsubscribed_… or cleaned_…), or say it with `--status`, like "
        "`--status active`."
    )
    assert people(text, name, status=Standing.ACTIVE)[0].standing is Standing.ACTIVE


def test_unsubscribed_and_cleaned_of_mailchimp_say_when_also_under_another_name() -> None:
    gone = f"{UNSUBSCRIBED}\n\
u@example.com,,,{FORM},2024-05-13 10:18:25,News,c1,NORMAL,,1,e,,\n\
v@example.com,,,{FORM},,,,,,1,e,,\n"
    left, unsaid = read(gone, "audience.csv")[1]
    assert isinstance(left, Arrival)
    assert (left.standing, left.left_at) == (Standing.UNSUBSCRIBED, at(2024, 5, 13, 10, 18, 25))
    assert isinstance(unsaid, BadRow)
    assert (unsaid.kind, unsaid.line) == ("unknown status", 3)
    (clean,) = people(f"{CLEANED}\nc@example.com,,,{FORM},2020-03-23 17:30:05,News,c1,1,e,,\n", "cleaned_ab.csv")
    assert (clean.standing, clean.left_at) == (Standing.BOUNCED, at(2020, 3, 23, 17, 30, 5))


def test_a_row_that_says_when_it_left_is_gone_whatever_the_file_is_called() -> None:
    (one,) = people(f"{UNSUBSCRIBED}\nu@example.com,,,{FORM},2024-05-13 10:18:25,,,,,1,e,,\n", "subscribed_ab.csv")
    assert one.standing is Standing.UNSUBSCRIBED


# --- Substack, beehiiv, Ghost, Buttondown, listmonk


def test_substack_says_who_turned_mail_off_and_proves_nothing() -> None:
    text = f"{SUBSTACK}\n\
free@example.com,false,,other,false,2024-01-15T10:00:00.123Z,\n\
paid@example.com,true,2027-01-01T00:00:00Z,yearly,false,2024-02-01T10:00:00Z,2024-02-01T10:00:00Z\n\
off@example.com,false,,other,true,2024-03-01T10:00:00Z,\n"
    assert read(text)[0].dialect == "substack"
    free, paid, off = people(text)
    assert [free.standing, paid.standing, off.standing] == [Standing.ACTIVE, Standing.ACTIVE, Standing.DISABLED]
    assert (free.joined_at, free.proof_at) == (at(2024, 1, 15, 10, 0, 0, 123000), None)


def test_the_export_of_substacks_subscriber_page_is_substack_too() -> None:
    reading, (ana,) = read(
        f'{SUBSTACK_PAGE}\nana@example.com,Ana,,,2025-01-01T00:00:00.000Z,,5,"Notes, Deep dives",Free,x\n'
    )
    assert reading.dialect == "substack"
    assert isinstance(ana, Arrival)
    assert (ana.standing, ana.joined_at, ana.topics) == (Standing.ACTIVE, at(2025, 1, 1), ("notes", "deep-dives"))


@pytest.mark.parametrize(
    ("status", "left", "standing"),
    [
        ("active", "", Standing.ACTIVE),
        ("pending", "", Standing.PENDING),
        ("inactive", "", Standing.UNSUBSCRIBED),
        ("inactive", "2024-03-13 11:33:53 UTC", Standing.UNSUBSCRIBED),
        ("active", "2024-03-13 11:33:53 UTC", Standing.UNSUBSCRIBED),
        ("invalid", "", Standing.BOUNCED),
    ],
)
def test_beehiiv_says_how_they_stand_and_when_they_left(status: str, left: str, standing: Standing) -> None:
    text = f"{BEEHIIV}\na@example.com,,,{status},free,2023-03-24 10:23:10 UTC,,Yes,No,{left}\n"
    assert read(text)[0].dialect == "beehiiv"
    (one,) = people(text)
    assert (one.standing, one.joined_at, one.proof_at) == (standing, at(2023, 3, 24, 10, 23, 10), None)
    assert one.left_at == (at(2024, 3, 13, 11, 33, 53) if left else None)


def test_ghost_says_who_wants_mail_and_labels_are_topics() -> None:
    text = f'{GHOST}\n\
1,yes@example.com,,,true,false,,2024-01-01T00:00:00.000Z,,"label 1,label 2",\n\
2,no@example.com,,,false,false,,2024-01-01T00:00:00.000Z,,,\n\
3,deleted@example.com,,,true,false,,2024-01-01T00:00:00.000Z,2025-01-01T00:00:00.000Z,,\n\
4,silent@example.com,,,,false,,2024-01-01T00:00:00.000Z,,,\n'
    reading, (yes, no, deleted, silent) = read(text)
    assert reading.dialect == "ghost"
    assert isinstance(yes, Arrival)
    assert (yes.standing, yes.topics, yes.proof_at) == (Standing.ACTIVE, ("label-1", "label-2"), None)
    assert isinstance(no, Arrival)
    assert no.standing is Standing.UNSUBSCRIBED
    assert isinstance(deleted, Arrival)
    assert (deleted.standing, deleted.left_at) == (Standing.UNSUBSCRIBED, at(2025, 1, 1))
    assert isinstance(silent, BadRow)
    assert (silent.column, silent.reason) == ("subscribed_to_emails", "It does not say whether they agreed.")


def test_buttondown_proves_with_the_address_they_subscribed_from() -> None:
    when = "2024-09-29T00:00:00+02:00"
    text = f'{BUTTONDOWN}\n\
s1,{when},form@example.com,,{{}},"[""go"", ""rust""]",regular,embedded_form,198.51.100.9,,\n\
s2,{when},brought@example.com,,{{}},"go, rust",gifted,import,,,\n\
s3,{when},asked@example.com,,{{}},,unactivated,organic,198.51.100.9,,\n\
s4,{when},left@example.com,,{{}},,unsubscribed,organic,198.51.100.9,2025-01-02T00:00:00Z,\n\
s5,{when},gone@example.com,,{{}},,undeliverable,organic,,,2025-01-03T00:00:00Z\n\
s6,{when},cross@example.com,,{{}},,complained,organic,,,\n\
s7,{when},odd@example.com,,{{}},,spammy,organic,,,\n'
    assert read(text)[0].dialect == "buttondown"
    form, brought, asked, left, gone, cross, odd = people(text)
    assert (form.standing, form.proof_at, form.proof_ip) == (Standing.ACTIVE, at(2024, 9, 28, 22), "198.51.100.9")
    assert form.topics == brought.topics == ("go", "rust")
    assert (brought.standing, brought.joined_at, brought.proof_at) == (Standing.ACTIVE, at(2024, 9, 28, 22), None)
    assert (asked.standing, asked.proof_at, asked.proof_ip) == (Standing.PENDING, None, None)
    assert (left.standing, left.left_at) == (Standing.UNSUBSCRIBED, at(2025, 1, 2))
    assert (gone.standing, gone.left_at) == (Standing.BOUNCED, at(2025, 1, 3))
    assert (cross.standing, odd.standing) == (Standing.COMPLAINED, Standing.DISABLED)


def test_listmonk_keeps_dates_as_go_writes_them_and_tags_of_its_attributes() -> None:
    text = f'{LISTMONK}\n\
u1,on@example.com,On,"{{""tags"": [""AI"", ""Tools""]}}",enabled,2023-05-01 10:20:30.12 +0200 CEST,\n\
u2,off@example.com,Off,{{}},blocklisted,2023-05-01 10:20:30 +0000 UTC,x\n\
u3,too@example.com,Too,{{,disabled,0001-01-01 00:00:00 +0000 UTC,x\n'
    assert read(text)[0].dialect == "listmonk"
    on, off, too = people(text)
    assert (on.standing, on.joined_at, on.topics) == (
        Standing.ACTIVE,
        at(2023, 5, 1, 8, 20, 30, 120000),
        ("ai", "tools"),
    )
    assert (on.proof_at, off.standing, too.standing) == (None, Standing.DISABLED, Standing.DISABLED)
    assert (off.joined_at, too.joined_at, too.topics) == (at(2023, 5, 1, 10, 20, 30), None, ())
