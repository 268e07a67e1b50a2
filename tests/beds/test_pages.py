"""A bed walked through its pages, the subsidy table, and what kin see: as far as power and consent allow."""

import csv
import io

from openpyxl import load_workbook
from sqlmodel import select

from tests import factories as make
from tests.cast import Cast
from tests.fixtures.site import At, SignIn
from timebank.audit.models import AuditEvent
from timebank.beds import checklists
from timebank.core import clock, db
from timebank.core.actors import SYSTEM
from timebank.people.operations import withdraw_consent
from timebank.policies import operations as policies

TODAY = "2026-11-03"


def test_from_the_application_to_the_end(cast: Cast, sign_in: SignIn) -> None:
    with db.transaction() as session:
        make.assessment(session=session, elder=cast.chen_popo, level=3)
    zhou, wu = sign_in("zhou"), sign_in("wu")
    zhou.visit(f"/people/{cast.chen_popo.id}")
    zhou.visit(f"/beds/of/{cast.chen_popo.id}")
    zhou.submit(f"/beds/of/{cast.chen_popo.id}", happened_on=TODAY, evidence="申请书")
    steps = {"action": "/steps"}
    assert "Assessment taken over" in zhou.submit(**steps, having={"step": "assess"}, evidence="评估表")
    page = zhou.submit(**steps, having={"step": "check"}, adaptations=["light", "no_sill"], later=["light"])
    assert "take the door sill away" in page
    contract = {"provider": "江口站", "contract_no": "WL-1", "starts_on": TODAY}
    page = zhou.submit(**steps, having={"step": "contract"}, status=400, ends_on="2026-11-01", **contract)
    assert "A contract ends after it begins" in page and 'value="WL-1"' in page
    zhou.submit(**steps, having={"step": "contract"}, ends_on="2027-11-02", **contract)
    assert "1 change of the home must be done" in zhou.submit(**steps, having={"step": "begin"}, status=409)
    sill = next(f for f in _done_forms(zhou.page.text) if "before the beginning" in f)  # type: ignore[union-attr]
    zhou.submit(sill.split('action="')[1].split('"')[0], evidence="照片")
    zhou.submit(**steps, having={"step": "begin"})
    page = zhou.submit("/equipment", status=400, kind="call_button", mark="7 号", placed_on="0026-11-03")
    assert "Since: Write the date as" in page and 'value="7 号"' in page and 'id="error-placed_on"' in page
    page = zhou.submit("/equipment", kind="call_button", mark="7 号", placed_on=TODAY)
    assert "call button" in page and ">runs<" in page.replace("</svg>", ">")
    wu.visit("/beds")
    bed = next(part for part in wu.page.text.split('href="') if part.startswith("/beds/bed_")).split('"')[0]  # type: ignore[union-attr]
    wu.visit(f"{bed}/inspect")
    good = {f"item__{item}": "good" for item in checklists.items()}
    page = wu.submit("/inspect", **(good | {"item__gas_fire": "hazard"}))
    assert "1 hazard <" in page
    zhou.visit("/beds/hazards")
    assert "Kept. The next inspection" in zhou.submit("/mended", evidence="换了软管")
    zhou.visit(bed)
    assert "1 thing lent" in zhou.submit(**steps, having={"step": "close"}, status=409, words="不用了")


def _done_forms(page: str) -> list[str]:
    return [part for part in page.split("<li>") if "/done" in part]


def test_the_subsidy_table_keeps_vouchers_apart_names_who_took_it_and_is_logged(
    cast: Cast, sign_in: SignIn, at: At
) -> None:
    with db.transaction() as session:
        make.assessment(session=session, elder=cast.chen_popo, level=3)
        make.care_bed(session=session, elder=cast.chen_popo)
        district = {"area_code": make.DISTRICT, "starts_on": clock.today(), "note_text": "区里定的"}
        version = policies.propose(session, actor=SYSTEM, changes={"bed.subsidy_yuan": 300}, **district)  # type: ignore[arg-type]
        version.approved_by = "usr_second"
    tan = sign_in("tan")
    tan.visit("/beds/figures")
    rows = list(csv.reader(io.StringIO(tan.send("/beds/subsidy", {"month": "2026-11", "kind": "csv"}).text)))
    assert (rows[1][2], rows[1][3], rows[1][-2:]) == ("陈婆婆", "WL-2026-0001", ["0", "0"])
    assert [rows[0][n] for n in (7, 8)] == ["Visits for hours", "Visits paid by voucher"]
    assert cast.users["tan"] in rows[-1][0]
    book = load_workbook(io.BytesIO(tan.send("/beds/subsidy", {"month": "2026-11", "kind": "xlsx"}).data))
    assert [cell.value for cell in book.active[2]][2] == "陈婆婆"
    with db.reading() as session:
        taken = session.exec(select(AuditEvent).where(AuditEvent.action == "beds.export_subsidy")).all()
    assert [event.user_id for event in taken] == [cast.users["tan"]] * 2
    assert tan.send("/beds/subsidy", {"month": "2026-13", "kind": "csv"}).status_code == 400
    assert sign_in("zhou").send("/beds/subsidy", {"month": "2026-11", "kind": "csv"}).status_code == 403


def test_kin_see_what_the_power_and_the_consent_allow(cast: Cast, sign_in: SignIn) -> None:
    with db.transaction() as session:
        made = make.assessment(session=session, elder=cast.chen_popo, level=3)
        make.care_bed(session=session, elder=cast.chen_popo)
    kin = sign_in("xiaofang")
    assert "Nothing to show" in kin.visit("/my-care")
    assert "does not say" in kin.send(f"/my-care/{made.id}/dispute", {"words": "不对"}).text
    with db.transaction() as session:
        make.proxy(session=session, holder=cast.xiaofang, elder=cast.chen_popo, purposes=["see_bed"])
    page = kin.visit("/my-care")
    assert "severely dependent" in page and "江口养老服务站" in page
    assert "two other people will assess again" in kin.submit("/dispute", words="她现在站不起来").lower()
    with db.transaction() as session:
        withdraw_consent(session, actor=SYSTEM, person_id=cast.chen_popo.id, purpose="health")
    page = kin.visit("/my-care")
    assert "severely dependent" not in page and "no consent for health data" in page


def test_start_pages_name_what_is_short_and_past_its_day(cast: Cast, sign_in: SignIn, at: At) -> None:
    with db.transaction() as session:
        make.assessment(session=session, elder=cast.chen_popo, level=3)
        make.care_bed(session=session, elder=cast.chen_popo)
    at("2026-11-25 09:00")
    for who in ("zhou", "wu"):
        assert "home-care bed got too little this month" in sign_in(who).visit("/")
    assert "1 bed got too little" in sign_in("zhou").visit("/beds")
    assert "陈婆婆" in sign_in("tan").visit("/beds?short=1")
