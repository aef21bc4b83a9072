"""The promise of the redactor, on the corpus with another seed: recall, survival, pseudonyms."""

import base64
import os
from collections import Counter

import pytest

from bench.redaction.corpus import GROUPS, Label, Sample, corpus, write
from bench.redaction.score import Score, scored
from bench.redaction.score_file import score_file
from support.redact.identities.identities import Identities
from support.redact.known.harvest import harvest_folder
from support.redact.known.values import KnownValues
from support.redact.redactor import Redactor

SEED = 404
FORMATS = 40


@pytest.fixture(scope="module")
def samples() -> list[Sample]:
    return corpus(SEED)


@pytest.fixture(scope="module")
def score(samples: list[Sample], tmp_path_factory: pytest.TempPathFactory) -> Score:
    folder = tmp_path_factory.mktemp("corpus")
    write(samples, folder)
    names = Identities(b"k" * 32)
    for one in samples:
        names.learn(one.path, one.text.encode())
    redactor = Redactor(harvest_folder(folder), names)
    outputs = {one.path: redacted(redactor, one) for one in samples}
    return scored(samples, outputs)


def redacted(redactor: Redactor, sample: Sample) -> str:
    return b"".join(redactor.file(sample.path, [sample.text.encode()], Counter())).decode()


def test_the_corpus_is_wide(samples: list[Sample]) -> None:
    assert len(samples) >= 150
    assert len({one.format for one in samples}) >= FORMATS
    groups = Counter(
        label.name for one in samples for label in one.labels if label.what == "secret"
    )
    assert set(groups) == set(GROUPS)


def test_secrets_are_found(score: Score) -> None:
    assert score.recall.share >= 0.95, [*score.failures()]
    low = {group: tally.share for group, tally in score.secrets.items() if tally.share < 0.85}
    assert low == {}


def test_what_is_none_survives(score: Score) -> None:
    assert score.benign.share >= 0.985, score.benign.missed
    assert score.lines.share >= 0.97, score.lines.missed


def test_files_stay_well_formed(score: Score) -> None:
    assert score.parses.missed == []


def test_names_get_pseudonyms_of_their_type(score: Score) -> None:
    assert score.hidden.share >= 0.99, [*score.failures()]
    assert score.names.consistent() == 1, score.names.inconsistent
    assert score.names.distinct() == 1, score.names.inconsistent
    assert score.names.typed() >= 0.98


def test_lines_of_a_certificate_are_no_rest_of_a_key() -> None:
    body = b"MIIDdTCCAl2gAwIBAgIU" + base64.b64encode(os.urandom(300))
    lines = [body[at : at + 64] for at in range(0, len(body), 64)]
    whole = [b"-----BEGIN CERTIFICATE-----", *lines, b"-----END CERTIFICATE-----", b""]
    redactor = Redactor(KnownValues.none(), Identities(b"k" * 32))
    for before in (b"", b"    "):
        text = b"".join(before + line + b"\n" for line in whole)
        assert b"".join(redactor.file("a.txt", [text], Counter())) == text


def test_who_failed_to_log_in_is_somebody_and_no_password() -> None:
    redactor = Redactor(KnownValues.none(), Identities(b"k" * 32))
    text = b"sshd[9]: Failed password for invalid user ilse95 from 10.1.2.3 port 4 ssh2\n"
    output = b"".join(redactor.file("auth.log", [text], Counter()))
    assert b"ilse95" not in output
    assert b"REDACTED" not in output


TEXT = "user=olga password=Sw0rdfish77 id=17\nplain\n"
LABELS = (
    Label(5, 9, "identity", "user"),
    Label(19, 30, "secret", "log", ("Sw0rdfish77",)),
    Label(31, 36, "benign"),
)


@pytest.mark.parametrize(
    ("output", "leaks", "lost", "named"),
    [
        ("user=u-1 password=XX id=17\nplain\n", 0, 0, 0),
        ("user=u-1 password=Sw0rdfish77 id=17\nplain\n", 1, 0, 0),
        ("user=u-1 password=XXdfish77 id=17\nplain\n", 1, 0, 0),
        ("user=u-1 password=XXsh77 id=17\nplain\n", 0, 0, 0),
        ("user=olga password=XX id=XX\nplain\n", 0, 1, 1),
    ],
)
def test_the_score_counts_fragments_losses_and_names(
    output: str, leaks: int, lost: int, named: int
) -> None:
    score = score_file(Sample("a.log", "log", TEXT, LABELS), output)
    assert score.secrets["log"].total - score.secrets["log"].well == leaks
    assert score.benign.total - score.benign.well == lost
    assert score.people["user"].total - score.people["user"].well == named
    assert score.lines.share == 1
