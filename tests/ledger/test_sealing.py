"""New rows are sealed, proved and exported; a seal is signed and chained to the one before it."""

import json
from itertools import pairwise
from pathlib import Path

import pytest

from tests.cast import Cast
from tests.fixtures.site import At
from tests.ledger.posting import earn_visit
from timebank.core import crypto
from timebank.core.db import reading, transaction
from timebank.ledger import queries
from timebank.ledger.merkle import is_grown
from timebank.ledger.operations import export_seals, seal_new_rows
from timebank.ledger.proofs import inclusion_of
from timebank.ledger.rules import seal_chain
from timebank.ledger.verify import verify


def test_a_transfer_can_be_proved_once_it_is_sealed(cast: Cast) -> None:
    with transaction() as session:
        transfer = earn_visit(session, cast.li, minutes=60)
        assert inclusion_of(session, transfer.id) is None
        seal = seal_new_rows(session)
    with reading() as session:
        proof = inclusion_of(session, transfer.id)
        assert seal is not None and proof is not None
        assert proof.holds()
        assert (proof.root, proof.tree_size, proof.seal_id) == (seal.root, seal.tree_size, seal.id)
        assert inclusion_of(session, "trf_unknown") is None


def test_nothing_new_makes_no_seal(cast: Cast) -> None:
    with transaction() as session:
        assert seal_new_rows(session) is not None
    with transaction() as session:
        assert seal_new_rows(session) is None


def test_the_log_only_grows_and_every_seal_is_chained_and_signed(cast: Cast) -> None:
    for number in range(40):
        with transaction() as session:
            earn_visit(session, cast.li, minutes=1 + number)
            seal_new_rows(session)
    with reading() as session:
        made = queries.seals(session)
        assert len(made) == 40
        for earlier, later in pairwise(made):
            path = queries.consistency_of(session, earlier, later)
            assert is_grown(earlier.tree_size, later.tree_size, earlier.root, later.root, path)
            assert later.previous == earlier.chain
        public_key = crypto.signer().public_key
        for seal in made:
            assert seal.chain == seal_chain(seal)
            assert crypto.is_signed(seal.chain, seal.signature, public_key=public_key)
        assert not crypto.is_signed(made[0].chain, made[1].signature, public_key=public_key)


def test_seals_are_exported_once_each_even_where_an_export_was_missed(cast: Cast, tmp_path: Path) -> None:
    for _ in range(2):
        with transaction() as session:
            earn_visit(session, cast.li)
            seal_new_rows(session)
    with reading() as session:
        assert export_seals(session, tmp_path) == 2
        assert export_seals(session, tmp_path) == 0
        lines = [json.loads(line) for line in (tmp_path / "seals.jsonl").read_text().splitlines()]
        assert [line["root"] for line in lines] == [seal.root for seal in queries.seals(session)]


@pytest.mark.parametrize("lost", [1, 200, 2_000])  # the end of the last line, half of it, all that was written
def test_half_a_line_is_taken_off_and_written_whole(cast: Cast, tmp_path: Path, lost: int) -> None:
    for _ in range(2):
        with transaction() as session:
            earn_visit(session, cast.li)
            seal_new_rows(session)
        with reading() as session:
            export_seals(session, tmp_path)
    file = tmp_path / "seals.jsonl"
    whole = file.read_bytes()
    file.write_bytes(whole[: max(len(whole) - lost, 9)])
    with reading() as session:
        export_seals(session, tmp_path)
        assert file.read_bytes() == whole
        assert verify(session, seals_folder=tmp_path).problems == []


def test_a_row_with_an_old_id_that_was_committed_late_is_found_by_the_complete_look(cast: Cast, at: At) -> None:
    at("2026-11-10 09:00")
    with transaction() as session:
        earn_visit(session, cast.li)
        seal_new_rows(session)
    at("2026-11-03 10:00")  # a clock a week behind
    with transaction() as session:
        late = earn_visit(session, cast.zhang)
    at("2026-11-10 09:10")
    with transaction() as session:
        assert seal_new_rows(session) is None
        assert seal_new_rows(session, complete=True, reason="close") is not None
        proof = inclusion_of(session, late.id)
        assert proof is not None and proof.holds()
