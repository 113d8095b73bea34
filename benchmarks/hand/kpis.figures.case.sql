WITH r AS (
  SELECT amount, created_at, CASE WHEN closed_at >= TIMESTAMP '2024-12-31 23:00:00' AND closed_at < TIMESTAMP '2025-12-31 23:00:00' THEN 0
      WHEN closed_at >= TIMESTAMP '2023-12-31 23:00:00' AND closed_at < TIMESTAMP '2024-12-31 23:00:00' THEN 2 END
    + CASE status WHEN 'won' THEN 1 WHEN 'lost' THEN 2 END AS outcome
  FROM {deals}
  WHERE (closed_at >= TIMESTAMP '2023-12-31 23:00:00' AND closed_at < TIMESTAMP '2025-12-31 23:00:00')
    OR (created_at >= TIMESTAMP '2023-12-31 23:00:00' AND created_at < TIMESTAMP '2025-12-31 23:00:00')
)
SELECT
  sum(CASE WHEN outcome = 1 THEN amount END) AS won_amount,
  count(CASE WHEN outcome = 1 THEN amount END) AS won_amount__n,
  count(CASE WHEN outcome = 1 THEN 1 END) AS won_deals_count,
  count(CASE WHEN outcome = 2 THEN 1 END) AS lost_deals_count,
  count(CASE WHEN outcome IN (1, 2) THEN 1 END) AS closed_deals_count,
  sum(CASE WHEN outcome = 3 THEN amount END) AS won_amount__previous,
  count(CASE WHEN outcome = 3 THEN amount END) AS won_amount__n__previous,
  count(CASE WHEN outcome = 3 THEN 1 END) AS won_deals_count__previous,
  count(CASE WHEN outcome = 4 THEN 1 END) AS lost_deals_count__previous,
  count(CASE WHEN outcome IN (3, 4) THEN 1 END) AS closed_deals_count__previous,
  count(CASE WHEN created_at >= TIMESTAMP '2024-12-31 23:00:00' AND created_at < TIMESTAMP '2025-12-31 23:00:00' THEN 1 END) AS deals_created_count,
  count(CASE WHEN created_at >= TIMESTAMP '2023-12-31 23:00:00' AND created_at < TIMESTAMP '2024-12-31 23:00:00' THEN 1 END) AS deals_created_count__previous
FROM r
