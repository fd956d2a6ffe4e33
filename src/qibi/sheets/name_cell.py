"""What a cell of names in a roster holds: one person or several, and what people write next to a name."""

import re
import unicodedata
from dataclasses import dataclass

from qibi.base.language import _
from qibi.base.text import folded
from qibi.book.words import STATUS_WORDS
from qibi.sheets.names import simplified

_ROLES = (
    "书记 副书记 支部书记 支部副书记 党支部书记 党支部副书记 总支书记 第一书记 委员 支委 组织委员 宣传委员 纪检委员 纪律检查委员"
    " 青年委员 群工委员 统战委员 生活委员 保密委员 统战群工委员 组长 副组长 党小组长 党小组组长 小组长 小组组长 班长 副班长"
    " 班组长 队长 副队长 主任 副主任 科长 副科长 科员 处长 副处长 部长 副部长 站长 副站长 厂长 副厂长 所长 院长 经理 副经理 项目经理"
    " 项目副经理 总经理 副总经理 总工 总工程师 副总工程师 安全员 质量员 安全总监 主管 负责人 联系人 积分员 记分员 同志 主持工作 挂职 借调"
    " secretary deputysecretary leader teamleader groupleader deputyleader manager projectmanager"
    " deputymanager foreman supervisor head deputyhead chief director lead teamlead"
)
_ROLE_WORDS = frozenset(_ROLES.split())
_ENDS_IN_ROLE = re.compile(
    r"[^\W\d_]+?(书记|主任|经理|组长|委员|班长|队长|部长|科长|处长|总工|同志)"
)
_GENDERS = {"男": "男", "女": "女", "m": "m", "f": "f", "male": "m", "female": "f"}
_PEOPLES = re.compile(r".{1,6}族|汉|回|满|壮")
_PHONE = re.compile(
    r"(?:(?:手机|联系电话|电话|tel|phone|mobile)[号码]*[.:]?\s*)?"
    r"(?:(?:\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}|0\d{2,3}[- ]?\d{7,8}"
    r"|\+\d[\d -]{6,}\d|\d{17}[\dXx]|\d{7,})(?!\d)",
    re.IGNORECASE,
)
_PHONES = re.compile(rf"\([^()]*\)|\[[^\[\]]*\]|{_PHONE.pattern}", re.IGNORECASE)
_RUNNING = re.compile(r"\s*\(?\d{1,3}\s*[.、)]\s*(?=\D)")  # `1. 张三`
_PLAIN = str.maketrans("（）［］【】：；／＆｜", "()[][]:;/&|")
_BRACKETS = re.compile(r"\(([^()]*)\)|\[([^\[\]]*)\]")
_PIECE = re.compile(r"(?:\([^()]*\)|\[[^\[\]]*\]|[^、;/&|()\[\]])+|[()\[\]]")
_BETWEEN_PARTS = re.compile(r"[、,，/;]|兼|\s")
_AND = re.compile(r"(?<=\w)\s+(?:and|和|与)\s+(?=\w)", re.IGNORECASE)
_HAN = re.compile(r"[\u3007\u3400-\u9fff\U00020000-\U000323af]")
_DOTS = "·•・‧∙."
_COMPOUND = frozenset(
    [
        "欧阳",
        "司马",
        "上官",
        "诸葛",
        "司徒",
        "东方",
        "皇甫",
        "尉迟",
        "公孙",
        "慕容",
        "令狐",
        "长孙",
        "宇文",
        "夏侯",
        "轩辕",
        "端木",
        "独孤",
        "南宫",
        "申屠",
        "澹台",
        "呼延",
        "闻人",
        "钟离",
        "太史",
    ]
)
_SCRIPTS = ("LATIN", "CYRILLIC", "GREEK")
_LIKE_HAN = re.compile(r"[ーニエカロタトハオセ]")  # kana that pass for 一二工力口夕卜八才七
_NOBODY = frozenset(
    [
        "待定",
        "暂缺",
        "空缺",
        "空",
        "缺",
        "未定",
        "待补",
        "待补充",
        "未知",
        "不详",
        "vacant",
        "tbd",
        "tba",
        "tbc",
        "unknown",
        "nobody",
    ]
)


class NotAName(Exception):
    """A text that can't be taken for names; the message says why, and what to do."""


@dataclass(frozen=True)
class Named:
    """A person as a cell names them: the name, and what stands next to it.

    `aside` is what is in brackets and on no list; `cut` says whether anything was left out.
    """

    name: str
    status: str = ""
    gender: str = ""
    aside: str = ""
    cut: bool = False


def cleaned(text: str) -> str:
    """The text without characters that show nothing, and with the usual ones for their look-alikes.

    Raises `NotAName` for a look-alike or an unassigned character for which there is no other.
    """
    if text.isascii():
        return text
    kept = []
    for c in text:
        kind = unicodedata.category(c)
        if kind == "Cf" or "\ufe00" <= c <= "\ufe0f" or "\U000e0100" <= c <= "\U000e01ef":
            continue
        if "\u2e80" <= c <= "\u2fd5" or "\uf900" <= c <= "\ufaff" or c >= "\U0002f800":
            usual = unicodedata.normalize("NFKC", c)
            if usual == c and c < "\u2f00":
                message = _("'{character}' (U+{code}) only looks like a character; type it again")
                raise NotAName(message.format(character=c, code=f"{ord(c):04X}"))
            c = usual
        elif kind in ("Co", "Cn", "Cs"):
            message = _("U+{code} is a character that others can't see; type it again")
            raise NotAName(message.format(code=f"{ord(c):04X}"))
        kept.append(c)
    return "".join(kept)


def refuse_mixed(text: str) -> None:
    """Raises `NotAName` for a word in letters of two alphabets, of which one only looks like the other."""
    if text.isascii():
        return
    for word in re.split(r"[\s·•・‧]+", unicodedata.normalize("NFKC", text)):
        by_script = {
            script: c
            for c in word
            for script in _SCRIPTS
            if c.isalpha() and unicodedata.name(c, "").startswith(script)
        }
        strange = by_script.get("CYRILLIC") or by_script.get("GREEK")
        if not (len(by_script) > 1 and strange):
            found = _LIKE_HAN.search(word) if _HAN.search(word) else None
            strange = found[0] if found else None
        if strange:
            message = _("'{character}' (U+{code}) only looks like a character; type it again")
            raise NotAName(message.format(character=strange, code=f"{ord(strange):04X}"))


def names_in(text: str) -> list[Named]:
    """The people that a cleaned text names; raises `NotAName`."""
    found: list[Named] = []
    lines = _PHONES.sub(_in_brackets, _AND.sub("&", text.translate(_PLAIN)))
    if any(_HAN.search(part) for part in re.split("[,，]", lines)[1:]):
        lines = re.sub("[,，]", "、", lines)
    lines = re.sub(r"([)\]])\s*(?=[^\s()\[\]、;/&|])", r"\1;", lines)  # 张三（书记）李四
    for piece in _PIECE.findall(lines):
        found += _people(piece)
    if not found:
        raise NotAName(_("'{text}' is not a name").format(text=" ".join(text.split())))
    return found


def _in_brackets(found: re.Match[str]) -> str:
    return found[0] if found[0][0] in "([" else f"({found[0]})"


def _people(piece: str) -> list[Named]:
    asides = [a or b for a, b in _BRACKETS.findall(piece)]
    bare = _RUNNING.sub("", _BRACKETS.sub(" ", piece))
    cut = bool(asides) or _RUNNING.match(piece) is not None
    label, sign, rest = bare.partition(":")
    if sign and _is_role(label):
        bare, cut = rest, True
    lines = [[w for w in line.split() if not _is_role(w)] for line in bare.split("\n")]
    lines = [words for words in lines if words]
    cut = cut or sum(map(len, lines)) < len(bare.split())
    if not lines:
        if asides or bare.strip():
            raise NotAName(_("'{text}' is not a name").format(text=piece.strip()))
        return []
    names = _divided(lines, piece)
    said = _Said(asides)
    for name in names:
        _check(name)
    last = Named(names[-1], said.status, said.gender, said.rest, cut)
    return [*(Named(name, cut=cut) for name in names[:-1]), last]


def _divided(lines: list[list[str]], piece: str) -> list[str]:
    """Names out of words: `张 三` is one, `张三 李四` are two. Raises `NotAName` where it can't be told."""
    words = [word for line in lines for word in line]
    unsure = NotAName(
        _("'{text}': one person or several? Give each a row").format(text=" ".join(piece.split()))
    )
    if all(_HAN.search(word) for word in words):
        if len(words) == 1:
            return words
        whole = "".join(words)
        if any(w[0] in _DOTS or w[-1] in _DOTS for w in words):
            return [whole]
        if words[0] in _COMPOUND and len(words) == 2:
            return [whole]
        if min(map(len, words)) > 1:
            return words
        if len(whole) <= 4:
            return [whole]
        raise unsure
    commas = [part.split() for part in re.split("[,，]", " ".join(words))]
    if len(commas) > 1:
        lines, plain = commas, " ".join(words)
        if all(len(part) == 1 for part in commas) and len(commas) == 2:
            return [plain]  # `Lee, Ann`
    if len(lines) == 1:
        return [" ".join(words)]
    if all(len(line) > 1 for line in lines):
        return [" ".join(line) for line in lines]
    raise unsure


class _Said:
    """What the brackets next to a name say."""

    def __init__(self, asides: list[str]) -> None:
        self.status = self.gender = ""
        left = []
        for aside in asides:
            for part in filter(None, map(str.strip, _BETWEEN_PARTS.split(aside))):
                word = folded(part)
                if word in _GENDERS:
                    self.gender = part
                elif word in STATUS_WORDS and word not in ("党员",):
                    self.status = part
                elif not (_is_role(part) or _PEOPLES.fullmatch(part) or _PHONE.fullmatch(part)):
                    left.append(aside.strip())
                    break
        self.rest = "、".join(left)


def _is_role(word: str) -> bool:
    return simplified(folded(word)) in _ROLE_WORDS


def _check(name: str) -> None:
    """Raises `NotAName` for what nobody is called."""
    word = folded(name)
    letters = sum(c.isalpha() or unicodedata.category(c) == "Nl" for c in name)
    strange = [c for c in name if not (c.isalpha() or c.isdecimal() or c in " '’-–,，" + _DOTS)]
    strange = [c for c in strange if unicodedata.category(c) not in ("Mn", "Mc", "Nl")]
    latin = [c for c in name if c.isalpha()]
    if len(latin) > 1 and all("\u00c0" <= c <= "\u00ff" for c in latin):
        strange = latin  # ÕÅÈý: Chinese that was read as Western text
    if word in _NOBODY:
        message = _("'{text}' is nobody's name; delete the row until there is one")
    elif strange and strange[0] in "*?＊？□○�×X":
        message = _("'{text}' is not the whole name; write it out")
    elif not letters or strange or sum(c.isdecimal() for c in name) > 6:
        message = _("'{text}' is not a name")
    elif _ENDS_IN_ROLE.fullmatch(name):
        message = _("'{text}' holds more than the name; put the rest into a column of its own")
    else:
        return
    raise NotAName(message.format(text=name))
