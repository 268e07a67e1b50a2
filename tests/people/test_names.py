"""How names are read: surnames have readings of their own."""

import pytest

from timebank.people.names import initials_of, key_of, reading_of

READINGS = {
    "单雄信": "shan xiong xin",
    "仇英": "qiu ying",
    "曾国芳": "zeng guo fang",
    "冼星海": "xian xing hai",
    "覃正华": "qin zheng hua",
    "解珍": "xie zhen",
    "任红梅": "ren hong mei",
    "朴素珍": "piao su zhen",
    "华小芳": "hua xiao fang",
    "尉迟恭": "yu chi gong",
    "令狐冲": "ling hu chong",
    "重小英": "chong xiao ying",
    "陈桂英": "chen gui ying",
    "吕素珍": "lv su zhen",
    "单": "shan",
    "阿依·买买提": "a yi mai mai ti",
    "Anna Li": "anna li",
}


@pytest.mark.parametrize(("name", "reading"), READINGS.items())
def test_a_name_is_read_as_its_family_reads_it(name: str, reading: str) -> None:
    assert reading_of(name) == reading


def test_a_sign_is_read_as_a_surname_at_the_front_only() -> None:
    assert reading_of("陈单") == "chen dan"
    assert reading_of("王华重") == "wang hua zhong"


@pytest.mark.parametrize("typed", ["lu", "lv", "lü", "Lv"])
def test_lu_with_dots_is_found_however_it_is_typed(typed: str) -> None:
    assert key_of(reading_of("吕素珍")).startswith(key_of(typed))


def test_first_letters() -> None:
    assert initials_of("chen gui ying") == "cgy"
    assert initials_of("") == ""
