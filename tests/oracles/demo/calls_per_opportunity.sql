-- Metric 7: outbound calls on the deals closed in the quarter, up to their closing, over those deals.
--   period: 2026-Q3
--   compare: previous_period
--   sections:
--     - kpis: [sales_calls_per_opportunity]
with instant(moment, start, until) as (
  values ('current', timestamp '2026-06-30 22:00', timestamp '2026-09-30 22:00'),
         ('previous', timestamp '2026-03-31 22:00', timestamp '2026-06-30 22:00')
),
visit as (
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
),
state as (
  select t.moment, t.start, t.until, t.deal_id, t.owner_id, t.source, t.lead_id, t.account_id,
         t.pipeline_id, t.deal_type, t.loss_reason, t.created_at,
         case when t.currency = 'EUR' then t.amount end as euros,
         case when t.closed_itself then t.status
              when s.is_won then 'won' when s.is_lost then 'lost' else 'open' end as status,
         case when t.closed_itself then t.closed_at
              when s.is_won or s.is_lost then t.entered_at end as closed_at,
         s.name as stage,
         -- A closed deal's own probability is 1 or 0: what it was before is its stage's of then.
         coalesce(case when t.status = 'open' then t.probability end, s.probability) as probability
  from (
    select i.*, d.*, v.entered_at, d.status in ('won', 'lost') and d.closed_at < i.until as closed_itself,
           case when d.status in ('won', 'lost') and d.closed_at < i.until then d.stage_id
                when v.stage_id is not null then v.stage_id
                when d.status = 'open' then d.stage_id end as stage_then
    from instant i
    join demo.deal d on d.created_at < i.until and d.is_deleted is distinct from true
    left join visit v on v.deal_id = d.deal_id and v.entered_at < i.until
    qualify row_number() over (
      partition by i.moment, d.deal_id order by v.entered_at desc, v.position desc) = 1
  ) t
  left join demo.stage s on s.stage_id = t.stage_then
),
called as (
  select moment, state.deal_id, count(activity_id) as calls
  from state
  left join demo.activity a on a.deal_id = state.deal_id and a.type = 'call'
    and a.direction = 'outbound' and a.done_at <= state.closed_at and a.status is distinct from 'cancelled'
  where closed_at >= start and closed_at < until
  group by all
)
select sum(calls) filter (moment = 'current') / count(*) filter (moment = 'current')
         as sales_calls_per_opportunity,
       sum(calls) filter (moment = 'previous') / count(*) filter (moment = 'previous')
         as sales_calls_per_opportunity__previous
from called
