-- The pipeline report of the third quarter of 2026, compared with the second, in Rome, by hand: what is shared is made
-- once, and nothing that is not asked for. A SELECT says in a comment which of the report's statements it gives.
create temp table rate as
select upper(trim(from_currency)) currency, rate, day since, lead(day) over (partition by upper(trim(from_currency)) order by day) until
from fx_rate where upper(trim(to_currency)) = 'EUR';

-- Changes of deals that are there, in their order: the last of several in one instant is the one that the deal is in.
create temp table change as
select h.deal_id, h.stage_id, s.is_won or s.is_lost closing, s.is_won, h.entered_at, h.amount, h.probability, h.expected_close_date,
  row_number() over w place, lag(h.stage_id) over w previous
from deal_stage_history h
join deal d on d.deal_id = h.deal_id and not coalesce(d.is_deleted, false)
left join stage s on s.stage_id = h.stage_id
left join (select deal_id, max(entered_at) changed from deal_stage_history group by deal_id) newest on newest.deal_id = h.deal_id
where h.entered_at is not null
window w as (partition by h.deal_id order by h.entered_at, h.entered_at = newest.changed and h.stage_id = d.stage_id, s.position,
  h.stage_id, h.amount nulls first, h.probability nulls first, h.expected_close_date nulls first);

-- One row for each stretch in which stage and values of a deal stayed as they were; those of a stay in a stage have
-- when it began, and the last of them when it ended.
create temp table stretch as
select deal_id, stage_id, closing, is_won, amount, probability, expected_close_date, entered_at since,
  lead(entered_at) over w until, lead(stage_id) over w next_stage_id, lead(closing) over w next_closes,
  lead(place, 2) over w is null next_is_last, lag(place) over w is null is_first,
  max(case when previous is distinct from stage_id then entered_at end) over (w rows unbounded preceding) began,
  count(case when previous is distinct from stage_id then 1 end) over (w rows between 1 following and unbounded following) = 0 of_today
from change
where not closing or previous is distinct from stage_id
window w as (partition by deal_id order by place);

-- Deals as they were from the end of the second quarter to that of the third.
create temp table state as
with held as (
  select s.* exclude (deal_id), d.* exclude (stage_id, amount, probability, expected_close_date), s.until is null is_last,
    d.amount amount_now, d.probability probability_now, d.expected_close_date expected_now, d.stage_id stage_now,
    case when s.is_first then null when s.closing and s.until is null then coalesce(d.closed_at, s.since) else s.since end valid_from,
    case when s.next_closes and s.next_is_last then coalesce(d.closed_at, s.until) else s.until end valid_until
  from (select deal_id, stage_id, status, closed_at, created_at, amount, probability, expected_close_date, currency, deal_type
    from deal where not coalesce(is_deleted, false)) d
  left join stretch s on s.deal_id = d.deal_id
    and (s.until is null or s.until >= timestamp '2026-06-30 22:00' or (s.next_closes and s.next_is_last))
)
select deal_id, coalesce(stage_id, stage_now) stage_id, created_at, valid_from, valid_until, currency, deal_type, since entered_at,
  case when of_today or of_today is null then status when not closing then 'open' when is_won then 'won' else 'lost' end status,
  case when of_today or of_today is null then coalesce(closed_at, case when status in ('won', 'lost') and closing then since end) when closing then since end closed_at,
  case when since is null then closed_at when closing and is_last then coalesce(closed_at, since) else began end stage_since,
  case when is_last then coalesce(amount_now, amount) else coalesce(amount, amount_now) end amount,
  case when is_last then coalesce(probability_now, probability) when of_today then coalesce(probability, probability_now) else probability end probability,
  case when is_last then coalesce(expected_now, expected_close_date) else coalesce(expected_close_date, expected_now) end expected_close_date
from held
where (valid_until is null or valid_until >= timestamp '2026-06-30 22:00') and (valid_from is null or valid_from < timestamp '2026-09-30 22:00');

-- Open deals at the end of either quarter, in euros of that day.
create temp table open_at as
with instant(side, ending, day) as (values (1, timestamp '2026-09-30 22:00', date '2026-10-01'), (0, timestamp '2026-06-30 22:00', date '2026-07-01'))
select i.side, i.ending, i.day, s.deal_id, s.created_at, s.expected_close_date, s.amount, g.rotting_days,
  cast(case when upper(trim(s.currency)) = 'EUR' then s.amount else cast(s.amount * r.rate as decimal(38, 9)) end as decimal(38, 9)) euros,
  coalesce(case when s.closed_at < i.ending or s.closed_at is null then s.probability end, g.probability) probability
from instant i
join state s on (s.valid_from is null or s.valid_from < i.ending) and (s.valid_until is null or s.valid_until >= i.ending)
  and (s.status = 'open' or s.closed_at >= i.ending)
  and (s.created_at is null or s.created_at < i.ending or s.closed_at < i.ending or s.entered_at < i.ending)
left join rate r on r.currency = upper(trim(s.currency)) and r.since < i.day and (r.until is null or r.until >= i.day)
left join stage g on g.stage_id = case when s.stage_since < i.ending or s.stage_since is null then s.stage_id end;

-- Deals that were closed in either quarter, as of its end, in euros of the day of closing.
create temp table closed_in as
with instant(side, start, ending) as (values (1, timestamp '2026-06-30 22:00', timestamp '2026-09-30 22:00'), (0, timestamp '2026-03-31 22:00', timestamp '2026-06-30 22:00')),
closed as (
  select i.side, s.status, s.deal_type, s.created_at, s.closed_at, s.amount, s.currency, cast(timezone('Europe/Rome', timezone('UTC', s.closed_at)) as date) as day
  from instant i join state s on s.closed_at >= i.start and s.closed_at < i.ending
    and (s.valid_from is null or s.valid_from < i.ending) and (s.valid_until is null or s.valid_until >= i.ending)
)
select c.*, case when upper(trim(c.currency)) = 'EUR' then c.amount else cast(c.amount * r.rate as decimal(38, 9)) end euros
from closed c left join rate r on r.currency = upper(trim(c.currency)) and r.since <= c.day and (r.until is null or r.until > c.day);

-- headline.figures
with o as (
  select count(*) filter (side = 1) open_opportunities_count, sum(euros) filter (side = 1) open_amount,
    count(euros) filter (side = 1) open_amount__n, count(*) filter (side = 1 and amount is null) open_amount__missing,
    sum(cast(euros * probability as decimal(38, 9))) filter (side = 1) open_weighted_amount,
    count(euros * probability) filter (side = 1) open_weighted_amount__n,
    count(*) filter (side = 0) open_opportunities_count__previous, sum(euros) filter (side = 0) open_amount__previous,
    count(euros) filter (side = 0) open_amount__n__previous, count(*) filter (side = 0 and amount is null) open_amount__missing__previous,
    sum(cast(euros * probability as decimal(38, 9))) filter (side = 0) open_weighted_amount__previous,
    count(euros * probability) filter (side = 0) open_weighted_amount__n__previous
  from open_at
), c as (
  select count(*) filter (side = 1 and status = 'won') won_deals_count,
    count(*) filter (side = 1 and status in ('won', 'lost')) closed_deals_count,
    sum(euros) filter (side = 1 and status = 'won' and (deal_type is null or deal_type <> 'renewal')) new_revenue_amount,
    sum((epoch_us(closed_at) - epoch_us(created_at)) / 86400e6) filter (side = 1 and status = 'won' and closed_at >= created_at) sales_cycle_days__sum,
    count(*) filter (side = 1 and status = 'won' and closed_at >= created_at) sales_cycle_days__n,
    count(*) filter (side = 0 and status = 'won') won_deals_count__previous,
    count(*) filter (side = 0 and status in ('won', 'lost')) closed_deals_count__previous,
    sum(euros) filter (side = 0 and status = 'won' and (deal_type is null or deal_type <> 'renewal')) new_revenue_amount__previous,
    sum((epoch_us(closed_at) - epoch_us(created_at)) / 86400e6) filter (side = 0 and status = 'won' and closed_at >= created_at) sales_cycle_days__sum__previous,
    count(*) filter (side = 0 and status = 'won' and closed_at >= created_at) sales_cycle_days__n__previous
  from closed_in
)
select * from o, c;

-- conversion.totals
select quantile_cont((epoch_us(until) - epoch_us(began)) / 86400e6, 0.5) filter (until >= timestamp '2026-06-30 22:00') "stage_duration_days.median",
  count(*) filter (until >= timestamp '2026-06-30 22:00') "stage_duration_days.median__n",
  quantile_cont((epoch_us(until) - epoch_us(began)) / 86400e6, 0.5) filter (until < timestamp '2026-06-30 22:00') "stage_duration_days.median__previous",
  count(*) filter (until < timestamp '2026-06-30 22:00') "stage_duration_days.median__n__previous"
from stretch
where not closing and until >= timestamp '2026-03-31 22:00' and until < timestamp '2026-09-30 22:00' and next_stage_id is distinct from stage_id;

-- movements.figures
with instant(side, start, ending) as (values (1, timestamp '2026-06-30 22:00', timestamp '2026-09-30 22:00'), (0, timestamp '2026-03-31 22:00', timestamp '2026-06-30 22:00')),
made as (
  select i.side, s.amount, s.currency, cast(timezone('Europe/Rome', timezone('UTC', s.created_at)) as date) as day
  from instant i join state s on s.created_at >= i.start and s.created_at < i.ending
    and (s.valid_from is null or s.valid_from < i.ending) and (s.valid_until is null or s.valid_until >= i.ending)
), created as (
  select m.side, m.amount, case when upper(trim(m.currency)) = 'EUR' then m.amount else cast(m.amount * r.rate as decimal(38, 9)) end euros
  from made m left join rate r on r.currency = upper(trim(m.currency)) and r.since <= m.day and (r.until is null or r.until > m.day)
), moved as (
  select case when v.until >= timestamp '2026-06-30 22:00' then 1 else 0 end side, n.is_won, n.position > s.position onward, n.position < s.position back
  from stretch v left join stage s on s.stage_id = v.stage_id left join stage n on n.stage_id = v.next_stage_id
  where not v.closing and not n.is_lost and v.until >= timestamp '2026-03-31 22:00' and v.until < timestamp '2026-09-30 22:00'
    and v.next_stage_id is distinct from v.stage_id
)
select (select count(*) filter (side = 1) from created) deals_created_count, (select sum(euros) filter (side = 1) from created) deals_created_amount,
  (select count(*) filter (side = 0) from created) deals_created_count__previous, (select sum(euros) filter (side = 0) from created) deals_created_amount__previous,
  (select count(*) filter (side = 1 and (is_won or onward)) from moved) stage_advances_count,
  (select count(*) filter (side = 1 and not is_won and back) from moved) stage_regressions_count,
  (select count(*) filter (side = 0 and (is_won or onward)) from moved) stage_advances_count__previous,
  (select count(*) filter (side = 0 and not is_won and back) from moved) stage_regressions_count__previous,
  (select count(*) filter (side = 1 and status = 'won') from closed_in) won_deals_count,
  (select count(*) filter (side = 1 and status = 'lost') from closed_in) lost_deals_count,
  (select count(*) filter (side = 0 and status = 'won') from closed_in) won_deals_count__previous,
  (select count(*) filter (side = 0 and status = 'lost') from closed_in) lost_deals_count__previous;

-- revenue_trend.figures
select case when closed_at < timestamp '2026-04-30 22:00' then 0 when closed_at < timestamp '2026-05-31 22:00' then 1
    when closed_at < timestamp '2026-06-30 22:00' then 2 when closed_at < timestamp '2026-07-31 22:00' then 0
    when closed_at < timestamp '2026-08-31 22:00' then 1 else 2 end bucket,
  sum(euros) filter (side = 1) won_amount, count(euros) filter (side = 1) won_amount__n, count(*) filter (side = 1) won_deals_count,
  sum(euros) filter (side = 0) won_amount__previous, count(euros) filter (side = 0) won_amount__n__previous, count(*) filter (side = 0) won_deals_count__previous
from closed_in where status = 'won' group by 1;

-- ageing.figures
select case when (epoch_us(ending) - epoch_us(created_at)) / 86400e6 < 30 then 0 when (epoch_us(ending) - epoch_us(created_at)) / 86400e6 < 60 then 1
    when (epoch_us(ending) - epoch_us(created_at)) / 86400e6 < 90 then 2 when (epoch_us(ending) - epoch_us(created_at)) / 86400e6 < 180 then 3
    when created_at is not null then 4 end d0,
  count(*) filter (side = 1) open_opportunities_count, sum(euros) filter (side = 1) open_amount,
  count(*) filter (side = 0) open_opportunities_count__previous, sum(euros) filter (side = 0) open_amount__previous
from open_at group by 1;

-- attention.figures
with instant(side, ending) as (values (1, timestamp '2026-09-30 22:00'), (0, timestamp '2026-06-30 22:00')),
doing as (
  select i.side, a.deal_id, max(case when a.done_at < i.ending then a.done_at end) last_at,
    count(case when a.due_at >= i.ending and (a.done_at is null or a.done_at >= i.ending) and (a.done_at >= i.ending or a.status is null
      or lower(a.status) not in ('cancelled', 'canceled', 'deleted', 'done', 'completed', 'complete', 'closed')) then 1 end) ahead
  from instant i join open_at o on o.side = i.side
  join activity a on a.deal_id = o.deal_id and (a.created_at is null or a.created_at < i.ending or a.done_at < i.ending)
  group by 1, 2
), deals as (
  select o.side, count(*) filter ((epoch_us(o.ending) - epoch_us(coalesce(d.last_at, o.created_at))) / 86400e6 > coalesce(o.rotting_days, 30)) stalled,
    count(*) filter (coalesce(d.ahead, 0) = 0) no_step, count(*) filter (o.expected_close_date < o.day) overdue
  from open_at o left join doing d on d.side = o.side and d.deal_id = o.deal_id group by 1
), pace as (
  select i.side, v.stage_id, avg((epoch_us(v.until) - epoch_us(v.began)) / 86400e6) mean
  from instant i join stretch v on v.until < i.ending and v.until >= v.began and v.next_stage_id is distinct from v.stage_id group by 1, 2
), slow as (
  select o.side, count(distinct o.deal_id) slow
  from open_at o join stretch v on v.deal_id = o.deal_id and v.since < o.ending and (v.until is null or v.until >= o.ending)
  join pace p on p.side = o.side and p.stage_id = v.stage_id
  where (epoch_us(o.ending) - epoch_us(v.began)) / 86400e6 > 2 * p.mean group by 1
)
select max(stalled) filter (side = 1) stalled_deals_count, max(no_step) filter (side = 1) no_next_step_count,
  max(overdue) filter (side = 1) overdue_deals_count, max(slow) filter (side = 1) slow_deals_count,
  max(stalled) filter (side = 0) stalled_deals_count__previous, max(no_step) filter (side = 0) no_next_step_count__previous,
  max(overdue) filter (side = 0) overdue_deals_count__previous, max(slow) filter (side = 0) slow_deals_count__previous
from deals left join slow using (side);
