WITH g AS (
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
  END AS bucket, status,
  sum(amount) AS amount, count(amount) AS amounts, count(*) AS deals
FROM {deals}
WHERE closed_at >= TIMESTAMP '2024-12-31 23:00:00' AND closed_at < TIMESTAMP '2025-12-31 23:00:00' AND status IN ('won', 'lost')
GROUP BY 1, 2
), closed AS (
SELECT
  bucket,
  sum(amount) FILTER (WHERE status = 'won') AS won_amount,
  coalesce(sum(amounts) FILTER (WHERE status = 'won'), 0) AS won_amount__n,
  coalesce(sum(deals) FILTER (WHERE status = 'won'), 0) AS won_deals_count,
  coalesce(sum(deals) FILTER (WHERE status = 'lost'), 0) AS lost_deals_count,
  sum(deals) AS closed_deals_count
FROM g
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
