"""What holds for every period, fiscal year and zone."""

from __future__ import annotations

from datetime import date, timedelta
from zoneinfo import ZoneInfo

from hypothesis import assume, given
from hypothesis import strategies as st

from reportspec.calendar import (
    GRAINS,
    CalendarError,
    Fiscal,
    Period,
    align,
    as_naive,
    bucket_label,
    buckets,
    compared_with,
    default_grain,
    floor,
    following,
    instant,
    months_between,
    parse_as_of,
    parse_period,
    period_label,
    previous_period,
    previous_year,
    same_point,
)

DAY = timedelta(days=1)
WHOLE = ("year", "quarter", "month", "week", "day", "fiscal_year", "fiscal_quarter")
ZONES = (
    "UTC", "Europe/Rome", "America/New_York", "Asia/Beirut", "America/Sao_Paulo", "America/Havana",
    "Atlantic/Azores", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Kathmandu",
)  # fmt: skip

years = st.integers(1905, 2195)
days = st.dates(date(1905, 1, 1), date(2195, 12, 31))
near_days = st.dates(date(1995, 1, 1), date(2035, 12, 31))
fiscals = st.builds(Fiscal, st.integers(1, 12), st.sampled_from([0, 5, 6]))
monday_fiscals = st.builds(Fiscal, st.integers(1, 12), st.just(0))
units = st.sampled_from(["week", "month", "quarter", "year"])

whole_names = st.one_of(
    years.map(str),
    st.builds("{}-Q{}".format, years, st.integers(1, 4)),
    st.builds("{}-{:02}".format, years, st.integers(1, 12)),
    st.builds("{}-W{:02}".format, years, st.integers(1, 52)),
    st.sampled_from([1908, 2015, 2020, 2026, 2032]).map("{}-W53".format),
    days.map(str),
    st.builds("FY{}".format, years),
    st.builds("FY{}-Q{}".format, years, st.integers(1, 4)),
)
relative_names = st.one_of(
    st.sampled_from(["today", "yesterday"]),
    st.builds("{}_{}".format, st.sampled_from(["this", "last"]), units),
    st.builds("{}_to_date".format, units),
    st.builds("last_{}_{}s".format, st.integers(2, 8), st.one_of(units, st.just("day"))),
)
ranges = st.builds(
    lambda first, length: {"from": str(first), "to": str(first + length * DAY)},
    days,
    st.integers(0, 700),
)


@st.composite
def periods(draw: st.DrawFn, fiscal: Fiscal) -> Period:
    value = draw(st.one_of(whole_names, relative_names, ranges))
    return parse_period(value, draw(days), fiscal)


def tiles(parts: list[Period], whole: Period) -> bool:
    ends = [whole.start, *(p.end for p in parts)]
    return [p.start for p in parts] == ends[:-1] and ends[-1] == whole.end


@given(years, fiscals)
def test_quarters_and_months_tile_the_year(year: int, fiscal: Fiscal) -> None:
    def read(name: str) -> Period:
        return parse_period(name, date(2000, 1, 1), fiscal)

    quarters = [read(f"{year}-Q{q}") for q in (1, 2, 3, 4)]
    months = [read(f"{year}-{m:02}") for m in range(1, 13)]
    assert tiles(quarters, read(str(year)))
    assert tiles(months, read(str(year)))
    for index, quarter in enumerate(quarters):
        assert tiles(months[3 * index : 3 * index + 3], quarter)


@given(years, fiscals)
def test_fiscal_quarters_tile_the_fiscal_year_and_years_follow_on(year: int, fiscal: Fiscal) -> None:
    def read(name: str) -> Period:
        return parse_period(name, date(2000, 1, 1), fiscal)

    whole = read(f"FY{year}")
    assert tiles([read(f"FY{year}-Q{q}") for q in (1, 2, 3, 4)], whole)
    assert whole.end == read(f"FY{year + 1}").start
    assert (whole.end - DAY).year == year  # named for the year in which it ends
    assert whole.start.month == fiscal.start_month


@given(years)
def test_weeks_follow_on(year: int) -> None:
    weeks = []
    for week in range(1, 54):
        try:
            weeks.append(parse_period(f"{year}-W{week}", date(2000, 1, 1), Fiscal()))
        except CalendarError:
            assert week == 53
    following_year = parse_period(f"{year + 1}-W1", date(2000, 1, 1), Fiscal())
    assert tiles(weeks, Period(weeks[0].start, following_year.start, "range", ""))
    # Week 1 is the one with 4 January in it.
    assert weeks[0].start <= date(year, 1, 4) < weeks[0].end


@given(whole_names, days, monday_fiscals)
def test_names_read_as_the_same_period_again(name: str, today: date, fiscal: Fiscal) -> None:
    period = parse_period(name, today, fiscal)
    assert period.name == name
    assert parse_period(period.name, today + DAY, fiscal) == period


@given(relative_names, days, monday_fiscals)
def test_relative_names_too(name: str, today: date, fiscal: Fiscal) -> None:
    period = parse_period(name, today, fiscal)
    assert parse_period(period.name, today, fiscal) == period


@given(days, fiscals, units)
def test_today_lies_in_this_one_and_last_one_ends_where_it_begins(today: date, fiscal: Fiscal, unit: str) -> None:
    this = parse_period(f"this_{unit}", today, fiscal)
    last = parse_period(f"last_{unit}", today, fiscal)
    so_far = parse_period(f"{unit}_to_date", today, fiscal)
    assert this.start <= today < this.end
    assert last.end == this.start
    assert previous_period(this, fiscal) == last
    assert (so_far.start, so_far.end) == (this.start, today + DAY)
    assert so_far.end <= this.end


@given(days, fiscals, st.sampled_from(GRAINS), st.integers(2, 30))
def test_several_are_the_last_one_and_those_before(today: date, fiscal: Fiscal, grain: str, count: int) -> None:
    assume(today.year - count > 1900)
    several = parse_period(f"last_{count}_{grain}s", today, fiscal)
    fewer = parse_period(f"last_{count - 1}_{grain}s", today, fiscal)
    assert several.end == fewer.end == floor(today, grain, fiscal)  # type: ignore[arg-type]
    assert following(several.start, grain) == fewer.start  # type: ignore[arg-type]


@given(st.data(), fiscals)
def test_the_period_before_ends_where_the_period_begins(data: st.DataObject, fiscal: Fiscal) -> None:
    period = data.draw(periods(fiscal))
    before = previous_period(period, fiscal)
    assert before.start < before.end <= period.start
    assert before.kind == period.kind
    if period.kind != "to_date":
        assert before.end == period.start
    if period.kind in ("day", "week"):
        assert before.end - before.start == period.end - period.start


@given(days, fiscals, units)
def test_so_far_meets_as_much_unless_the_unit_before_is_shorter(today: date, fiscal: Fiscal, unit: str) -> None:
    period = parse_period(f"{unit}_to_date", today, fiscal)
    whole_before = parse_period(f"last_{unit}", today, fiscal)
    before = previous_period(period, fiscal)
    assert before.start == whole_before.start
    assert before.end <= whole_before.end
    # Months and days, not days: they differ by what the months of a quarter or year do.
    lengths = (period.end - period.start).days, (before.end - before.start).days
    assert abs(lengths[0] - lengths[1]) <= 3
    if period.end == parse_period(f"this_{unit}", today, fiscal).end:
        assert before.end == whole_before.end


@given(st.data(), fiscals)
def test_a_year_before_is_a_year_before(data: st.DataObject, fiscal: Fiscal) -> None:
    period = data.draw(periods(fiscal))
    before = previous_year(period, fiscal)
    assert before.kind == period.kind
    assert before.start < before.end
    assert 357 <= (period.start - before.start).days <= 371
    assert abs((period.end - period.start) - (before.end - before.start)) <= 2 * DAY
    if period.kind in WHOLE:
        assert previous_year(previous_period(period, fiscal), fiscal).start <= before.start


@given(st.data(), fiscals)
def test_a_year_before_is_four_quarters_or_twelve_months_before(data: st.DataObject, fiscal: Fiscal) -> None:
    period = data.draw(periods(fiscal))
    steps = {"year": 1, "fiscal_year": 1, "quarter": 4, "fiscal_quarter": 4, "month": 12}
    assume(period.kind in steps)
    before = period
    for _ in range(steps[period.kind]):
        before = previous_period(before, fiscal)
    assert before == previous_year(period, fiscal)


def is_first(day: date) -> bool:
    return day.day == 1


@given(
    st.data(),
    fiscals,
    st.sampled_from(["previous_period", "previous_year", "last_week", "last_month", "last_quarter", "last_year"]),
)
def test_what_is_compared_is_as_long_as_the_period(data: st.DataObject, fiscal: Fiscal, compare: str) -> None:
    """As many months where it is of months, which are counted as such; else as many days."""
    period = data.draw(periods(fiscal))
    try:
        other = compared_with(compare, period, fiscal)
    except CalendarError:  # it would reach into the period
        moved = {"last_week": 7, "last_month": 31, "last_quarter": 92}[compare]
        assert (period.end - period.start).days > moved - 3
        return
    if compare not in ("previous_year", "last_year"):
        assert other.end <= period.start
    by_name = period.name.startswith("last_") and "_day" not in period.name and "_week" not in period.name
    asked_as_days = period.name.startswith("last_") and not by_name
    of_months = is_first(period.start) and is_first(period.end) and not asked_as_days
    if period.kind == "to_date" and not period.name.startswith("week"):
        # From the same day of its month on, and with none more; a shorter month counts whole.
        assert is_first(other.start) or compare == "last_week"
        days = (period.end - period.start).days - (other.end - other.start).days
        assert -3 <= days <= 3
    elif of_months and compare != "last_week":
        assert is_first(other.start)
        assert is_first(other.end)
        assert months_between(other.start, other.end) == months_between(period.start, period.end)
    else:
        assert other.end - other.start == period.end - period.start


@given(st.data(), fiscals, st.sampled_from(["previous_period", "last_month", "last_quarter", "last_year"]))
def test_a_stretch_that_is_cut_is_compared_with_as_many_days(data: st.DataObject, fiscal: Fiscal, compare: str) -> None:
    """However far a period has come that is none of months."""
    period = data.draw(
        st.one_of(ranges, st.builds("{}-W{:02}".format, years, st.integers(1, 52))).map(
            lambda v: parse_period(v, date(2000, 1, 1), fiscal)
        )
    )
    assume(not (is_first(period.start) and is_first(period.end)))
    assume((period.end - period.start).days <= 27)
    other = compared_with(compare, period, fiscal)
    utc = ZoneInfo("UTC")
    for far in range((period.end - period.start).days + 1):
        then = same_point(instant(period.start + far * DAY, utc), period, other, utc)
        assert then == instant(other.start + far * DAY, utc)


@given(st.data(), fiscals, st.sampled_from(GRAINS))
def test_buckets_tile_their_period(data: st.DataObject, fiscal: Fiscal, grain: str) -> None:
    period = data.draw(periods(fiscal))
    assume((period.end - period.start).days <= 800)
    made = buckets(period, grain, fiscal)
    assert [b.start for b in made] == [period.start, *(b.end for b in made[:-1])]
    assert made[-1].end == period.end
    assert all(b.start < b.end for b in made)
    assert [b.index for b in made] == list(range(len(made)))
    assert not any(b.partial for b in made[1:-1])
    for bucket in made:
        unit = floor(bucket.start, bucket.grain, fiscal)
        whole = (unit, following(unit, bucket.grain))
        assert bucket.partial == ((bucket.start, bucket.end) != whole)
    # Labels tell the steps apart, and so do keys.
    assert len({b.key for b in made}) == len({bucket_label(b, "en", True) for b in made})
    assert len({b.key for b in made}) == len(made)


@given(st.data(), fiscals)
def test_the_default_grain_gives_a_readable_number_of_steps(data: st.DataObject, fiscal: Fiscal) -> None:
    period = data.draw(periods(fiscal))
    made = buckets(period, default_grain(period), fiscal)
    assert 1 <= len(made) <= 26
    assert period_label(period, "en")


@given(st.data(), fiscals, st.sampled_from(GRAINS))
def test_a_period_aligned_with_itself(data: st.DataObject, fiscal: Fiscal, grain: str) -> None:
    period = data.draw(periods(fiscal))
    assume((period.end - period.start).days <= 800)
    made = buckets(period, grain, fiscal)
    assert align(made, made) == tuple((b, b) for b in made)


@given(near_days, st.sampled_from(ZONES))
def test_days_begin_in_order_and_hold_about_a_day(day: date, zone_name: str) -> None:
    zone = ZoneInfo(zone_name)
    begins, ends = instant(day, zone), instant(day + DAY, zone)
    assert timedelta(hours=22) <= ends - begins <= timedelta(hours=26)
    # It is that day from the first instant on, and was not just before.
    assert as_naive(begins, zone).date() == day
    assert as_naive(begins - timedelta(microseconds=1), zone).date() == day - DAY
    assert parse_as_of(str(day), zone) == ends


@given(days, st.sampled_from([*ZONES, "Pacific/Apia", "America/St_Johns", "America/Toronto"]))
def test_days_never_begin_before_the_one_before(day: date, zone_name: str) -> None:
    zone = ZoneInfo(zone_name)
    if zone_name == "Pacific/Apia" and day == date(2011, 12, 30):
        assert instant(day, zone) == instant(day + DAY, zone)
    else:
        assert instant(day, zone) < instant(day + DAY, zone)
