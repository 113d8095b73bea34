WITH g AS (
  SELECT closed_at >= TIMESTAMP '2024-12-31 23:00:00' AS current, status,
    sum(amount) AS amount, count(amount) AS amounts, count(*) AS deals
  FROM {deals}
  WHERE closed_at >= TIMESTAMP '2023-12-31 23:00:00' AND closed_at < TIMESTAMP '2025-12-31 23:00:00'
  GROUP BY 1, 2
), closed AS (
SELECT
  sum(amount) FILTER (WHERE current AND status = 'won') AS won_amount,
  coalesce(sum(amounts) FILTER (WHERE current AND status = 'won'), 0) AS won_amount__n,
  coalesce(sum(deals) FILTER (WHERE current AND status = 'won'), 0) AS won_deals_count,
  coalesce(sum(deals) FILTER (WHERE current AND status = 'lost'), 0) AS lost_deals_count,
  coalesce(sum(deals) FILTER (WHERE current AND status IN ('won', 'lost')), 0) AS closed_deals_count,
  sum(amount) FILTER (WHERE NOT current AND status = 'won') AS won_amount__previous,
  coalesce(sum(amounts) FILTER (WHERE NOT current AND status = 'won'), 0) AS won_amount__n__previous,
  coalesce(sum(deals) FILTER (WHERE NOT current AND status = 'won'), 0) AS won_deals_count__previous,
  coalesce(sum(deals) FILTER (WHERE NOT current AND status = 'lost'), 0) AS lost_deals_count__previous,
  coalesce(sum(deals) FILTER (WHERE NOT current AND status IN ('won', 'lost')), 0) AS closed_deals_count__previous
FROM g
), created AS (
  SELECT count(CASE WHEN created_at >= TIMESTAMP '2024-12-31 23:00:00' THEN 1 END) AS deals_created_count,
    count(CASE WHEN created_at < TIMESTAMP '2024-12-31 23:00:00' THEN 1 END) AS deals_created_count__previous
  FROM {deals}
  WHERE created_at >= TIMESTAMP '2023-12-31 23:00:00' AND created_at < TIMESTAMP '2025-12-31 23:00:00'
)
SELECT * FROM closed, created
