"""What the rules make of a week, as the lake has it: of a book when it is collected, of all books anew."""

# Over the tables of rules.sql, for the kind of subject that its `question` asks for. A subject that is
# exempt has a row too, so that a ranking needs no entries to know it.
TOTALS = """
SELECT a.week, a.subject, a.kind,
  CAST(r.total AS BIGINT) AS total,
  CAST(t.veto_total AS BIGINT) AS veto_total,
  CAST(CASE WHEN x.subject IS NULL THEN 0 ELSE 1 END AS BIGINT) AS exempt
FROM active AS a
JOIN question AS q ON q.kind = a.kind
JOIN week AS w ON w.week = a.week AND w.version IS NOT NULL
LEFT JOIN rollup AS r ON r.week = a.week AND r.subject = a.subject
LEFT JOIN week_total AS t
  ON t.week = a.week AND t.subject = a.subject AND t.kind = a.kind AND t.veto_total IS NOT NULL
LEFT JOIN (SELECT DISTINCT week, subject FROM live WHERE kind = 'exempt') AS x
  ON x.week = a.week AND x.subject = a.subject
WHERE r.subject IS NOT NULL OR t.subject IS NOT NULL OR x.subject IS NOT NULL
"""
CRITERIA = """
SELECT c.week, c.subject, q.kind, c.criterion, CAST(c.credit AS BIGINT) AS credit
FROM criterion_of AS c
CROSS JOIN question AS q
"""
KINDS = ("member", "cp", "branch")
