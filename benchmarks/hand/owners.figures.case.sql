WITH r AS (
  SELECT owner_id, amount, CASE status WHEN 'won' THEN 1 WHEN 'lost' THEN 2 END
    + CASE WHEN closed_at < TIMESTAMP '2024-12-31 23:00:00' THEN 2 ELSE 0 END AS outcome
  FROM {deals}
  WHERE closed_at >= TIMESTAMP '2023-12-31 23:00:00' AND closed_at < TIMESTAMP '2025-12-31 23:00:00'
), a AS (
SELECT
  owner_id,
  sum(CASE WHEN outcome = 1 THEN amount END) AS won_amount,
  count(CASE WHEN outcome = 1 THEN amount END) AS won_amount__n,
  count(CASE WHEN outcome = 1 THEN 1 END) AS won_deals_count,
  count(CASE WHEN outcome IN (1, 2) THEN 1 END) AS closed_deals_count,
  sum(CASE WHEN outcome = 3 THEN amount END) AS won_amount__previous,
  count(CASE WHEN outcome = 3 THEN amount END) AS won_amount__n__previous,
  count(CASE WHEN outcome = 3 THEN 1 END) AS won_deals_count__previous,
  count(CASE WHEN outcome IN (3, 4) THEN 1 END) AS closed_deals_count__previous
FROM r
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
