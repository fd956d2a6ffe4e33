"""The tables behind the example book: rules, branches, plans and phrases. All of it is made up.

The rule table follows the project's rule sheet row by row. A row reads
`id | zh | en | points | scorer | evidence | origin`: points as `-2 xcount cap -6`, evidence
with `!` where the entry is refused without it, origin as a source letter (`~` adapted, P proposal).
"""

SEED = "qibi example 1"

SOURCES = {
    "Q": "Q monthly site scorecard",
    "T": "T site clean-up scorecard",
    "L": "L personal deduction sheet",
    "G": "G provincial highway credit rating",
    "R": "R open-source points assistant for branches",
    "D": "D monthly member points sheet",
    "F": "F county rule sheet",
    "P": "proposal",
}

SCORERS = {
    "documents": ("资料员", "Documents clerk"),
    "project-manager": ("项目经理", "Project manager"),
    "higher-committee": ("上级党委", "Higher Party committee"),
    "secretary": ("书记", "Secretary"),
    "safety-officer": ("安全员", "Safety officer"),
    "supervisor": ("监理", "Site supervisor"),
    "quality-inspector": ("质检员", "Quality inspector"),
    "dispatch": ("调度会", "Dispatch meeting"),
    "materials": ("材料员", "Materials clerk"),
    "group-leader": ("组长", "Group leader"),
}

# id, zh, en, short zh, short en, applies_to, base, max
CRITERIA = (
    ("compliance", "比合规", "Compliance", "规", "Com", ("member", "cp"), 10, 14),
    ("safety", "比安全", "Safety", "安", "Saf", ("member", "cp"), 10, 14),
    ("environment", "比环保", "Environment", "环", "Env", ("member", "cp"), 10, 14),
    ("quality", "比质量", "Quality", "质", "Qua", ("member", "cp"), 10, 14),
    ("schedule", "比工期", "Schedule", "期", "Sch", ("member", "cp"), 10, 14),
    ("economy", "比节约", "Economy", "节", "Eco", ("member", "cp"), 10, 14),
    ("tidiness", "比整洁", "Tidiness", "洁", "Tid", ("member", "cp"), 10, 14),
    ("five-type", "创五型党支部", "Five-type branch", "型", "Fiv", ("member", "branch"), 15, 18),
    (
        "digital",
        "创数字化先锋党支部",
        "Digital pioneer branch",
        "数",
        "Dig",
        ("member", "cp", "branch"),
        15,
        18,
    ),
)

RULES = """
[compliance]
late-documents | 资料未按期提交 | Documents late | -2 xcount cap -6 | documents | list | Q
instruction-not-followed | 执行不力/原则性错误 | Instruction not followed | -2..-1 cap -6 | project-manager | inspection record | Q
criticised | 通报批评 | Criticised in a circular | -3 | higher-committee | document no.! | R
clean-self-check | 自查无问题 | Self-check without findings | 1 cap 1 | secretary | check sheet | P
[safety]
hazard-closed | 隐患排查并闭环 | Hazard found and closed | 1 xcount cap 3 | safety-officer | photo before and after! | P
rectification-overdue | 整改逾期 | Rectification overdue | -3 xcount cap -9 | safety-officer | rectification notice! | L~
stop-work-order | 停工整改通知 | Stop-work order | -5 | supervisor | notice! | L
no-special-plan | 危大工程无专项方案 | Hazardous work without a special plan | -10 | supervisor | inspection sheet! | L
accident-free | 无事故周 | Accident-free week | 0.5 cap 0.5 | safety-officer | weekly report | Q~
concealed-accident | 隐瞒事故 | Accident concealed | veto total 0 | higher-committee | document! | P
[environment]
bare-soil | 裸土未覆盖/车辆未冲洗 | Bare soil uncovered, vehicles unwashed | -0.5 xcount cap -3 | supervisor | photo! | T
unpaved-road | 道路未硬化 | Road not hardened | -2 xcount cap -4 | supervisor | photo! | T
dust-measure | 新增长效降尘措施 | New lasting dust measure | 1 cap 1 | secretary | plan | T
penalty | 处罚或有效投诉 | Penalty or upheld complaint | -3 | higher-committee | document! | P
[quality]
quality-notice | 质量问题被通报 | Quality fault notified | -1 xcount cap -5 | supervisor | notice! | G
uninspected-step | 工序未检验 | Step not inspected | -2 xcount cap -6 | quality-inspector | acceptance sheet | Q
first-pass | 一次验收合格率100% | All passed at first inspection | 1 cap 1 | supervisor | inspection request | P
award | QC成果/专利 | QC result or patent: city, province, nation | 4/8/10 highest | higher-committee | certificate! | R~
major-accident | 重大质量事故 | Major quality accident | veto criterion 0 | higher-committee | document! | Q
[schedule]
no-weekly-plan | 无周计划 | No weekly plan | -2 cap -2 | project-manager | plan | Q
milestone-late | 节点滞后 | Milestone late | -1 xday cap -5 auto milestone | dispatch | task list | Q~
milestone-early | 节点提前 | Milestone early | 1 xday cap 3 auto milestone | dispatch | task list | Q~
idle | 停工窝工 | Work stopped, people idle | -2 xcount cap -4 | project-manager | record | Q
problem-solved | 难题销号 | Hard problem struck off | 2 cap 2 | dispatch | closed task | P
[economy]
no-quota | 未限额领料 | Material drawn without a quota | -2 xcount cap -4 | materials | requisition | Q
waste | 浪费 | Waste | -2 xcount cap -4 | materials | photo! | Q
five-small | 五小成果被采纳 | Small improvement adopted | 1 xcount cap 3 | secretary | calculation | P
[tidiness]
stacking | 堆放/清扫/标牌 | Stacking, sweeping, signs | -1 xcount cap -4 | supervisor | photo! | Q
not-cleaned | 工完场未清 | Site not cleared after work | -2 xcount cap -4 excludes stacking | supervisor | photo! | Q
area-95 | 责任区评分≥95 | Duty area scored 95 or more | 1 cap 1 | secretary | score sheet | P
[five-type]
meeting-missed | 组织生活缺席 | Branch meeting missed | -1 xcount cap -4 | group-leader | attendance | R
task-undone | 交办任务未完成 | Assigned task not done | -3 | secretary | task list | D
task-refused | 拒绝交办任务 | Assigned task refused | -10 | secretary | task list | D
sharing | 学习心得分享 | Study notes shared | 0.5 xcount cap 1 | secretary | text | R
praise | 表扬信/锦旗 | Letter of praise, pennant | 1 xcount cap 2 | secretary | scan | F
[digital]
study-short | 学习时长不足 | Study hours short | -1 cap -1 | group-leader | export | R
late-entry | 补录 | Entered late | -0.5 cap -2 auto late-entry | - | - | P
digital-tool | 数字化工具上线 | Digital tool in use | 2 cap 2 | secretary | record | P
"""

# What revising the scheme changed: items as they were before, and items that were not there yet.
OLD_RULES: dict[str, dict] = {
    "safety.hazard-closed": {"cap": 2},
    "safety.no-special-plan": {"veto": ("total_at_most", 60)},
    "schedule.problem-solved": {"points": 1, "cap": 1},
}
NEW_ITEMS = ("tidiness.area-95",)

# How often an item comes up in a week's random events, as weights.
MEMBER_GOOD = {
    "safety.accident-free": 26,
    "safety.hazard-closed": 20,
    "compliance.clean-self-check": 14,
    "five-type.sharing": 14,
    "tidiness.area-95": 12,
    "quality.first-pass": 8,
    "economy.five-small": 6,
    "schedule.problem-solved": 6,
    "environment.dust-measure": 4,
    "five-type.praise": 3,
    "digital.digital-tool": 2,
    "quality.award": 0.3,
}
MEMBER_BAD = {
    "tidiness.stacking": 14,
    "environment.bare-soil": 14,
    "five-type.meeting-missed": 12,
    "quality.quality-notice": 10,
    "digital.study-short": 10,
    "compliance.instruction-not-followed": 7,
    "compliance.late-documents": 6,
    "tidiness.not-cleaned": 6,
    "safety.rectification-overdue": 4,
    "schedule.no-weekly-plan": 4,
    "economy.no-quota": 4,
    "economy.waste": 3,
    "quality.uninspected-step": 3,
    "five-type.task-undone": 2,
    "environment.unpaved-road": 2,
    "compliance.criticised": 0.5,
}
CP_GOOD = {
    "safety.hazard-closed": 16,
    "quality.first-pass": 14,
    "safety.accident-free": 12,
    "schedule.problem-solved": 12,
    "environment.dust-measure": 8,
    "compliance.clean-self-check": 8,
    "economy.five-small": 6,
    "digital.digital-tool": 2,
}
CP_BAD = {
    "environment.bare-soil": 12,
    "tidiness.not-cleaned": 10,
    "safety.rectification-overdue": 8,
    "quality.quality-notice": 8,
    "quality.uninspected-step": 8,
    "schedule.idle": 6,
    "economy.waste": 4,
    "environment.unpaved-road": 4,
    "safety.stop-work-order": 4,
}
BRANCH_EVENTS = {
    "five-type.sharing": 10,
    "five-type.praise": 6,
    "five-type.meeting-missed": 4,
    "digital.digital-tool": 3,
    "digital.study-short": 3,
}
COUNTS = {
    "safety.hazard-closed": (1, 1, 1, 1, 2, 2, 3, 4),
    "environment.bare-soil": (1, 2, 2, 3, 4, 7),
    "economy.five-small": (1, 1, 1, 2),
    "five-type.sharing": (1, 1, 2),
    "tidiness.stacking": (1, 1, 2),
    "quality.quality-notice": (1, 1, 2),
}

# A reference for the evidence of an item, by the kind of evidence its rule asks for.
EVIDENCE = {
    "photo": "照片{mmdd}-{n}",
    "photo before and after": "照片{mmdd}-{n}（整改前后）",
    "notice": "通知2026-{serial}",
    "rectification notice": "整改单2026-{serial}",
    "document": "文件2026-{serial}",
    "document no.": "文号（示例）2026-{serial}",
    "certificate": "证书（示例）2026-{serial}",
    "weekly report": "安全周报{ww}期",
    "check sheet": "自查表{mmdd}-{n}",
    "score sheet": "责任区评分表{ww}周",
    "inspection request": "报验单2026-{serial}",
    "acceptance sheet": "验收单2026-{serial}",
    "task list": "任务单",
    "closed task": "销号单2026-{serial}",
    "attendance": "签到表{mmdd}",
}

NOTES = {
    "safety.hazard-closed": ("临边防护已恢复", "配电箱已上锁", "沟槽支护已加固", "警示灯已补齐"),
    "safety.rectification-overdue": ("超过整改期限一天", "复查时仍未整改"),
    "safety.stop-work-order": ("深基坑监测未到位，停工整改",),
    "environment.bare-soil": ("土方堆场未覆盖", "出场车辆未冲洗"),
    "environment.dust-measure": ("围挡喷淋投用", "新增雾炮一台"),
    "quality.quality-notice": ("焊口外观不合格", "保温层有划伤"),
    "quality.first-pass": ("本周焊口全部一次合格",),
    "schedule.problem-solved": ("管线交叉改迁已协调", "占道手续已办结", "夜间供料已落实"),
    "schedule.idle": ("材料未到，停工半天",),
    "economy.five-small": ("可拆卸护栏卡扣", "管口封堵盖", "吊带保护套"),
    "economy.waste": ("余料混入垃圾",),
    "tidiness.not-cleaned": ("下班后作业面未清理",),
    "tidiness.stacking": ("管材堆放超高", "标牌缺失"),
    "five-type.sharing": ("主题党日分享",),
    "five-type.praise": ("沿线居民送来表扬信",),
    "digital.digital-tool": ("焊口二维码台账上线",),
}
LEAVE = ("年休假", "病假", "探亲假", "外出培训")

# id, member id prefix, size, name stem (none: outer-1's own names), since, until
BRANCHES = (
    ("outer-1", "o1", 11, "", "2026-W01", None),
    ("outer-2", "o2", 10, "甲", "2026-W01", None),
    ("outer-3", "o3", 11, "乙", "2026-W01", None),
    ("outer-4", "o4", 10, "丙", "2026-W01", None),
    ("outer-5", "o5", 12, "丁", "2026-W05", None),
    ("outer-6", "o6", 9, "戊", "2026-W05", None),
    ("outer-7", "o7", 11, "己", "2026-W05", None),
    ("outer-8", "o8", 10, "庚", "2026-W09", None),
    ("inner-1", "i1", 12, "辛", "2026-W01", None),
    ("inner-2", "i2", 11, "壬", "2026-W01", None),
    ("inner-3", "i3", 12, "癸", "2026-W01", None),
    ("inner-4", "i4", 11, "子", "2026-W05", None),
    ("inner-5", "i5", 12, "丑", "2026-W05", None),
    ("inner-6", "i6", 12, "寅", "2026-W05", None),
    ("inner-7", "i7", 11, "卯", "2026-W09", None),
    ("inner-8", "i8", 12, "辰", "2026-W09", None),
    ("inner-9", "i9", 11, "巳", "2026-W34", None),
    ("inner-10", "i10", 12, "午", "2026-W12", "2027-W12"),
)
PLACES = {
    "outer": ("域外", "Outer"),
    "inner": ("城区", "City"),
    "network": ("管网", "Network"),
}
DIGITS = "零一二三四五六七八九"
ORDINALS = "一二三四五六七八九十"
NAMESAKES = {"o3-005": "重名例", "i8-005": "重名例"}
STATUS = {
    "o4-010": "probationary",
    "o7-009": "probationary",
    "i1-011": "probationary",
    "i4-008": "activist",
    "i6-012": "staff",
    "i8-012": "activist",
    "i9-010": "probationary",
}
# Since the week given: another status in the same branch; another branch with the same id.
PROMOTED = {
    "i3-009": ("probationary", "full", "2026-W44"),
    "i5-008": ("probationary", "full", "2026-W35"),
    "o7-009": ("activist", "probationary", "2026-W37"),
}
MOVED = {"i2-010": ("inner-2", "inner-5", "2026-W43"), "i7-011": ("inner-7", "inner-9", "2026-W43")}
JOINED = {"o2-010": "2026-W36", "o6-009": "2026-W20", "i3-012": "2026-W41", "i10-012": "2026-W30"}
MENTORS = {"o1-008": "o1-002", "o1-010": "o1-004"}
# Committee members by their number: to one team, to several, several of them to one.
ATTACHED = {
    1: ("焊接一班",),
    2: ("焊接二班",),
    3: ("焊接一班", "焊接二班", "保温班"),
    4: ("保温班",),
}
WORKSHOPS = ("焊接车间", "土建工区", "顶管工区", "换热站工区")

# id, zh, en, milestones in order
TASKS = (
    (
        "jack-pit",
        "顶管坑施工",
        "Jacking pit",
        (("dig", "开挖", "Dig"), ("seal", "封底", "Seal the bottom")),
    ),
    (
        "pipe-welding",
        "主管道焊接",
        "Main pipe welding",
        (
            ("half", "完成一半", "Half done"),
            ("joined", "全线贯通", "Joined up"),
            ("tested", "探伤合格", "Flaw test passed"),
        ),
    ),
    (
        "pressure-test",
        "水压试验",
        "Pressure test",
        (("ready", "具备条件", "Ready"), ("passed", "试验合格", "Passed")),
    ),
    (
        "road-reinstatement",
        "路面恢复",
        "Road reinstatement",
        (("base", "基层", "Base course"), ("surface", "面层", "Surface course")),
    ),
    (
        "valve-chamber",
        "阀门井施工",
        "Valve chamber",
        (
            ("structure", "结构", "Structure"),
            ("valves", "阀门安装", "Valves fitted"),
            ("backfill", "回填", "Backfill"),
        ),
    ),
    (
        "joint-insulation",
        "接头保温",
        "Joint insulation",
        (("half", "完成一半", "Half done"), ("done", "全部完成", "All done")),
    ),
    (
        "heat-station",
        "换热站安装",
        "Heat exchange station",
        (("equipment", "设备就位", "Equipment in place"), ("trial", "试运行", "Trial run")),
    ),
)

# What mockups.md shows of 党员八 and of the week before it: (item, count) a member and week.
_FREE = ("safety.accident-free", 1)
SCRIPT = {
    "2026-W39": {"o1-008": (_FREE,)},
    "2026-W40": {"o1-008": (_FREE,)},
    "2026-W41": {"o1-008": (("tidiness.stacking", 1),)},
    "2026-W42": {"o1-008": (("five-type.meeting-missed", 1),)},
    "2026-W43": {"o1-008": (_FREE, ("schedule.no-weekly-plan", 1))},
    "2026-W44": {"o1-008": (("safety.rectification-overdue", 1),)},
    "2026-W45": {"o1-008": (("digital.study-short", 1),)},
    "2026-W46": {
        "o1-001": (_FREE, ("digital.digital-tool", 1), ("five-type.sharing", 1)),
        "o1-002": (_FREE, ("five-type.sharing", 1)),
        "o1-003": (_FREE, ("safety.hazard-closed", 2), ("tidiness.area-95", 1)),
        "o1-004": (_FREE,),
        "o1-005": (_FREE, ("compliance.clean-self-check", 1)),
        "o1-006": (_FREE,),
        "o1-007": (_FREE, ("schedule.problem-solved", 1)),
        "o1-008": (("quality.quality-notice", 1), ("tidiness.not-cleaned", 1)),
        "o1-009": (
            _FREE,
            ("safety.hazard-closed", 3),
            ("quality.first-pass", 1),
            ("economy.five-small", 1),
        ),
        "o1-010": (("five-type.meeting-missed", 1),),
        "o1-011": None,  # on leave
    },
}

# The sheet of outer-1 for 2026-W47, row by row: member, item, count, day, evidence, scorer, approver
_REPORT = "安全周报47期"
MOCKUP_SHEET = (
    *(
        (
            name,
            "safety.accident-free",
            1,
            20,
            _REPORT,
            "党员四",
            "党员二" * (name in ("党员一", "党员四")),
        )
        for name in ("党员" + digit for digit in ORDINALS)
    ),
    ("党员七", "safety.hazard-closed", 4, 18, "照片1118-5至8", "安全员", "党员二"),
    ("党员七", "quality.first-pass", 1, 19, "报验单2026-118", "监理", ""),
    ("党员七", "schedule.problem-solved", 1, 20, "销号单2026-047", "调度会", ""),
    ("党员三", "safety.hazard-closed", 2, 17, "照片1117-1至4", "安全员", ""),
    ("党员三", "economy.five-small", 1, 20, "计算书2026-12", "书记", ""),
    ("党员二", "tidiness.area-95", 1, 20, "责任区评分表47周", "书记", ""),
    ("党员二", "five-type.sharing", 1, 19, "", "书记", ""),
    ("党员九", "tidiness.area-95", 1, 20, "责任区评分表47周", "书记", ""),
    ("党员九", "five-type.sharing", 1, 19, "", "书记", ""),
    ("党员五", "compliance.clean-self-check", 1, 20, "自查表1120-1", "书记", ""),
    ("党员八", "safety.rectification-overdue", 1, 18, "整改单2026-031", "党员一", "党员二"),
    ("党员八", "tidiness.not-cleaned", 1, 18, "照片1118-3", "监理", ""),
    ("党员八", "tidiness.stacking", 1, 18, "照片1118-4", "监理", ""),
    ("党员八", "environment.bare-soil", 7, 19, "照片1119-1至7", "监理", "党员二"),
    ("党员十", "compliance.late-documents", 1, 18, "资料清单47周", "资料员", ""),
    ("党员十一", "请假", None, None, "", "", ""),
)

# branch: (form, file form) of its sheet for 2026-W47
SHEETS = {
    "outer-1": ("long", "xlsx"),
    "outer-2": ("long", "xlsx"),
    "outer-3": ("grid", "utf-8"),
    "outer-4": ("long", "utf-8-sig"),
    "outer-5": ("grid", "xlsx"),
    "outer-6": ("long", "gb18030"),
    "outer-7": ("long", "xlsx"),
    "outer-8": ("long", "utf-8"),
    "inner-1": ("grid", "gb18030"),
    "inner-2": ("long", "xlsx"),
    "inner-3": ("long", "utf-8"),
    "inner-4": ("grid", "xlsx"),
    "inner-5": ("long", "utf-8-sig"),
    "inner-6": ("long", "xlsx"),
    "inner-7": ("grid", "utf-8"),
    "inner-8": ("long", "utf-8"),
    "inner-9": ("long", "xlsx"),
    "inner-10": ("grid", "utf-8-sig"),
}
