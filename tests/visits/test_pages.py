"""The pages of visits as people use them: without a script, with wrong input, twice, from the wrong side."""

import io
import re

import pytest
from PIL import Image
from sqlmodel import select

from tests import factories as make
from tests.cast import Cast
from tests.fixtures.browsing import Visitor
from tests.fixtures.site import SignIn
from tests.visits.conftest import Plan, actor_of, at_door, event, seen, tell
from timebank.careplans.models import ServiceKind
from timebank.core import clock, crypto, db
from timebank.core.actors import Role
from timebank.policies import operations as policies
from timebank.visits import operations, queries
from timebank.visits.models import EventKind as Kind
from timebank.visits.models import SlipPhoto, Visit, VisitCarer, VisitState

pytestmark = pytest.mark.usefixtures("app")


def code_of(visit: Visit) -> str:
    return queries.day_code(visit.household_code, visit.due_on)


def picture(kind: str = "JPEG", size: tuple[int, int] = (640, 480), exif: bytes = b"") -> bytes:
    drawn = io.BytesIO()
    Image.new("RGB", size, "white").save(drawn, kind, **({"exif": exif} if exif else {}))
    return drawn.getvalue()


def test_a_visit_walked_through_without_any_script(sign_in: SignIn, planned: Plan) -> None:
    visit = planned()
    li = sign_in("li")
    page = li.visit("/today")
    assert "黄桷树下" in page and "陈婆婆" in page
    li.submit(f"/stops/{visit.id}/answer", answer="yes")
    stop = f"/stops/{visit.id}"
    li.visit(stop)
    assert "Arrival is in the book" in li.submit(stop + "/events", day_code=code_of(visit))
    assert seen(visit).state == VisitState.RUNNING
    assert "I am leaving" in li.visit(stop)


def form_of(li: Visitor, visit: Visit, kind: str) -> dict[str, str]:
    return {"kind": kind, "csrf_token": li.token()}


@pytest.mark.parametrize(
    ("values", "status", "words"),
    [
        ({"kind": "check_in", "day_code": "12345"}, 400, "six plain digits"),
        ({"kind": "check_in", "day_code": "１２３４５"}, 400, "six plain digits"),
        ({"kind": "check_in", "lat": "north", "lon": "1", "accuracy_m": "5"}, 400, "position could not be read"),
        ({"kind": "check_in", "lat": "nan", "lon": "1", "accuracy_m": "5"}, 400, "position of the phone"),
        ({"kind": "check_in", "lat": "29", "lon": "200", "accuracy_m": "5"}, 400, "position of the phone"),
        ({"kind": "dance"}, 400, "Choose from the list"),
        ({"kind": "vitals", "systolic": "900"}, 400, "from 50 to 260"),
        ({"kind": "note", "note": "x" * 5000}, 400, "at most 400"),
        ({"kind": "check_in", "event_id": "evt_mine"}, 400, "no proper name"),
        ({"kind": "photo"}, 400, "fill this in"),
    ],
)
def test_what_cannot_be_told(sign_in: SignIn, planned: Plan, values: dict[str, str], status: int, words: str) -> None:
    visit = planned()
    answer = sign_in("li").send(f"/stops/{visit.id}/events", values)
    assert answer.status_code == status and words in answer.text
    assert seen(visit).state == VisitState.PLANNED


def test_stops_of_others_and_of_nowhere_answer_alike(sign_in: SignIn, planned: Plan, cast: Cast) -> None:
    visit = planned(cast.zhang)
    li = sign_in("li")
    for path in (f"/stops/{visit.id}", "/stops/vis_nothing"):
        assert li.get(path).status_code == 404
    assert "not on your list today" in li.visit("/door/" + cast.hu_daye.household_code)
    own = planned()
    assert "card of this door is read" in li.visit("/door/" + own.household_code)


def test_declining_needs_a_reason_and_opens_the_visit_again(sign_in: SignIn, planned: Plan) -> None:
    visit = planned()
    li = sign_in("li")
    assert li.send(f"/stops/{visit.id}/answer", {"answer": "no"}).status_code == 400
    assert li.send(f"/stops/{visit.id}/answer", {"answer": "perhaps"}).status_code == 400
    assert li.send(f"/stops/{visit.id}/answer", {"answer": "no", "reason": "赶场"}).status_code == 303
    assert seen(visit).state == VisitState.DUE


def test_the_queue_takes_what_it_can_and_says_why_not(sign_in: SignIn, planned: Plan) -> None:
    visit = planned()
    li = sign_in("li")
    good = {"id": "evt_" + "0" * 26, "visit_id": visit.id, "kind": "check_in", "device_at": "2026-11-03T01:00:00Z"}
    bad = [
        good | {"id": "evt_" + "1" * 26, "visit_id": "vis_" + "0" * 26},
        good | {"id": "evt_" + "2" * 26, "kind": "dance"},
        good | {"id": "evt_" + "3" * 26, "device_at": "yesterday"},
        good | {"id": "evt_" + "4" * 26, "data": {"note": "\ud800"}},
        good | {"id": "evt_" + "5" * 26, "data": {"note": "a\x00b"}},
        good | {"id": "evt_" + "6" * 26, "extra": 1},
        good | {"day_code": "123456"},
        "not an entry",
    ]
    answer = li.send_json("/api/visit-events", {"device": "dev_a", "events": [good, *bad, good]})
    assert answer.status_code == 200
    assert [one["state"] for one in answer.json["results"]] == ["accepted", *["refused"] * 8, "repeated"]  # type: ignore[index]
    assert all(one["message"] for one in answer.json["results"])  # type: ignore[index]


@pytest.mark.parametrize(
    "body",
    [[], {"events": {}}, {"events": [{}] * 501}, {"events": [], "device": "x" * 99}, {"events": [], "sent_at": 7.5e99}],
)
def test_queues_that_are_none(sign_in: SignIn, body: object) -> None:
    answer = sign_in("li").send_json("/api/visit-events", body)
    assert answer.status_code == 400 and answer.json["error"]["field"]  # type: ignore[index]


def test_brackets_without_end_are_answered(sign_in: SignIn) -> None:
    li = sign_in("li")
    deep = "[" * 200_000
    answer = li.post(
        "/api/visit-events", data=deep, content_type="application/json", headers={"X-CSRFToken": li.token()}
    )
    assert answer.status_code == 400


def test_a_queue_without_a_login_is_told_to_sign_in(client: Visitor, cast: Cast) -> None:
    client.visit("/sign-in?lang=en")
    answer = client.send_json("/api/visit-events", {"events": []})
    assert answer.status_code == 401 and "nothing on this phone is lost" in answer.text


def told_photo(li: Visitor, visit: Visit) -> str:
    entry = {"id": "evt_" + "7" * 26, "visit_id": visit.id, "kind": "photo", "device_at": "2026-11-03T01:00:00Z"}
    li.send_json("/api/visit-events", {"events": [entry]})
    return str(entry["id"])


def send_photo(li: Visitor, key: str, raw: bytes) -> int:
    headers = {"X-CSRFToken": li.token(), "Accept": "application/json"}
    return li.post(f"/api/visit-photos/{key}", data=raw, content_type="image/jpeg", headers=headers).status_code


def test_a_photo_is_kept_once_redrawn_and_sealed(sign_in: SignIn, planned: Plan) -> None:
    visit = planned()
    li = sign_in("li")
    place = Image.Exif()
    place[0x010E] = "secret description"
    raw = picture(size=(2400, 1200), exif=place.tobytes())
    key = told_photo(li, visit)
    assert [send_photo(li, key, raw), send_photo(li, key, raw)] == [200, 200]
    assert send_photo(li, key, picture()) == 409
    with db.reading() as session:
        kept = session.exec(select(SlipPhoto)).one()
    assert (kept.width, kept.height) == (1600, 800)
    assert "secret" not in str(crypto.vault().open(kept.sealed))
    answer = sign_in(Role.SUPERVISOR).get(f"/slip-photos/{key}")
    assert answer.mimetype == "image/jpeg" and b"secret description" not in answer.data
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert sign_in("sun").get(f"/slip-photos/{key}").status_code == 404


@pytest.mark.parametrize(
    "raw",
    [
        b"<script>alert(1)</script>",
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"GIF89a" + b"\x00" * 64,
        b"\xff\xd8\xff\xe0" + b"\x00" * 64,
        picture()[:200],
        picture(size=(4, 4)),
        b"",
    ],
)
def test_what_is_no_photo_is_not_kept(sign_in: SignIn, planned: Plan, raw: bytes) -> None:
    visit = planned()
    li = sign_in("li")
    assert send_photo(li, told_photo(li, visit), raw) == 400
    with db.reading() as session:
        assert session.exec(select(SlipPhoto)).all() == []


def test_a_picture_of_too_many_pixels_is_refused_before_it_is_drawn(sign_in: SignIn, planned: Plan) -> None:
    visit = planned()
    li = sign_in("li")
    flood = io.BytesIO()
    Image.new("1", (7000, 7000)).save(flood, "PNG")
    assert send_photo(li, told_photo(li, visit), flood.getvalue()) == 400


def test_a_script_behind_a_picture_does_not_survive(sign_in: SignIn, planned: Plan) -> None:
    visit = planned()
    li = sign_in("li")
    key = told_photo(li, visit)
    assert send_photo(li, key, picture() + b"<script>alert(1)</script>") == 200
    assert b"script" not in sign_in(Role.SUPERVISOR).get(f"/slip-photos/{key}").data


def test_forty_megabytes_are_refused_with_a_word(sign_in: SignIn, planned: Plan) -> None:
    visit = planned()
    li = sign_in("li")
    assert send_photo(li, told_photo(li, visit), b"\xff" * 40_000_000) == 413


def test_slips_of_a_day_are_entered_on_one_page(sign_in: SignIn, planned: Plan, cast: Cast) -> None:
    first, second = planned(), planned(cast.zhang, elder=cast.ran_daye)
    wang = sign_in(Role.ASSISTANT)
    wang.visit("/village-day/slips")
    keys = [f"{first.id}-{cast.li.id}", f"{second.id}-{cast.zhang.id}"]
    one, other = keys
    fields = {f"from-{one}": "08:00", f"to-{one}": "08:45", f"from-{other}": "09:00", f"to-{other}": "08:00"}
    refused = wang.send("/village-day/slips", fields | {"on": first.due_on.isoformat()})
    assert refused.status_code == 400 and "end lies before" in refused.text and 'value="08:45"' in refused.text
    assert seen(first).state == VisitState.PLANNED
    fields[f"to-{keys[1]}"] = "09:40"
    kept = wang.send("/village-day/slips", fields | {"on": first.due_on.isoformat(), f"signed-{keys[0]}": "yes"})
    assert kept.status_code == 303
    assert (seen(first).state, seen(second).state) == (VisitState.CONFIRMED, VisitState.DONE)


def test_a_slip_as_planned_is_one_tick_and_an_untouched_row_is_no_slip(
    sign_in: SignIn, planned: Plan, cast: Cast
) -> None:
    ticked, untouched, changed = planned(), planned(cast.zhang, elder=cast.ran_daye), planned()
    signed = planned(cast.zhang, elder=cast.ran_daye)
    wang = sign_in(Role.ASSISTANT)
    page = wang.visit("/village-day/slips")
    assert page.count('name="planned-') == 4 and page.count('value="09:00-09:45"') == 4
    assert page.count("<h2>") == 2, "one heading for each home"
    kept = wang.submit(
        "/village-day/slips",
        **{
            f"slip__{ticked.id}__{cast.li.id}": "yes",
            f"signed__{signed.id}__{cast.zhang.id}": "yes",
            f"to__{changed.id}__{cast.li.id}": "10:30",
        },
    )
    assert "3 slips are in the book" in kept
    with db.reading() as session:
        left = dict(session.exec(select(VisitCarer.visit_id, VisitCarer.checked_out_at)).all())
    minutes = {key: at and clock.minute_of_day(at) for key, at in left.items()}
    assert minutes == {ticked.id: 585, untouched.id: None, changed.id: 630, signed.id: 585}
    assert "0 slips are in the book" in _keep_untouched(wang)


def _keep_untouched(wang: Visitor) -> str:
    wang.visit("/village-day/slips")
    return wang.submit("/village-day/slips")


def test_strips_cards_and_slips_are_printed_for_a_village(sign_in: SignIn, planned: Plan) -> None:
    visit = planned()
    wang = sign_in(Role.ASSISTANT)
    assert code_of(visit) in wang.visit("/village-day/strips")
    assert "data:image/svg" in wang.visit("/village-day/cards")
    assert visit.household_code in wang.visit("/village-day/slips/print")
    assert sign_in(Role.COORDINATOR).get("/village-day/strips").status_code == 403


def test_an_alarm_is_shown_until_somebody_has_it_in_hand(sign_in: SignIn, planned: Plan, cast: Cast) -> None:
    visit = planned()
    tell(cast, event(visit, Kind.SOS, 9 * 60))
    wang = sign_in(Role.ASSISTANT)
    assert "What was done?" in wang.visit("/village-day")
    with db.reading() as session:
        key = queries.events_of(session, visit.id)[0].id
    wang.submit(f"/village-day/alarms/{key}", words="送到镇卫生院")
    assert "taken in hand" in wang.visit("/village-day")
    assert sign_in("sun").send(f"/village-day/alarms/{key}", {"words": "x"}).status_code == 404


def test_kin_follow_confirm_and_call_off_as_far_as_their_power_goes(sign_in: SignIn, planned: Plan, cast: Cast) -> None:
    visit = planned()
    tell(cast, event(visit, Kind.CHECK_IN, 9 * 60))
    tell(cast, event(visit, Kind.CHECK_OUT, 9 * 60 + 45))
    kin = sign_in("xiaofang")
    assert "How was it?" in kin.visit("/family")
    kin.submit(f"/family/{visit.id}/confirm", happy="3")
    assert seen(visit).state == VisitState.CONFIRMED
    later = planned()
    kin.visit("/family")
    kin.submit(f"/family/{later.id}/cancel", reason="去重庆看病")
    assert (seen(later).state, seen(later).cancel_reason) == (VisitState.CANCELLED, "去重庆看病")
    assert sign_in("ran").send(f"/family/{visit.id}/confirm", {"happy": "1"}).status_code == 404


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("due_on", "2026-11-02", "today or a later day"),
        ("due_on", "2027-11-02", "within the next 92 days"),
        ("window_to", "09:10", "shorter than the help takes"),
        ("duration_minutes", "600", "from 15 to 240"),
        ("service", "loan", "Choose from the list"),
        ("elder_id", "per_nobody", "no such person"),
    ],
)
def test_help_that_cannot_be_asked_for(sign_in: SignIn, cast: Cast, field: str, value: str, words: str) -> None:
    with db.transaction() as session:
        make.hours(session=session, person=cast.chen_popo, minutes=120)
    kin = sign_in("xiaofang")
    kin.visit("/family/ask")
    good = {
        **{"elder_id": cast.chen_popo.id, "service": "company", "due_on": "2026-11-04", "window_from": "09:00"},
        **{"window_to": "11:00", "duration_minutes": "60", "notes": ""},
    }
    answer = kin.send("/family/ask", good | {field: value})
    assert answer.status_code in (400, 404, 409) and words in answer.text
    with db.reading() as session:
        assert session.exec(select(Visit)).all() == []


def test_wanted_help_is_shown_to_who_may_give_it_nearest_first(sign_in: SignIn, cast: Cast) -> None:
    with db.transaction() as session:
        make.hours(session=session, person=cast.chen_popo, minutes=600)
        for service in (ServiceKind.ESCORT, ServiceKind.COMPANY):
            asked = operations.RequestIn(cast.chen_popo.id, service, clock.today(), 600, 720, 60)
            operations.ask_for_help(session, actor=actor_of(cast, "xiaofang"), asked=asked)
    li = sign_in("li")
    page = li.visit("/wanted")
    assert "company" in page and "222 m" in page
    assert "to the doctor" not in page, "李姐 is not trained for it"
    assert "陈〇" in page and "陈婆婆" not in page, "the name only for who goes"
    taken = re.search(r"/wanted/(vis_\w+)/take", page)
    assert taken
    li.submit(f"/wanted/{taken[1]}/take")
    late = sign_in("zhang").send(f"/wanted/{taken[1]}/take")
    assert late.status_code == 409 and "faster" in late.text
    assert sign_in("yang").send(f"/wanted/{taken[1]}/take").status_code == 404


def test_a_bath_that_was_asked_for_is_taken_by_two(sign_in: SignIn, cast: Cast) -> None:
    with db.transaction() as session:
        make.hours(session=session, person=cast.chen_popo, minutes=600)
        asked = operations.RequestIn(cast.chen_popo.id, ServiceKind.BATH, clock.today(), 600, 720, 60)
        visit = operations.ask_for_help(session, actor=actor_of(cast, "xiaofang"), asked=asked)
    for name, state in (("li", VisitState.DUE), ("zhang", VisitState.PLANNED)):
        assert sign_in(name).send(f"/wanted/{visit.id}/take").status_code == 303
        assert seen(visit).state == state
    with db.reading() as session:
        assert len(session.exec(select(VisitCarer)).all()) == 2


def test_a_reviewer_sees_what_there_is_and_says_why_not(sign_in: SignIn, planned: Plan, cast: Cast) -> None:
    visit = planned()
    tell(cast, event(visit, Kind.CHECK_IN, 9 * 60, day_code=code_of(visit), device_id="dev_a", counter=1))
    tell(cast, event(visit, Kind.NOTE, 9 * 60 + 5, data={"note": "灯坏了"}, device_id="dev_a", counter=2))
    tell(cast, event(visit, Kind.CHECK_OUT, 9 * 60 + 45, device_id="dev_a", counter=3))
    sign_in("xiaofang").send(f"/family/{visit.id}/confirm", {"happy": "3"})
    wu = sign_in(Role.SUPERVISOR)
    assert visit.id in wu.visit("/reviews")
    page = wu.visit(f"/reviews/{visit.id}")
    assert "灯坏了" in page and "right" in page
    assert wu.send(f"/reviews/{visit.id}", {"decision": "reject"}).status_code == 400
    assert wu.send(f"/reviews/{visit.id}", {"decision": "maybe"}).status_code == 400
    assert wu.send(f"/reviews/{visit.id}", {"decision": "approve"}).status_code == 303
    assert seen(visit).state == VisitState.SETTLED


def test_a_reviewer_calls_back_and_what_was_not_so_is_never_credited_with_a_tick(
    sign_in: SignIn, planned: Plan, cast: Cast
) -> None:
    visit = planned()
    tell(cast, event(visit, Kind.CHECK_IN, 9 * 60, day_code=code_of(visit)))
    tell(cast, event(visit, Kind.CHECK_OUT, 9 * 60 + 45))
    assert (
        sign_in("wang").send(f"/village-day/{visit.id}/confirm", {"method": "assistant", "happy": "3"}).status_code
        == 303
    )
    wu, here = sign_in(Role.SUPERVISOR), f"/reviews/{visit.id}"
    assert "Was somebody there on that day?" in wu.visit(here)
    assert wu.send(f"{here}/call-back", {"outcome": "not_reached"}).status_code == 303
    refused = wu.send(f"{here}/call-back", {"outcome": "otherwise"})
    assert refused.status_code == 400 and 'id="error-words"' in refused.text
    wu.visit(here)
    page = wu.submit("/call-back", words="没人来过", outcome="otherwise")
    assert "could not be reached" in page and "没人来过" in page and "disagrees" in page
    wu.send("/reviews/credit-ticked", {"visit_id": [visit.id]})
    assert seen(visit).state == VisitState.CONFIRMED, "nothing is credited over the elder's word by a tick"
    assert sign_in("wang").send(f"{here}/call-back", {"outcome": "fits"}).status_code == 403


def test_times_and_days_off(sign_in: SignIn, cast: Cast) -> None:
    li = sign_in("li")
    li.visit("/me")
    li.submit("/me/hours", from__0="09:00", to__0="12:00", from__1="", to__1="")
    assert li.send("/me/hours", {"from-0": "12:00", "to-0": "09:00", "travel_mode": "walk"}).status_code == 400
    assert li.send("/me/days-off", {"first_on": "2026-11-10", "last_on": "2026-11-12"}).status_code == 303
    assert li.send("/me/days-off", {"first_on": "2026-11-10", "last_on": "2027-11-12"}).status_code == 400
    assert li.visit("/me").count("I can come after all") == 3
    li.send("/me/days-off/remove", {"on": "2026-11-11"})
    assert li.visit("/me").count("I can come after all") == 2


def test_a_slip_without_a_plan_is_typed_by_name_or_door(sign_in: SignIn, cast: Cast) -> None:
    wang = sign_in("wang")
    wang.visit("/village-day/slips?on=2026-11-02")
    wang.visit("/village-day/unplanned-slip?on=2026-11-02")
    given = {"elder": "陈婆婆", "person": "li jie", "service": "chore", "from": "14:00", "to": "15:00"}
    wrong = wang.submit("/unplanned-slip", status=400, **(given | {"person": "无名氏"}))
    assert "Nobody of this name here" in wrong and "陈婆婆" in wrong
    assert "The slip is in the book" in wang.submit("/unplanned-slip", **given)
    with db.reading() as session:
        visit = session.exec(select(Visit)).one()
        assert (visit.elder_id, visit.flags) == (cast.chen_popo.id, ["by_office", "no_photo", "unplanned"])


def test_several_people_of_a_name_are_told_apart_by_the_door(sign_in: SignIn, cast: Cast) -> None:
    with db.transaction() as session:
        home = make.household(session=session, number=12)
        make.elder(session=session, household=home, name="陈婆婆")
    wang = sign_in("wang")
    wang.visit("/village-day/unplanned-slip?on=2026-11-02")
    given = {"elder": "陈婆婆", "person": "李姐", "service": "chore", "from": "14:00", "to": "15:00"}
    assert "陈婆婆 0001、陈婆婆 0012" in wang.submit("/unplanned-slip", status=400, **given)
    assert "The slip is in the book" in wang.submit("/unplanned-slip", **(given | {"elder": "陈婆婆 0001"}))


def test_ticked_reviews_are_credited_together_and_who_came_in_vain_by_policy(
    sign_in: SignIn, planned: Plan, cast: Cast
) -> None:
    changes = {"review.sample_percent": 0, "visit.show_up_minutes": 30}
    with db.transaction() as session:
        version = policies.propose(
            session, actor=actor_of(cast, "tan"), area_code=make.TOWNSHIP, starts_on=clock.today(), changes=changes
        )
        policies.approve(session, actor=actor_of(cast, "zhou"), version_id=version.id)
    good, shut = planned(), planned(cast.zhang, elder=cast.ran_daye)
    tell(cast, event(good, Kind.CHECK_IN, 9 * 60 + 7, place=at_door()))
    tell(cast, event(good, Kind.CHECK_OUT, 9 * 60 + 53))
    tell(cast, event(shut, Kind.NO_ANSWER, 9 * 60 + 5), "zhang")
    with db.transaction() as session:
        operations.confirm(session, actor=actor_of(cast, "xiaofang"), visit_id=good.id, method="button")
    wu = sign_in("wu")
    assert "Credit 30 min for coming" in wu.visit("/reviews")
    answer = wu.send("/reviews/credit-ticked", {"visit_id": [good.id]}, follow_redirects=True)
    assert "1 visit is credited." in answer.text
    assert "Credit 30 min for coming" not in wu.submit("/show-up")
    assert (seen(good).state, seen(shut).state) == (VisitState.SETTLED, VisitState.UNREACHED)
