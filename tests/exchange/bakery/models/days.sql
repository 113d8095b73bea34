select cast(range as date) as date_day from range(timestamp '2025-12-01', timestamp '2026-12-31', interval 1 day)
