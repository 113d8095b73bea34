WITH g AS (
  SELECT owner_id, closed_at >= TIMESTAMP '2024-12-31 23:00:00' AS current, status,
    sum(amount) AS amount, count(amount) AS amounts, count(*) AS deals
  FROM {deals}
  WHERE closed_at >= TIMESTAMP '2023-12-31 23:00:00' AND closed_at < TIMESTAMP '2025-12-31 23:00:00'
  GROUP BY 1, 2, 3
), a AS (
SELECT
  owner_id,
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
)
SELECT
  u.name AS d0,
  sum(a.won_amount) AS won_amount,
  sum(a.won_amount__n) AS won_amount__n,
  sum(a.won_deals_count) AS won_deals_count,
  sum(a.closed_deals_count) AS closed_deals_count,
  sum(a.won_amount__previous) AS won_amount__previous,
  sum(a.won_amount__n__previous) AS won_amount__n__previous,
  sum(a.won_deals_count__previous) AS won_deals_count__previous,
  sum(a.closed_deals_count__previous) AS closed_deals_count__previous
FROM {users} AS u
LEFT JOIN a ON a.owner_id = u.id
GROUP BY 1
