"""The pages of visiting, as an assistant and a supervisor use them."""

import csv
import io

from sqlmodel import select

from tests import factories as make
from tests.cast import Cast
from tests.fixtures.site import SignIn
from tests.visiting.test_operations import tag
from timebank.core import db
from timebank.core.actors import Role
from timebank.visiting.models import Outcome, UnreachedCase, VisitingRecord


def test_an_assistant_writes_down_a_call(cast: Cast, sign_in: SignIn) -> None:
    tag(cast.chen_popo, "living_alone")
    wang = sign_in(Role.ASSISTANT)
    assert "陈婆婆" in wang.visit("/visiting")
    here = f"/visiting/of/{cast.chen_popo.id}"
    wang.visit(here)
    wang.submit(here, on="2026-11-03", form="phone", outcome="needs_help", health="worry", words="膝盖痛")
    with db.reading() as session:
        kept = session.exec(select(VisitingRecord)).one()
    assert kept.outcome == Outcome.NEEDS_HELP
    page = wang.visit(here)
    assert "膝盖痛" in page and "Health and medicine" in page


def test_what_was_typed_stays_when_the_day_is_refused(cast: Cast, sign_in: SignIn) -> None:
    wang = sign_in(Role.ASSISTANT)
    here = f"/visiting/of/{cast.chen_popo.id}"
    wang.visit(here)
    page = wang.submit(here, on="2026-12-03", form="video", outcome="well", words="很好", status=400)
    assert "很好" in page and "last 31 days" in page


def test_nobody_answered_leads_to_the_ladder_and_to_its_end(cast: Cast, sign_in: SignIn) -> None:
    wang = sign_in(Role.ASSISTANT)
    here = f"/visiting/of/{cast.chen_popo.id}"
    wang.visit(here)
    wang.submit(here, on="2026-11-03", form="door", outcome="no_answer")
    assert "second try" in wang.visit("/visiting/searches")
    with db.reading() as session:
        case = session.exec(select(UnreachedCase)).one()
    wang.submit(f"/visiting/searches/{case.id}", kind="emergency", outcome="no_answer")
    assert "Who is on their way?" in wang.visit("/visiting/searches")
    wang.submit(f"/visiting/searches/{case.id}/answer", words="在邻居家")
    assert "Everybody was reached." in wang.visit("/visiting/searches")


def test_page_export_and_start_page_show_the_same_rate(cast: Cast, sign_in: SignIn) -> None:
    tag(cast.chen_popo, "living_alone")
    tag(cast.ran_daye, "left_behind")
    wang = sign_in(Role.ASSISTANT)
    wang.visit(f"/visiting/of/{cast.chen_popo.id}")
    wang.submit(f"/visiting/of/{cast.chen_popo.id}", on="2026-11-03", form="door", outcome="well")
    wu = sign_in(Role.SUPERVISOR)
    assert "50 %" in wu.visit("/visiting-rate")
    rows = list(csv.reader(io.StringIO(wu.visit("/visiting-rate.csv").lstrip("\ufeff"))))
    assert rows[1] == [make.VILLAGE, "Qiaotou", "2026-11", "2", "1", "50"]
    assert '<strong class="count">50 %</strong>' in wu.visit("/")


def test_an_auditor_reads_and_writes_nothing(cast: Cast, sign_in: SignIn) -> None:
    luo = sign_in(Role.AUDITOR)
    assert "Write down a contact" not in luo.visit(f"/visiting/of/{cast.chen_popo.id}")
