WITH closed AS (
SELECT
  CASE
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
  END AS bucket,
  sum(CASE WHEN status = 'won' THEN amount END) AS won_amount,
  count(CASE WHEN status = 'won' THEN amount END) AS won_amount__n,
  count(CASE WHEN status = 'won' THEN 1 END) AS won_deals_count,
  count(CASE WHEN status = 'lost' THEN 1 END) AS lost_deals_count,
  count(*) AS closed_deals_count
FROM {deals}
WHERE closed_at >= TIMESTAMP '2024-12-31 23:00:00' AND closed_at < TIMESTAMP '2025-12-31 23:00:00' AND status IN ('won', 'lost')
GROUP BY 1
), created AS (
SELECT
  CASE
    WHEN created_at < TIMESTAMP '2025-01-31 23:00:00' THEN 0
    WHEN created_at < TIMESTAMP '2025-02-28 23:00:00' THEN 1
    WHEN created_at < TIMESTAMP '2025-03-31 22:00:00' THEN 2
    WHEN created_at < TIMESTAMP '2025-04-30 22:00:00' THEN 3
    WHEN created_at < TIMESTAMP '2025-05-31 22:00:00' THEN 4
    WHEN created_at < TIMESTAMP '2025-06-30 22:00:00' THEN 5
    WHEN created_at < TIMESTAMP '2025-07-31 22:00:00' THEN 6
    WHEN created_at < TIMESTAMP '2025-08-31 22:00:00' THEN 7
    WHEN created_at < TIMESTAMP '2025-09-30 22:00:00' THEN 8
    WHEN created_at < TIMESTAMP '2025-10-31 23:00:00' THEN 9
    WHEN created_at < TIMESTAMP '2025-11-30 23:00:00' THEN 10
    WHEN created_at < TIMESTAMP '2025-12-31 23:00:00' THEN 11
  END AS bucket,
  count(*) AS deals_created_count
FROM {deals}
WHERE created_at >= TIMESTAMP '2024-12-31 23:00:00' AND created_at < TIMESTAMP '2025-12-31 23:00:00'
GROUP BY 1
)
SELECT * FROM closed FULL JOIN created USING (bucket)
