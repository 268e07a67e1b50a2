"""How names are read, and what people type to find them. Pure.

pypinyin reads signs as words do; surnames have readings of their own (通用规范汉字字典, 中国姓氏大辞典). Where a family
reads its name otherwise (覃 is Qín or Tán), the reading is corrected by hand and never overwritten.
"""

from pypinyin import Style, lazy_pinyin

SURNAMES = {
    **{"单": "shan", "仇": "qiu", "曾": "zeng", "冼": "xian", "覃": "qin", "解": "xie", "查": "zha", "任": "ren"},
    **{"区": "ou", "朴": "piao", "盖": "ge", "乐": "yue", "缪": "miao", "折": "she", "种": "chong", "召": "shao"},
    **{"员": "yun", "祭": "zhai", "繁": "po", "翟": "zhai", "隗": "wei", "阚": "kan", "都": "du", "卜": "bu"},
    **{"佴": "nai", "句": "gou", "角": "jue", "洗": "xian", "秘": "bi", "重": "chong", "藏": "zang", "薄": "bo"},
    **{"难": "ning", "乜": "nie", "能": "nai", "载": "dai", "颉": "xie", "华": "hua", "纪": "ji", "燕": "yan"},
    **{"尉迟": "yu chi", "万俟": "mo qi", "长孙": "zhang sun", "澹台": "tan tai", "令狐": "ling hu"},
    **{"单于": "chan yu", "夏侯": "xia hou"},
}


def reading_of(name: str) -> str:
    """The reading of a name in letters, a blank between signs: 单雄信 is "shan xiong xin"."""
    cleaned = "".join(sign for sign in name.strip() if sign.isalpha() or sign.isspace())
    surname = next((cleaned[:size] for size in (2, 1) if cleaned[:size] in SURNAMES), "")
    given = lazy_pinyin(cleaned[len(surname) :], style=Style.NORMAL)
    words = [SURNAMES.get(surname, ""), *given]
    return " ".join(" ".join(words).lower().split())


def key_of(reading: str) -> str:
    """A reading as it is compared: letters only, ü and v as u, so that 吕 is found by lu, lv and lü."""
    return "".join(sign for sign in reading.lower() if sign.isalpha()).replace("ü", "u").replace("v", "u")


def initials_of(reading: str) -> str:
    """The first letters of a reading: "chen gui ying" is "cgy"."""
    return "".join(word[0] for word in reading.lower().split())
