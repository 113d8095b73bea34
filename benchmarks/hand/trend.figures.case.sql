WITH r AS (
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
  END AS bucket, amount, CASE status WHEN 'won' THEN 1 WHEN 'lost' THEN 2 END
    + CASE WHEN closed_at < TIMESTAMP '2024-12-31 23:00:00' THEN 2 ELSE 0 END AS outcome
  FROM {deals}
  WHERE closed_at >= TIMESTAMP '2023-12-31 23:00:00' AND closed_at < TIMESTAMP '2025-12-31 23:00:00'
)
SELECT
  bucket,
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
