"""What the example book says of itself."""

README = """\
# 示例账簿：七比两创 / Example book: seven comparisons and two creations

**全部虚构。** 本账簿中的标段、支部、人员、单位、计划、佐证编号和每一分都是编出来的，由 `python ledgers/make_example`
按固定种子生成，不对应任何真实的人和工程。评分办法是一份可改的模板：分值出处见各评分项的 `origin`，周上限、评分人和
佐证要求均为本项目的建议。“五型”具体指哪五型没有公开，留给使用者在评分办法的注释里写明。

**Everything here is made up.** Sections, branches, people, plans, evidence numbers and every single point were
generated from a fixed seed by `python ledgers/make_example` and stand for no real person or project. The scheme is a
template to edit: each item's `origin` says where its number comes from; weekly caps, scorers and evidence are this
project's proposal. Which five types "five-type branch" means is not public and is left to the book.

| | |
|---|---|
| 支部 branches | 18：域外八个、党员84名；城区六个、管网四个；另有攻坚支部一个，W36 完工撤销 / 8 outside the city with 84 members, 6 city, 4 network; one more for a single project, ended in W36 |
| 人员 people | 200，含预备党员、积极分子、职工 / some probationary, activists and staff |
| 已计分 scored weeks | 2026-W31 .. 2026-W46 |
| 评分办法 scheme | `scheme/2026-W01.yaml` 用到 W35，`scheme/2026-W36.yaml` 现行 / until W35, and in force now |
| 待录表 sheets to score | `../example-sheets/2026-W47/`（每支部一张 / one per branch） |

有意安排的情形 / arranged on purpose:

- 第三季度中途修订评分办法（W36 起）：`qibi rules diff`，加 `--replay W34` 看谁的分会变。 / The scheme changes within a quarter, from W36: `qibi rules diff`, with `--replay W34` for whose totals would change.
- 攻坚支部 river-1 从 W10 到 W36；inner-9 自 W34 才有。 / Branch river-1 lives from W10 to W36; inner-9 only since W34.
- 流动党小组（mobile-g1）随集装箱转场：W34 至 W36 在管网四标段，W37 起带人转到管网二标段，W38 后各回各支部；其中两名职工只考评、不排名，W38 后离开。 / The mobile Party group moves with its people from one section to the next in W37; after W38 they go home. Two of staff with it are assessed, not ranked, and leave.
- 转支部：o2-010、i3-012 自攻坚支部来；i2-010、i7-011 在 W43。o5-013、i1-013 已离开。 / Transfers: two out of river-1, two in W43; two people have left.
- 身份变化：i5-008（W35）、i3-009（W44）转正，o7-009 由积极分子转为预备党员（W37）。 / Changes of status.
- 三种否决各一次：i2-cp 总分至多60（W33，旧办法），o5-013 总分记0（W35），i6-cp 质量记0（W37）。 / Each kind of veto once.
- 封顶（o6-005 在 W32 和 W37，前后办法不同；i5-006 在 W36）、互斥（i3-007，W34）、只计最高（o8-004，W35）、给自己计分而有人批准（o2-003，W34）。 / Caps under both schemes, an exclusion, only the highest of two awards, a score of oneself that someone approved.
- 免考：住院、产假、婚假、抽调和平常的请假。 / Exemptions.
- 荣誉：表扬信4、锦旗3、奖章1、专利6，责任书5；`evidence/` 里有三个文件。 / 4 letters, 3 pennants, 1 medal, 6 patents, 5 pledges; three of them are files.
- 任务单：提前（rc-cp 贯通、o4-cp 到货各提前七天）、滞后（i1-cp、i6-cp）、逾期（i4-cp 管材）、未到期都有；突击队随时上报进度（river-1，W32 至 W35）。 / Milestones early, late, overdue and open; progress as it happens.
- 整改：黑榜立项（`r-31-1` 起）和检查立项（`notice-017`、`2026-031`），整改中、已报完成、已销项、重新整改、逾期都有；W44 的黑榜有意留着未立项。 / Remedies in every state, from lists and from inspections; those of W44 are left to be opened.
- 封账：W31 至 W44 已封（`seals/`），W36 因域外四标段异议成立更正过一次；W45、W46 未封。 / W31 to W44 are closed; W36 was corrected once, after an objection; W45 and W46 are open.
- 两人重名（o3-005、i8-005 都叫“重名例”）：按姓名查询会提示不唯一。 / Two people share a name: looking it up says it is ambiguous.
- 党员八（o1-008）连续走低，W47 的表里有封顶和互斥的例子。 / Member o1-008 slides; the W47 sheet has examples of a cap and an exclusion.
- 有迟交批次（补录扣分）、更正（作废加新记）、零散单条。 / Late batches, corrections and single entries occur.

`ledger/` 和 `seals/` 只增不改：生成脚本只补没有的批次，从不覆盖；封签由 `close_weeks.py` 写一次。 / The ledger and the seals only grow; the
script adds what is missing and overwrites nothing; the seals were written once, by `close_weeks.py`.
"""
