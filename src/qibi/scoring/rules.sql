-- The rules of a qibi book. Each step is one table, made from the tables before it, in this order.
-- Points are whole hundredths. Only integers, text, and joins on equality.
--
-- Given:
--   entry      (id, kind, week, branch, subject, item, points, entry, instant, batch, line)
--   week       (week, version)                 a week and the scheme in force in it
--   span       (period, week)                  the weeks of the period asked for (now) and of the one before
--   period     (period, averaged, share_n, share_d)  how weeks add up, and the share a place needs
--   active     (week, subject, kind, branch, status)
--   branch     (branch)                        all branches of the book, those that have ended too
--   limits     (version, low, high)            of a week's total
--   eligible   (version, status)
--   criterion  (version, kind, criterion, direct, base, low, high)
--   item       (version, item, criterion, cap, only_highest, veto_criterion, veto_total, veto_at_most)
--   exclusion  (version, item, excluded)
--   belongs    (week, kind, subject, member)   the members of each CP, branch, group, unit or post asked for
--   scale      (version, kind, base)           the sum of bases (of maxima, where that is 0) that makes 100
--   weight     (version, kind, own, members)   of the two parts of a rollup
--   chosen     (branch)                        the branches among whose subjects is ranked; '-' where one has none
--   question   (kind, criterion)               one row: what is ranked; criterion may be null

-- step: live
-- Entries that no void cancels. A void counts only against an entry, not itself a void,
-- of its own branch and week.
SELECT e.*
FROM entry AS e
LEFT JOIN (
  SELECT DISTINCT v.entry AS id, v.week, v.branch FROM entry AS v WHERE v.kind = 'void'
) AS c ON c.id = e.id AND c.week = e.week AND c.branch = e.branch
WHERE e.kind <> 'void' AND c.id IS NULL;

-- step: assessed
-- A subject (a member, CP or branch) is assessed in a week when it is active, not exempt, and its branch
-- has a live `assessed`. What is not assessed counts for nothing.
SELECT a.week, a.subject, a.kind, a.branch, a.status, w.version
FROM active AS a
JOIN week AS w ON w.week = a.week AND w.version IS NOT NULL
JOIN (SELECT DISTINCT week, branch FROM live WHERE kind = 'assessed') AS s
  ON s.week = a.week AND s.branch = a.branch
LEFT JOIN (SELECT DISTINCT week, subject FROM live WHERE kind = 'exempt') AS x
  ON x.week = a.week AND x.subject = a.subject
WHERE x.subject IS NULL AND a.kind IN ('member', 'cp', 'branch');

-- step: item_credit
-- Per subject, week and item: the sum of its points (or the highest entry), cut at the cap,
-- and 0 where an item with live entries excludes it. What was cut is kept, to be shown.
WITH earned AS (
  SELECT s.week, s.subject, s.version, i.criterion, l.item,
    COUNT(*) AS entries,
    SUM(l.points) AS summed,
    CASE WHEN i.only_highest = 1 THEN MAX(l.points) ELSE SUM(l.points) END AS earned,
    i.cap, i.veto_criterion, i.veto_total, i.veto_at_most
  FROM live AS l
  JOIN assessed AS s ON s.week = l.week AND s.subject = l.subject
  JOIN item AS i ON i.version = s.version AND i.item = l.item
  JOIN criterion AS c
    ON c.version = s.version AND c.criterion = i.criterion AND c.kind = s.kind
  WHERE l.kind = 'score'
  GROUP BY s.week, s.subject, s.version, i.criterion, l.item, i.only_highest,
    i.cap, i.veto_criterion, i.veto_total, i.veto_at_most
), excluded AS (
  SELECT e.week, e.subject, x.excluded AS item, MIN(e.item) AS excluded_by
  FROM earned AS e
  JOIN exclusion AS x ON x.version = e.version AND x.item = e.item
  GROUP BY e.week, e.subject, x.excluded
), held AS (
  SELECT e.*, x.excluded_by,
    CASE
      WHEN e.cap IS NULL THEN e.earned
      WHEN e.cap >= 0 THEN LEAST(e.earned, e.cap)
      ELSE GREATEST(e.earned, e.cap)
    END AS capped
  FROM earned AS e
  LEFT JOIN excluded AS x ON x.week = e.week AND x.subject = e.subject AND x.item = e.item
)
SELECT h.*, CASE WHEN h.excluded_by IS NULL THEN h.capped ELSE 0 END AS credit
FROM held AS h;

-- step: criterion_credit
-- Base plus item credits, held within [low, high]; a directly scored criterion is the latest score
-- given, held likewise, or its base. A criterion veto sets it; of several the lowest counts.
WITH items AS (
  SELECT week, subject, criterion, SUM(credit) AS credit, MIN(veto_criterion) AS veto
  FROM item_credit
  GROUP BY week, subject, criterion
), scores AS (
  SELECT s.week, s.subject, c.criterion, l.points, l.id,
    ROW_NUMBER() OVER (
      PARTITION BY s.week, s.subject, c.criterion
      ORDER BY l.instant DESC, l.batch DESC, l.line DESC
    ) AS latest
  FROM live AS l
  JOIN assessed AS s ON s.week = l.week AND s.subject = l.subject
  JOIN criterion AS c
    ON c.version = s.version AND c.criterion = l.item AND c.kind = s.kind AND c.direct = 1
  WHERE l.kind = 'score'
), summed AS (
  SELECT s.week, s.subject, s.kind, c.criterion, c.base, c.low, c.high, c.direct,
    d.id AS score_id, COALESCE(i.credit, 0) AS items, i.veto,
    CASE WHEN c.direct = 1 THEN COALESCE(d.points, c.base)
      ELSE c.base + COALESCE(i.credit, 0) END AS raw
  FROM assessed AS s
  JOIN criterion AS c ON c.version = s.version AND c.kind = s.kind
  LEFT JOIN items AS i
    ON i.week = s.week AND i.subject = s.subject AND i.criterion = c.criterion
  LEFT JOIN scores AS d
    ON d.week = s.week AND d.subject = s.subject AND d.criterion = c.criterion AND d.latest = 1
)
SELECT x.*, COALESCE(x.veto, GREATEST(x.low, LEAST(x.high, x.raw))) AS credit
FROM summed AS x;

-- step: week_total
-- The sum of the criteria, held within the scheme's limits; then the vetoes on the total, which only
-- lower it. A veto fires even when its item is excluded; of several the lowest counts.
WITH sums AS (
  SELECT week, subject, SUM(credit) AS summed FROM criterion_credit GROUP BY week, subject
), vetoes AS (
  SELECT week, subject, MIN(veto_total) AS veto_total, MIN(veto_at_most) AS veto_at_most
  FROM item_credit
  GROUP BY week, subject
), held AS (
  SELECT s.week, s.subject, s.kind, s.branch, s.status, s.version,
    COALESCE(m.summed, 0) AS summed,
    GREATEST(t.low, LEAST(t.high, COALESCE(m.summed, 0))) AS held,
    v.veto_total, v.veto_at_most
  FROM assessed AS s
  JOIN limits AS t ON t.version = s.version
  LEFT JOIN sums AS m ON m.week = s.week AND m.subject = s.subject
  LEFT JOIN vetoes AS v ON v.week = s.week AND v.subject = s.subject
)
SELECT h.*,
  LEAST(h.held, COALESCE(h.veto_at_most, h.held), COALESCE(h.veto_total, h.held)) AS total
FROM held AS h;

-- step: rollup
-- A member's total is its own. For the others, the weighted mean of their own total and of the mean of
-- their assessed, eligible members, each on the scale where its base is 100; a part that has nothing
-- drops out and the weights close up. One rounding a week, half up.
WITH among AS (
  SELECT b.week, b.subject, COUNT(*) AS members, SUM(t.total) AS total
  FROM belongs AS b
  JOIN week_total AS t ON t.week = b.week AND t.subject = b.member AND t.kind = 'member'
  JOIN eligible AS e ON e.version = t.version AND e.status = t.status
  GROUP BY b.week, b.subject
), asked AS (
  SELECT a.week, a.subject, a.kind, a.branch, w.version
  FROM active AS a
  JOIN question AS q ON q.kind = a.kind AND q.kind <> 'member'
  JOIN week AS w ON w.week = a.week AND w.version IS NOT NULL
  LEFT JOIN assessed AS s ON s.week = a.week AND s.subject = a.subject AND s.kind = a.kind
  WHERE s.subject IS NOT NULL OR a.kind IN ('group', 'unit', 'post')
), parts AS (
  SELECT k.week, k.subject, k.branch,
    CASE WHEN o.total IS NULL OR so.base IS NULL THEN 0 ELSE g.own END AS own_weight,
    CASE WHEN m.total IS NULL OR sm.base IS NULL THEN 0 ELSE g.members END AS members_weight,
    CAST(COALESCE(o.total, 0) AS HUGEINT) AS own,
    CAST(COALESCE(m.total, 0) AS HUGEINT) AS total,
    CAST(COALESCE(so.base, 1) AS HUGEINT) AS own_base,
    CAST(COALESCE(m.members, 1) * COALESCE(sm.base, 1) AS HUGEINT) AS members_base
  FROM asked AS k
  JOIN weight AS g ON g.version = k.version AND g.kind = k.kind
  LEFT JOIN scale AS so ON so.version = k.version AND so.kind = k.kind
  LEFT JOIN scale AS sm ON sm.version = k.version AND sm.kind = 'member'
  LEFT JOIN week_total AS o
    ON o.week = k.week AND o.subject = k.subject AND o.kind = k.kind
  LEFT JOIN among AS m ON m.week = k.week AND m.subject = k.subject
), fractions AS (
  SELECT p.week, p.subject, p.branch,
    20000 * (p.own_weight * p.own * p.members_base + p.members_weight * p.total * p.own_base)
      + (p.own_weight + p.members_weight) * p.own_base * p.members_base AS above,
    2 * (p.own_weight + p.members_weight) * p.own_base * p.members_base AS below
  FROM parts AS p
  WHERE p.own_weight + p.members_weight > 0
)
SELECT f.week, f.subject, f.branch,
  CAST((f.above - ((f.above % f.below) + f.below) % f.below) // f.below AS BIGINT) AS total
FROM fractions AS f
UNION ALL
SELECT t.week, t.subject, t.branch, CAST(t.total AS BIGINT) AS total
FROM week_total AS t
JOIN question AS q ON q.kind = t.kind AND q.kind = 'member';

-- step: criterion_of
-- The criteria of whoever is ranked. Where a rollup has no own points on a criterion, the mean of its
-- assessed, eligible members stands in, rounded half up.
WITH own AS (
  SELECT c.week, c.subject, c.criterion, c.credit
  FROM criterion_credit AS c
  JOIN question AS q ON q.kind = c.kind
), among AS (
  SELECT b.week, b.subject, c.criterion, COUNT(*) AS members,
    2 * SUM(c.credit) + COUNT(*) AS doubled
  FROM belongs AS b
  JOIN week_total AS t ON t.week = b.week AND t.subject = b.member AND t.kind = 'member'
  JOIN eligible AS e ON e.version = t.version AND e.status = t.status
  JOIN criterion_credit AS c ON c.week = b.week AND c.subject = b.member AND c.kind = 'member'
  LEFT JOIN assessed AS s ON s.week = b.week AND s.subject = b.subject AND s.kind = b.kind
  WHERE s.subject IS NOT NULL OR b.kind IN ('group', 'unit', 'post')
  GROUP BY b.week, b.subject, c.criterion
)
SELECT week, subject, criterion, credit FROM own
UNION ALL
SELECT m.week, m.subject, m.criterion,
  (m.doubled - ((m.doubled % (2 * m.members)) + 2 * m.members) % (2 * m.members))
    // (2 * m.members) AS credit
FROM among AS m
LEFT JOIN own AS o ON o.week = m.week AND o.subject = m.subject AND o.criterion = m.criterion
WHERE o.subject IS NULL;

-- step: contest
-- What is ranked: each subject's total of each week of a period, or the criterion that takes its place.
SELECT p.period, r.week, r.subject, r.total AS points
FROM rollup AS r
JOIN span AS p ON p.week = r.week
JOIN question AS q ON q.criterion IS NULL
UNION ALL
SELECT p.period, c.week, c.subject, c.credit AS points
FROM criterion_of AS c
JOIN span AS p ON p.week = c.week
JOIN question AS q ON q.criterion = c.criterion;

-- step: standing
-- Over the period's assessed weeks the points are summed, or their mean taken, rounded once, half up.
-- Equal points share a rank and leave a gap. Who has no place is listed with the reason.
WITH seen AS (
  SELECT p.period, a.week, a.subject, a.branch, a.status, w.version,
    CASE
      WHEN x.subject IS NULL OR w.version IS NULL OR a.kind IN ('group', 'unit', 'post') THEN 0
      ELSE 1
    END AS exempt,
    ROW_NUMBER() OVER (PARTITION BY p.period, a.subject ORDER BY a.week DESC) AS latest
  FROM active AS a
  JOIN question AS q ON q.kind = a.kind
  JOIN span AS p ON p.week = a.week
  JOIN week AS w ON w.week = a.week
  LEFT JOIN (SELECT DISTINCT week, subject FROM live WHERE kind = 'exempt') AS x
    ON x.week = a.week AND x.subject = a.subject
), subjects AS (
  SELECT period, subject,
    MIN(exempt) AS exempt,
    MAX(CASE WHEN latest = 1 THEN branch END) AS branch,
    MAX(CASE WHEN latest = 1 THEN status END) AS status,
    MAX(CASE WHEN latest = 1 THEN version END) AS version
  FROM seen
  GROUP BY period, subject
), played AS (
  SELECT period, subject, COUNT(*) AS weeks, SUM(points) AS summed
  FROM contest
  GROUP BY period, subject
), vetoes AS (
  SELECT p.period, t.subject, MIN(t.veto_total) AS veto_total
  FROM week_total AS t
  JOIN question AS q ON q.kind = t.kind
  JOIN span AS p ON p.week = t.week
  GROUP BY p.period, t.subject
), held_weeks AS (
  SELECT p.period, COUNT(DISTINCT l.week) AS weeks
  FROM live AS l
  JOIN branch AS b ON b.branch = l.branch
  JOIN span AS p ON p.week = l.week
  JOIN week AS w ON w.week = l.week AND w.version IS NOT NULL
  WHERE l.kind = 'assessed'
  GROUP BY p.period
), judged AS (
  SELECT s.period, s.subject, s.branch, d.weeks, d.summed, v.veto_total,
    2 * d.summed + d.weeks AS doubled,
    CASE
      WHEN s.exempt = 1 THEN 'exempt'
      WHEN d.weeks IS NULL THEN 'unscored'
      WHEN g.status IS NULL AND k.kind = 'member' THEN 'ineligible'
      WHEN d.weeks * e.share_d < e.share_n * h.weeks THEN 'too-few-weeks'
    END AS reason,
    e.averaged
  FROM subjects AS s
  JOIN chosen AS f ON f.branch = COALESCE(s.branch, '-')
  CROSS JOIN question AS k
  JOIN period AS e ON e.period = s.period
  LEFT JOIN played AS d ON d.period = s.period AND d.subject = s.subject
  LEFT JOIN vetoes AS v ON v.period = s.period AND v.subject = s.subject
  LEFT JOIN held_weeks AS h ON h.period = s.period
  LEFT JOIN eligible AS g ON g.version = s.version AND g.status = s.status
), rounded AS (
  SELECT j.*,
    (doubled - ((doubled % (2 * weeks)) + 2 * weeks) % (2 * weeks)) // (2 * weeks) AS mean
  FROM judged AS j
), totals AS (
  SELECT r.*, CASE WHEN averaged = 1 THEN mean ELSE summed END AS total FROM rounded AS r
)
SELECT period, subject, branch, weeks, total, mean, veto_total, reason,
  CASE WHEN reason IS NULL THEN
    RANK() OVER (PARTITION BY period, CASE WHEN reason IS NULL THEN 0 ELSE 1 END ORDER BY total DESC)
  END AS place
FROM totals;

-- step: breakdown
-- Each criterion of a subject over the period: summed, or their mean, as the total is.
SELECT b.period, b.subject, b.criterion,
  CASE WHEN b.averaged = 1
    THEN (b.doubled - ((b.doubled % (2 * b.weeks)) + 2 * b.weeks) % (2 * b.weeks)) // (2 * b.weeks)
    ELSE b.summed
  END AS points
FROM (
  SELECT p.period, c.subject, c.criterion, e.averaged,
    COUNT(*) AS weeks, SUM(c.credit) AS summed, 2 * SUM(c.credit) + COUNT(*) AS doubled
  FROM criterion_of AS c
  JOIN span AS p ON p.week = c.week
  JOIN period AS e ON e.period = p.period
  WHERE p.period <> 'before'
  GROUP BY p.period, c.subject, c.criterion, e.averaged
) AS b;
