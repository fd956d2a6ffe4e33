"""What is arranged in the weeks 2026-W31 to W38: tables only. All of it is made up."""

from example_evidence import file

REVISION = (
    "# 旧版，用到2026-W35；2026-W36起按修订版。修订原因：隐患上账多、难题销得慢，故提高隐患排查上限和难题销号",
    "# 分值；新设责任区评分；优秀线随之由102.5提到103；无专项方案改为只扣分，不再封顶一周总分。",
    "# The older version, in force until 2026-W35. Why it was revised: hazards were many and hard problems slow,",
    "# so both are worth more from W36; the duty areas' score is new; the line for excellent follows, from 102.5 to",
    "# 103; work without a special plan costs its points, and no longer holds the whole week's total at 60.",
)

# A branch for one project, from founding to the end: id, member id prefix, since, until.
RIVER = ("river-1", "rc", "2026-W10", "2026-W36")
RIVER_NAMES = (
    "过河顶管",
    "River crossing",
    "过河顶管攻坚支部",
    "River crossing project branch",
)
RIVER_UNITS = ("owner", "builder", "designer", "supervisor", "builder", "builder", "builder")

# Who was elsewhere for a while: member, branch, group, since, until.
STAYS = (
    ("o2-010", "river-1", "river-1-g2", "2026-W28", "2026-W35"),
    ("i3-012", "river-1", "river-1-g2", "2026-W28", "2026-W36"),
    ("i10-009", "inner-10", "mobile-g1", "2026-W34", "2026-W36"),
    ("i10-010", "inner-10", "mobile-g1", "2026-W34", "2026-W36"),
    ("i8-010", "inner-10", "mobile-g1", "2026-W34", "2026-W36"),
    ("i8-011", "inner-10", "mobile-g1", "2026-W34", "2026-W36"),
    ("i9-011", "inner-10", "mobile-g1", "2026-W34", "2026-W36"),
    ("i10-009", "inner-8", "mobile-g1", "2026-W37", "2026-W38"),
    ("i10-010", "inner-8", "mobile-g1", "2026-W37", "2026-W38"),
    ("i8-010", "inner-8", "mobile-g1", "2026-W37", "2026-W38"),
    ("i8-011", "inner-8", "mobile-g1", "2026-W37", "2026-W38"),
    ("i9-011", "inner-8", "mobile-g1", "2026-W37", "2026-W38"),
)
# Who has left altogether: branch, id, name, status, group, since, until.
GONE = (
    ("outer-5", "o5-013", "丁一三", "full", "outer-5-g2", "2026-W05", "2026-W35"),
    ("inner-1", "i1-013", "辛一三", "activist", "inner-1-g2", "2026-W10", "2026-W37"),
    ("inner-10", "mg-001", "流动例一", "staff", "mobile-g1", "2026-W34", "2026-W36"),
    ("inner-10", "mg-002", "流动例二", "staff", "mobile-g1", "2026-W34", "2026-W36"),
    ("inner-8", "mg-001", "流动例一", "staff", "mobile-g1", "2026-W37", "2026-W38"),
    ("inner-8", "mg-002", "流动例二", "staff", "mobile-g1", "2026-W37", "2026-W38"),
)
# The mobile Party group follows its container: branch, id, zh, en, attached to, since, until.
_MOBILE = ("mobile-g1", "流动党小组", "Mobile Party group", ("工会小组", "抢修作业班"))
GROUPS = (
    ("inner-10", *_MOBILE, "2026-W34", "2026-W36"),
    ("inner-8", *_MOBILE, "2026-W37", "2026-W38"),
)

EXEMPT = {
    ("2026-W32", "inner-8"): {"i8-009": "抗洪抢险抽调"},
    ("2026-W33", "outer-3"): {"o3-009": "住院治疗"},
    ("2026-W34", "outer-3"): {"o3-009": "住院治疗"},
    ("2026-W36", "outer-1"): {"o1-010": "婚假"},
    ("2026-W37", "inner-2"): {"i2-011": "产假"},
    ("2026-W38", "inner-2"): {"i2-011": "产假"},
}

_PRAISE, _AWARD = "five-type.praise", "quality.award"
_PLEDGE = "compliance.clean-self-check"
# Week, branch, subject, item, and what else is known of the entry.
ARRANGED = (
    # Each kind of veto once: a total held down (by the older scheme), a total and a criterion at 0.
    (
        "2026-W33",
        "inner-2",
        "i2-cp",
        "safety.no-special-plan",
        {"note": "沟槽深度超过5米，未编专项方案", "evidence": ("检查单2026-207",)},
    ),
    (
        "2026-W35",
        "outer-5",
        "o5-013",
        "safety.concealed-accident",
        {
            "note": "脚手架倒塌未报",
            "evidence": ("文件2026-118",),
            "approved_by": "o5-004",
        },
    ),
    (
        "2026-W37",
        "inner-6",
        "i6-cp",
        "quality.major-accident",
        {"note": "管道焊缝大面积不合格，返工", "evidence": ("文件2026-126",)},
    ),
    # Pledges: documents on record.
    (
        "2026-W31",
        "outer-4",
        "o4-002",
        _PLEDGE,
        {
            "note": "签订责任书",
            "evidence": (file("pledge", "evidence/2026-W31/pledge-2026-01.txt"),),
        },
    ),
    *(
        ("2026-W31", branch, member, _PLEDGE, {"note": "签订责任书", "evidence": (pledge,)})
        for branch, member, pledge in (
            ("outer-1", "o1-002", "pledge:责任书2026-02"),
            ("outer-7", "o7-002", "pledge:责任书2026-03"),
            ("inner-3", "i3-002", "pledge:责任书2026-04"),
            ("river-1", "rc-002", "pledge:责任书2026-05"),
        )
    ),
    # Four letters, three pennants, one medal.
    (
        "2026-W32",
        "outer-3",
        "o3-004",
        _PRAISE,
        {
            "note": "业主委员会来信，感谢夜间不施工",
            "evidence": (file("letter", "evidence/2026-W32/letter-of-praise.png"),),
        },
    ),
    (
        "2026-W34",
        "inner-5",
        "inner-5",
        _PRAISE,
        {"note": "建设单位来信表扬", "evidence": ("letter:建设单位表扬信2026-08",)},
    ),
    (
        "2026-W36",
        "outer-7",
        "o7-003",
        _PRAISE,
        {"note": "社区来信，帮助疏通排水", "evidence": ("letter:社区表扬信0902",)},
    ),
    (
        "2026-W38",
        "inner-10",
        "inner-10",
        _PRAISE,
        {"note": "市民热线转来感谢信", "evidence": ("letter:热线转办单2026-551",)},
    ),
    (
        "2026-W33",
        "outer-1",
        "outer-1",
        _PRAISE,
        {"note": "锦旗：排忧解难", "evidence": ("pennant:锦旗0812",)},
    ),
    (
        "2026-W35",
        "inner-4",
        "i4-002",
        _PRAISE,
        {
            "note": "锦旗：抢修及时",
            "evidence": (file("pennant", "evidence/2026-W35/pennant.png"),),
        },
    ),
    (
        "2026-W38",
        "inner-2",
        "inner-2",
        _PRAISE,
        {"note": "锦旗：保供先锋", "evidence": ("pennant:锦旗0917",)},
    ),
    (
        "2026-W36",
        "river-1",
        "rc-002",
        _PRAISE,
        {
            "note": "顶管贯通，获市级奖章（示例）",
            "evidence": ("medal:奖章（示例）2026-1",),
        },
    ),
    # Six patents in four weeks; of two awards in one week only the higher counts.
    (
        "2026-W32",
        "inner-4",
        "i4-005",
        _AWARD,
        {"worth": 4, "note": "可拆卸护栏卡扣", "evidence": ("patent:专利（示例）001",)},
    ),
    (
        "2026-W34",
        "river-1",
        "rc-003",
        _AWARD,
        {
            "worth": 8,
            "note": "顶管纠偏装置，两项专利",
            "evidence": ("patent:专利（示例）002", "patent:专利（示例）003"),
        },
    ),
    (
        "2026-W35",
        "outer-8",
        "o8-004",
        _AWARD,
        {"worth": 4, "note": "管口封堵盖", "evidence": ("patent:专利（示例）004",)},
    ),
    (
        "2026-W35",
        "outer-8",
        "o8-004",
        _AWARD,
        {"worth": 8, "note": "焊口防风罩", "evidence": ("patent:专利（示例）005",)},
    ),
    (
        "2026-W37",
        "inner-7",
        "i7-003",
        _AWARD,
        {"worth": 10, "note": "吊带保护套", "evidence": ("patent:专利（示例）006",)},
    ),
    (
        "2026-W36",
        "inner-1",
        "i1-006",
        _AWARD,
        {"worth": 8, "note": "QC成果省级一等奖", "evidence": ("document:证书（示例）2026-36",)},
    ),
    (
        "2026-W37",
        "inner-9",
        "i9-004",
        "economy.five-small",
        {"note": "五小成果一等奖，共291项参评", "evidence": ("document:证书（示例）2026-291",)},
    ),
    # Caps: of the older scheme and of the present one; an exclusion; a score of oneself, approved.
    (
        "2026-W32",
        "outer-6",
        "o6-005",
        "safety.hazard-closed",
        {"count": 4, "evidence": ("照片0805-1至8（整改前后）",), "approved_by": "o6-004"},
    ),
    (
        "2026-W37",
        "outer-6",
        "o6-005",
        "safety.hazard-closed",
        {"count": 5, "evidence": ("照片0909-1至10（整改前后）",), "approved_by": "o6-004"},
    ),
    (
        "2026-W36",
        "inner-5",
        "i5-006",
        "environment.bare-soil",
        {"count": 8, "evidence": ("照片0902-1至8",), "approved_by": "i5-004"},
    ),
    (
        "2026-W34",
        "inner-3",
        "i3-007",
        "tidiness.not-cleaned",
        {"evidence": ("照片0819-3",)},
    ),
    (
        "2026-W34",
        "inner-3",
        "i3-007",
        "tidiness.stacking",
        {"evidence": ("照片0819-4",)},
    ),
    (
        "2026-W34",
        "outer-2",
        "o2-003",
        "safety.hazard-closed",
        {
            "note": "自查自报",
            "evidence": ("照片0820-2（整改前后）",),
            "scored_by": "o2-003",
            "approved_by": "o2-004",
        },
    ),
)

# Each CP's tasks of the summer: id, zh, en and milestones (id, zh, en, due, done: none where it is not yet).
_DIG = ("dig", "开挖", "Dig")
_SUPPORT = ("support", "支护", "Support")
_CHECKED = ("checked", "验槽", "Trench accepted")
_FIRST = ("first", "首批到场", "First lot on site")
_ALL = ("all", "全部到场", "All on site")
_APPROVED = ("approved", "手续办结", "Approved")
_MOVED = ("moved", "迁改完成", "Diverted")


def _trench(*days: tuple[str, str | None]) -> tuple:
    stages = zip((_DIG, _SUPPORT, _CHECKED), days, strict=True)
    return ("trench", "沟槽开挖", "Trench", tuple((*stage, *day) for stage, day in stages))


def _delivery(*days: tuple[str, str | None]) -> tuple:
    stages = zip((_FIRST, _ALL), days, strict=True)
    return ("pipe-delivery", "管材进场", "Pipe delivery", tuple((*s, *d) for s, d in stages))


def _diversion(*days: tuple[str, str | None]) -> tuple:
    stages = zip((_APPROVED, _MOVED), days, strict=True)
    return ("diversion", "管线迁改", "Diversion of pipes", tuple((*s, *d) for s, d in stages))


TASKS = {
    "o2-cp": (
        _trench(
            ("2026-08-07", "2026-08-05"), ("2026-08-21", "2026-08-21"), ("2026-09-04", "2026-09-07")
        ),
    ),
    "o4-cp": (_delivery(("2026-08-14", "2026-08-07"), ("2026-09-11", "2026-09-11")),),
    "o7-cp": (_diversion(("2026-08-12", "2026-08-12"), ("2026-09-18", "2026-09-16")),),
    "i1-cp": (
        _trench(
            ("2026-08-06", "2026-08-06"), ("2026-08-27", "2026-09-01"), ("2026-09-17", "2026-09-17")
        ),
    ),
    "i4-cp": (_delivery(("2026-08-20", "2026-08-19"), ("2026-10-30", None)),),
    "i6-cp": (_diversion(("2026-08-19", "2026-08-24"), ("2026-11-27", None)),),
    "i9-cp": (
        _trench(("2026-09-04", "2026-09-03"), ("2026-09-18", "2026-09-18"), ("2026-12-04", None)),
    ),
    "rc-cp": (
        (
            "river-jacking",
            "过河顶管",
            "Jacking under the river",
            (
                ("pit", "工作井完成", "Pit done", "2026-08-05", "2026-08-05"),
                ("half", "顶进一半", "Half way", "2026-08-19", "2026-08-17"),
                ("through", "贯通", "Through", "2026-09-04", "2026-08-28"),
                ("handover", "移交", "Handed over", "2026-09-04", "2026-09-04"),
            ),
        ),
    ),
}
# Progress as it happened, between the weekly sheets: week, branch, days after Monday, who, task,
# milestone, percent, note.
MIDWEEK = (
    ("2026-W32", "river-1", 3, "rc-005", "river-jacking", "half", 5, "始发"),
    ("2026-W33", "river-1", 1, "rc-005", "river-jacking", "half", 30, "顶进18米"),
    ("2026-W33", "river-1", 3, "rc-005", "river-jacking", "half", 60, "顶进36米"),
    ("2026-W33", "river-1", 5, "o2-010", "river-jacking", "half", 85, "顶进51米"),
    ("2026-W34", "river-1", 2, "rc-005", "river-jacking", "through", 20, "换刀后恢复顶进"),
    ("2026-W35", "river-1", 1, "rc-006", "river-jacking", "through", 70, "距接收井30米"),
    ("2026-W42", "inner-4", 3, "i4-002", "pipe-delivery", "all", 65, "第四批到场"),
    ("2026-W44", "inner-6", 3, "i6-002", "diversion", "moved", 60, "通信管线已割接"),
    ("2026-W45", "inner-4", 2, "i4-002", "pipe-delivery", "all", 80, "末批在途，船期延误"),
)
