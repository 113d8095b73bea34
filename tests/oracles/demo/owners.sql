-- Leads, deals, calls and quotes of each person in one table: nothing is multiplied, idle people are rows.
--   rows: all
--   period: 2026-Q3
--   sections:
--     - breakdown:
--         metrics: [leads_created_count, won_deals_count, open_opportunities_count, sales_calls_count, quotes_presented_count]
--         by: [user.name]
--         top: 100
with instant(moment, start, until) as (
  values ('current', timestamp '2026-06-30 22:00', timestamp '2026-09-30 22:00')
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
lead as (
  select lead_id, source, owner_id, converted_at, lead_type, created_at,
         coalesce(nullif(lower(trim(email)), ''), lead_id) as person
  from demo.lead
  where is_deleted is distinct from true and merged_into_id is null and status is distinct from 'junk'
),
counted as (
  select owner_id, 1 as leads, 0 as won, 0 as open, 0 as calls, null as quote
  from lead where created_at >= '2026-06-30 22:00' and created_at < '2026-09-30 22:00'
  union all
  select owner_id, 0, cast(status = 'won' and closed_at >= start as integer), cast(status = 'open' as integer), 0, null
  from state where status = 'open' or (status = 'won' and closed_at >= start)
  union all
  select owner_id, 0, 0, 0, 1, null from demo.activity
  where done_at >= '2026-06-30 22:00' and done_at < '2026-09-30 22:00'
    and type = 'call' and direction = 'outbound' and case_id is null and status is distinct from 'cancelled'
    and (deal_id is not null or lead_id is not null or contact_id is not null)
  union all
  select owner_id, 0, 0, 0, 0, number from demo.quote
  where status is distinct from 'draft' and presented_at >= '2026-06-30 22:00' and presented_at < '2026-09-30 22:00'
)
select u.name as "user.name", cast(coalesce(sum(leads), 0) as bigint) as leads_created_count,
       cast(coalesce(sum(won), 0) as bigint) as won_deals_count,
       cast(coalesce(sum(open), 0) as bigint) as open_opportunities_count,
       cast(coalesce(sum(calls), 0) as bigint) as sales_calls_count,
       count(distinct quote) as quotes_presented_count
from demo.user u
full join counted c on c.owner_id = u.user_id
where u.is_active is distinct from false or c.leads is not null
group by u.name
