-- Days in stage by stage.
--   period: 2026-Q3
--   compare: previous_period
--   sections:
--     - breakdown: {metrics: [stage_duration_days], by: [stage.name]}
with visit as (
  select deal_id, stage_id, entered_at, position,
         lead(entered_at) over later as exited_at
  from (
    select h.deal_id, h.stage_id, h.entered_at, s.position,
           lag(h.stage_id) over (partition by h.deal_id order by h.entered_at, s.position) as before
    from demo.deal_stage_history h
    join demo.stage s using (stage_id)
  )
  where before is distinct from stage_id
  window later as (partition by deal_id order by entered_at, position)
)
select s.name as "stage.name",
       avg(epoch(exited_at - entered_at) / 86400) filter (exited_at >= '2026-06-30 22:00') as stage_duration_days,
       avg(epoch(exited_at - entered_at) / 86400) filter (exited_at < '2026-06-30 22:00') as stage_duration_days__previous
from visit
join demo.stage s using (stage_id)
join demo.deal d on d.deal_id = visit.deal_id and d.is_deleted is distinct from true
where not s.is_won and not s.is_lost and exited_at >= entered_at
  and exited_at >= '2026-03-31 22:00' and exited_at < '2026-09-30 22:00'
group by s.name
