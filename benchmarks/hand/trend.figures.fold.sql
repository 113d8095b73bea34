WITH g AS (
  SELECT CASE
    WHEN closed_at < TIMESTAMP '2024-01-31 23:00:00' THEN 0
    WHEN closed_at < TIMESTAMP '2024-02-29 23:00:00' THEN 1
    WHEN closed_at < TIMESTAMP '2024-03-31 22:00:00' THEN 2
    WHEN closed_at < TIMESTAMP '2024-04-30 22:00:00' THEN 3
    WHEN closed_at < TIMESTAMP '2024-05-31 22:00:00' THEN 4
    WHEN closed_at < TIMESTAMP '2024-06-30 22:00:00' THEN 5
    WHEN closed_at < TIMESTAMP '2024-07-31 22:00:00' THEN 6
    WHEN closed_at < TIMESTAMP '2024-08-31 22:00:00' THEN 7
    WHEN closed_at < TIMESTAMP '2024-09-30 22:00:00' THEN 8
    WHEN closed_at < TIMESTAMP '2024-10-31 23:00:00' THEN 9
    WHEN closed_at < TIMESTAMP '2024-11-30 23:00:00' THEN 10
    WHEN closed_at < TIMESTAMP '2024-12-31 23:00:00' THEN 11
    WHEN closed_at < TIMESTAMP '2025-01-31 23:00:00' THEN 0
    WHEN closed_at < TIMESTAMP '2025-02-28 23:00:00' THEN 1
    WHEN closed_at < TIMESTAMP '2025-03-31 22:00:00' THEN 2
    WHEN closed_at < TIMESTAMP '2025-04-30 22:00:00' THEN 3
    WHEN closed_at < TIMESTAMP '2025-05-31 22:00:00' THEN 4
    WHEN closed_at < TIMESTAMP '2025-06-30 22:00:00' THEN 5
    WHEN closed_at < TIMESTAMP '2025-07-31 22:00:00' THEN 6
    WHEN closed_at < TIMESTAMP '2025-08-31 22:00:00' THEN 7
    WHEN closed_at < TIMESTAMP '2025-09-30 22:00:00' THEN 8
    WHEN closed_at < TIMESTAMP '2025-10-31 23:00:00' THEN 9
    WHEN closed_at < TIMESTAMP '2025-11-30 23:00:00' THEN 10
    WHEN closed_at < TIMESTAMP '2025-12-31 23:00:00' THEN 11
  END AS bucket, closed_at >= TIMESTAMP '2024-12-31 23:00:00' AS current, status,
    sum(amount) AS amount, count(amount) AS amounts, count(*) AS deals
  FROM {deals}
  WHERE closed_at >= TIMESTAMP '2023-12-31 23:00:00' AND closed_at < TIMESTAMP '2025-12-31 23:00:00'
  GROUP BY 1, 2, 3
)
SELECT
  bucket,
  sum(amount) FILTER (WHERE current AND status = 'won') AS won_amount,
  coalesce(sum(amounts) FILTER (WHERE current AND status = 'won'), 0) AS won_amount__n,
  coalesce(sum(deals) FILTER (WHERE current AND status = 'won'), 0) AS won_deals_count,
  coalesce(sum(deals) FILTER (WHERE current AND status IN ('won', 'lost')), 0) AS closed_deals_count,
  sum(amount) FILTER (WHERE NOT current AND status = 'won') AS won_amount__previous,
  coalesce(sum(amounts) FILTER (WHERE NOT current AND status = 'won'), 0) AS won_amount__n__previous,
  coalesce(sum(deals) FILTER (WHERE NOT current AND status = 'won'), 0) AS won_deals_count__previous,
  coalesce(sum(deals) FILTER (WHERE NOT current AND status IN ('won', 'lost')), 0) AS closed_deals_count__previous
FROM g
GROUP BY 1
