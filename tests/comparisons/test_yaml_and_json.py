"""The two syntaxes: what they share, what is refused in them, and which line is told."""

import json
import time

import jsonschema
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from newsletter.comparisons.document import read_document
from newsletter.comparisons.formats import parse_source
from newsletter.comparisons.nodes import read_json, skim_json

GOOD = '{"sides": [{"name": "A"}, {"name": "B"}]}'


def told(text: str, name: str) -> list[tuple[int, str]]:
    parsed = parse_source(text, name)
    assert not parsed.located
    assert all(reject.fix and reject.source == name for reject in parsed.rejects)
    return [(reject.line, reject.reason) for reject in parsed.rejects]


@pytest.mark.parametrize(
    "text",
    [
        "sides: [{name: A}, {name: B}]",
        "- sides: [{name: A}, {name: B}]",
        "---\nsides: [{name: A}, {name: B}]\n---\n",
        GOOD,
    ],
)
@pytest.mark.parametrize("ending", [".yaml", ".yml", ".YAML"])
def test_yaml_holds_one_document_a_list_or_several(text: str, ending: str) -> None:
    assert [each.comparison.slug for each in parse_source(text, f"week{ending}").located] == ["a-vs-b"]


def test_each_yaml_document_has_its_line() -> None:
    one, two, three = (f"sides: [{{name: {left}}}, {{name: {right}}}]\n" for left, right in ("AB", "CD", "EF"))
    text = f"# a comment\n\n{one}---\n- {two}\n- {three}"
    assert [each.line for each in parse_source(text, "a.yaml").located] == [3, 5, 7]


def test_json_holds_an_object_or_an_array() -> None:
    assert len(parse_source(GOOD, "a.json").located) == 1
    assert [each.line for each in parse_source(f"[\n{GOOD},\n\n{GOOD}\n]", "a.json").located] == [2, 4]


@pytest.mark.parametrize("ending", ["yaml", "json", "txt"])
def test_a_byte_order_mark_is_passed_over_and_an_empty_source_is_told(ending: str) -> None:
    if ending != "txt":
        assert len(parse_source("\ufeff" + GOOD, f"a.{ending}").located) == 1
    assert told("\ufeff \r\n\n", f"a.{ending}") == [(1, "There is nothing in it.")]


def test_windows_line_ends_keep_the_line_numbers() -> None:
    text = "sides:\r\n- name: A\r\n  tagline: x\r\n- name: B\r\n  nmae: C\r\n"
    assert told(text, "a.yaml") == [(5, "Right side: `nmae` is not a known key.")]


@pytest.mark.parametrize("name", ["a.yaml", "a.json"])
def test_a_key_that_is_given_twice_is_an_error(name: str) -> None:
    text = '{"sides": [{"name": "A",\n"name": "C"},\n{"name": "B"}]}'
    assert told(text, name) == [(2, "`name` is given twice, first in line 1.")]


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("a: &x 1\n", 1, "There is an anchor or an alias"),
        ("a: 1\nb: *x\n", 2, "There is an anchor or an alias"),
        (
            "a: !!python/object/apply:os.system [ls]",
            1,
            "There is a tag (tag:yaml.org,2002:python/object/apply:os.system)",
        ),
        ("a: !!binary aGk=", 1, "There is a tag"),
        ("sides: {{x}}", 1, "A list or mapping stands where a key should be."),
        ("\n\n? [a]\n: b", 3, "A list or mapping stands where a key should be."),
        ("- " * 500 + "x", 1, "Lists and mappings are nested too deep here."),
        ("[" * 100_000, 1, "Lists and mappings are nested too deep here."),
        ("a: 1\nname: foo: bar", 2, "This is not valid YAML: mapping values are not allowed in this context."),
        ("a: [1\nb", 2, "This is not valid YAML"),
        ("a: `b`", 1, "This is not valid YAML: found character that cannot start any token."),
        ("a: 'b", 1, "This is not valid YAML"),
        ("42", 1, "This is not a comparison document."),
        ("# only a comment", 1, "There is no comparison in it."),
        ("[]", 1, "There is no comparison in it."),
        ("~", 1, "There is no comparison in it."),
        ("---\n---\n", 1, "There is no comparison in it."),
        ("- \n- ~", 1, "This is not a comparison document."),
    ],
)
def test_yaml_that_cannot_be_used_is_told_with_its_line(text: str, line: int, reason: str) -> None:
    (first, *_) = told(text, "a.yaml")
    assert first[0] == line
    assert first[1].startswith(reason)


def test_an_alias_bomb_is_refused_at_once() -> None:
    bomb = "a: &a [x, x]\n" + "".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [*{chr(97 + n)}, *{chr(97 + n)}]\n" for n in range(20)
    )
    start = time.perf_counter()
    assert told(bomb, "a.yaml")[0][0] == 1
    assert time.perf_counter() - start < 1


def test_the_documents_before_a_syntax_error_are_read_and_the_broken_one_is_not() -> None:
    parsed = parse_source("sides: [{name: A}, {name: B}]\n---\nsides: [{name: C}, {name: D}]\nslug: a: b\n", "a.yaml")
    assert [each.comparison.slug for each in parsed.located] == ["a-vs-b"]
    assert [reject.line for reject in parsed.rejects] == [4]


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ('{"a":\n\n tru}', 3, "This is not valid JSON: A value is expected here."),
        ('{"score": NaN}', 1, "This is not valid JSON: A value is expected here."),
        ("[1,\n]", 2, "This is not valid JSON: A value is expected here."),
        ("{}\n{}", 2, "This is not valid JSON: Something follows the end."),
        ('{"a" 1}', 1, "This is not valid JSON: A colon is expected here."),
        ("{1: 2}", 1, "This is not valid JSON: A key in double quotes is expected here."),
        ('{"a": 1 "b": 2}', 1, "This is not valid JSON: A comma or } is expected here."),
        ("[1 2]", 1, "This is not valid JSON: A comma or ] is expected here."),
        ('"x', 1, "This is not valid JSON: Unterminated string starting at."),
        ('{"a": "\\x"}', 1, "This is not valid JSON: Invalid \\escape."),
        ("[01]", 1, "This is not valid JSON: A comma or ] is expected here."),
        ("-", 1, "This is not valid JSON: A value is expected here."),
        ("[" * 100_000, 1, "Lists and mappings are nested too deep here."),
        ("null", 1, "There is no comparison in it."),
        ("1e999", 1, "This is not a comparison document."),
        ("[true]", 1, "This is not a comparison document."),
        ("[]", 1, "There is no comparison in it."),
    ],
)
def test_json_that_cannot_be_used_is_told_with_its_line(text: str, line: int, reason: str) -> None:
    assert told(text, "a.json") == [(line, reason)]


@pytest.mark.parametrize("value", ["84", "0", "100"])
def test_a_json_number_is_a_score(value: str) -> None:
    text = f'{{"sides": [{{"name": "A", "reviews": [{{"score": {value}}}]}}, {{"name": "\\ud83d\\ude00 B"}}]}}'
    comparison = parse_source(text, "a.json").located[0].comparison
    assert comparison.left.reviews[0].score == int(value)
    assert comparison.right.name == "😀 B"


@pytest.mark.parametrize("value", ["84.0", "1e1", "true", '"84"', "99999999999999999999999999", "-1"])
def test_a_json_score_that_is_no_whole_number_is_an_error(value: str) -> None:
    text = f'{{"sides": [{{"name": "A",\n"reviews": [{{\n"score": {value}}}]}}, {{"name": "B"}}]}}'
    assert told(text, "a.json") == [(3, "Left side, review 1: `score` is not a whole number from 0 to 100.")]


def test_a_json_number_for_a_name_is_an_error_that_asks_for_quotes() -> None:
    parsed = parse_source('{"sides": [{"name": 3.0}, {"name": "B"}]}', "a.json")
    assert parsed.rejects[0].reason == "Left side: `name` is not text."
    assert "quotes" in parsed.rejects[0].fix


def test_a_source_of_more_than_20_mb_is_refused() -> None:
    assert told("x" * 20_000_001, "a.yaml") == [(1, "This is larger than 20 MB.")]
    assert told("é" * 10_000_001, "a.txt") == [(1, "This is larger than 20 MB.")]


def test_hostile_keys_are_shown_without_their_control_characters() -> None:
    key = json.dumps("\x1b[31m" + "k" * 200)
    ((_, reason), *_) = told(f'{{{key}: 1, "sides": [{{"name": "A"}}, {{"name": "B"}}]}}', "a.json")
    assert reason.isprintable()
    assert len(reason) < 100


def test_the_published_schema_is_the_one_in_the_code_and_a_valid_one(schema_file: dict[str, object]) -> None:
    from newsletter.comparisons.formats import DOCUMENT_SCHEMA

    assert schema_file == DOCUMENT_SCHEMA
    jsonschema.Draft202012Validator.check_schema(DOCUMENT_SCHEMA)


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"sides": [{"name": "A"}]},
        {"sides": [{"name": "A"}, {"tagline": "B"}]},
        {"sides": [{"name": "A"}, {"name": ""}]},
        {"sides": [{"name": "A", "x": 1}, {"name": "B"}]},
        {"sides": [{"name": "A", "panel": {"ship": 1}}, {"name": "B"}]},
        {"sides": [{"name": "A", "reviews": [{"score": 101}]}, {"name": "B"}]},
        {"sides": [{"name": "A", "reviews": [{}]}, {"name": "B"}]},
        {"sides": [{"name": "A"}, {"name": "B"}], "url": "javascript:x"},
        {"sides": [{"name": "A"}, {"name": "B"}], "published_on": "18.11.2026"},
    ],
)
def test_what_the_schema_refuses_the_import_refuses_too(
    document: dict[str, object], schema_file: dict[str, object]
) -> None:
    assert not jsonschema.Draft202012Validator(schema_file).is_valid(document)
    assert told(json.dumps(document), "a.json")


@settings(max_examples=200)
@given(
    st.lists(
        st.sampled_from(
            [GOOD, "{}", "[", "]", ",", "\n", " ", '{"a": 1, "a": 2}', "NaN", '"x"', "1" * 5000, "[" * 2000]
        ),
        max_size=6,
    ).map("".join)
)
@example(f"[{GOOD},]")
@example(f"[{GOOD}")
@example(f"{GOOD}]")
@example(f"[{GOOD}]]")
@example("[]")
@example(f"\n[\n{GOOD}\n,\n\n{GOOD}]\n")
def test_a_json_text_is_skimmed_only_where_reading_it_line_by_line_finds_the_same(text: str) -> None:
    nodes, problems = read_json(text)
    try:
        skimmed = list(skim_json(text))
    except (ValueError, RecursionError):
        return
    wrong = [problem for node in skimmed for problem in read_document(node)[1]]
    if problems:
        assert wrong  # nested too deep, where no document has anything
        return
    slow = nodes[0].children if nodes[0].kind == "list" else nodes
    assert [node.line for node in skimmed] == [node.line for node in slow]
    assert [read_document(node)[0] for node in skimmed] == [read_document(node)[0] for node in slow]
