-- A deal that closed later was open, but its stage then is not known.
WITH counted AS (
SELECT
  CASE WHEN closed_at >= TIMESTAMP '2025-12-31 23:00:00' THEN NULL ELSE stage_id END AS stage_now,
  CASE WHEN closed_at >= TIMESTAMP '2024-12-31 23:00:00' THEN NULL ELSE stage_id END AS stage_then,
  count(CASE WHEN status = 'open' OR closed_at >= TIMESTAMP '2025-12-31 23:00:00' THEN 1 END) AS open_opportunities_count,
  sum(CASE WHEN status = 'open' OR closed_at >= TIMESTAMP '2025-12-31 23:00:00' THEN amount END) AS open_amount,
  count(CASE WHEN status = 'open' OR closed_at >= TIMESTAMP '2025-12-31 23:00:00' THEN amount END) AS open_amount__n,
  count(CASE WHEN created_at < TIMESTAMP '2024-12-31 23:00:00' THEN 1 END) AS open_opportunities_count__previous,
  sum(CASE WHEN created_at < TIMESTAMP '2024-12-31 23:00:00' THEN amount END) AS open_amount__previous,
  count(CASE WHEN created_at < TIMESTAMP '2024-12-31 23:00:00' THEN amount END) AS open_amount__n__previous
FROM {deals}
WHERE created_at < TIMESTAMP '2025-12-31 23:00:00' AND (status = 'open' OR closed_at >= TIMESTAMP '2024-12-31 23:00:00')
GROUP BY 1, 2
), parts AS (
  SELECT stage_now AS stage_id,
    open_opportunities_count, open_amount, open_amount__n, NULL AS open_opportunities_count__previous, NULL AS open_amount__previous, NULL AS open_amount__n__previous
  FROM counted
  UNION ALL
  SELECT stage_then AS stage_id,
    NULL AS open_opportunities_count, NULL AS open_amount, NULL AS open_amount__n, open_opportunities_count__previous, open_amount__previous, open_amount__n__previous
  FROM counted
)
SELECT
  s.name AS d0,
  sum(open_opportunities_count) AS open_opportunities_count,
  sum(open_amount) AS open_amount,
  sum(open_amount__n) AS open_amount__n,
  sum(open_opportunities_count__previous) AS open_opportunities_count__previous,
  sum(open_amount__previous) AS open_amount__previous,
  sum(open_amount__n__previous) AS open_amount__n__previous
FROM parts
FULL JOIN {stages} AS s ON s.id = parts.stage_id
GROUP BY 1
