WITH r AS (
  SELECT closed_at >= TIMESTAMP '2024-12-31 23:00:00' AS current,
    CAST(extract(epoch FROM closed_at - created_at) AS DOUBLE PRECISION) / 86400 AS days
  FROM {deals}
  WHERE closed_at >= TIMESTAMP '2023-12-31 23:00:00' AND closed_at < TIMESTAMP '2025-12-31 23:00:00'
    AND status = 'won' AND closed_at >= created_at
)
SELECT
  percentile_cont(0.5) WITHIN GROUP (ORDER BY days) FILTER (WHERE current) AS "sales_cycle_days.median",
  count(*) FILTER (WHERE current) AS "sales_cycle_days.median__n",
  percentile_cont(0.5) WITHIN GROUP (ORDER BY days) FILTER (WHERE NOT current) AS "sales_cycle_days.median__previous",
  count(*) FILTER (WHERE NOT current) AS "sales_cycle_days.median__n__previous"
FROM r
