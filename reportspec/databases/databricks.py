"""Databricks, which speaks Spark's SQL."""

from __future__ import annotations

from sqlglot import exp

from reportspec.databases import Database
from reportspec.databases.spark import INSTANTS, RULES
from reportspec.run.alchemy import Driver
from reportspec.run.url_options import url_options
from reportspec.sql.dialects.generic import greatest, least
from reportspec.sql.dialects.rewrite import Dialect

DATABRICKS = Dialect(
    "databricks", "Databricks", "databricks",
    {**RULES, exp.Greatest: greatest, exp.Least: least},
    merges=True,
    lacks="%j",
    text_end=r"\z",
    instants=INSTANTS,
    allowed=frozenset({exp.DateDiff, exp.TimestampDiff, exp.ConvertTimezone, exp.DateTrunc, exp.TimestampTrunc,
                       exp.DateAdd, exp.Quantile, exp.AddMonths, exp.TsOrDsAdd, exp.TsOrDsToDate, exp.TimestampAdd}),
    functions=frozenset({"PERCENTILE"}),
    traits={"zones": "native", "percentiles": "PERCENTILE", "names": "as written",
            "text": "exact", "read only": "by the user's rights"},
)  # fmt: skip

DATABASE = Database(
    "databricks",
    "Databricks",
    ("databricks",),
    "databricks",
    "databricks://token:${TOKEN}@host?http_path=…&catalog=main&schema=crm",
    DATABRICKS,
    Driver("databricks").open,
    options=url_options(
        "http_path catalog schema auth_type _socket_timeout _tls_trusted_ca_file _tls_client_cert_file"
        " _tls_client_cert_key_file _tls_client_cert_key_password"
    ),
)
