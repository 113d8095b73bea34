"""The server of the Model Context Protocol: the tools that agents have, over `tool_answers`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any

import anyio
import anyio.to_thread
from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations
from pydantic import Field, ValidationError

from reportspec.agents.tool_answers import NOTE, Answer, Answers
from reportspec.diagnostics import suggestion
from reportspec.version import __version__

_INSTRUCTIONS = (
    "reportspec compiles YAML specs into CRM reports. Look up metrics and fields with `catalogue`, write a spec, "
    "`validate` it until it is valid, then `query` its figures; `explain` says what a figure is made of. "
    "All tools only read. " + NOTE
)
_SECONDS = 120  # for an answer as a whole: a statement has its own limit

Spec = Annotated[str, Field(description="A spec of the project, by its path in the project's folder: specs/q3.yaml.")]
Text = Annotated[str, Field(description="A spec as YAML, in place of a path. It is kept nowhere.", max_length=100_000)]


class AgentServer(MCPServer[Any]):
    """The server of a project. An argument that no tool has is refused: left out in silence, it would not be answered
    what was asked. `unfinished` counts the answers that nobody waits for any more."""

    unfinished = 0

    async def call_tool(self, name: str, arguments: dict[str, Any], context: Any = None) -> Any:
        """The answer of a tool. Raises ToolError where it is not asked as it can be."""
        known = {tool.name: tool.input_schema.get("properties", {}) for tool in await self.list_tools()}
        for argument in arguments if name in known else ():
            if argument not in known[name]:
                help = suggestion(argument, known[name]) or f"it has {', '.join(known[name])}"
                raise ToolError(f"`{name}` has no argument `{argument[:60]}`: {help}")
        try:
            return await super().call_tool(name, arguments, context)
        except ToolError as error:
            if not isinstance(error.__cause__, ValidationError):
                raise
            wrong = (f"`{one['loc'][0] if one['loc'] else name}`: {one['msg']}" for one in error.__cause__.errors())
            raise ToolError(f"`{name}` is not asked like this: {'; '.join(wrong)}") from None


def server(answers: Answers) -> AgentServer:
    """The server over one project."""
    made = AgentServer("reportspec", instructions=_INSTRUCTIONS, version=__version__, log_level="ERROR")
    reads = ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False)
    one_at_a_time = anyio.CapacityLimiter(1)

    async def answered(work: Callable[[], Answer]) -> Answer:
        def counted() -> Answer:
            try:
                return work()
            finally:
                made.unfinished -= 1

        with anyio.move_on_after(_SECONDS):
            async with one_at_a_time:
                made.unfinished += 1
                return await anyio.to_thread.run_sync(counted, abandon_on_cancel=True)
        return {
            "note": NOTE,
            "failed": True,
            "data": {"messages": [{"code": "timeout", "message": "it took too long"}]},
        }

    @made.tool(annotations=reads)
    async def catalogue(
        what: Annotated[
            str, Field(description="`metrics`, `fields` or `reports`.", pattern="^(metrics|fields|reports)$")
        ],
        search: Annotated[str, Field(description="Only what has all these words.")] = "",
        entity: Annotated[str, Field(description="Of fields: only those of this entity, such as `deal`.")] = "",
    ) -> dict[str, Any]:
        """List metrics, fields or report types with what they mean, and whether this project's source serves them."""
        return await answered(partial(answers.catalogue, what, search, entity if what == "fields" else ""))

    @made.tool(annotations=reads)
    async def validate(spec: Spec = "", text: Text = "") -> dict[str, Any]:
        """Check a spec without touching the data: every mistake with its place, the way out, and edits that mend it."""
        return await answered(partial(answers.validate, spec, text))

    @made.tool(name="compile", annotations=reads)
    async def compile_spec(
        spec: Spec = "",
        text: Text = "",
        dialect: Annotated[str, Field(description="The database to write for; the source's without one.")] = "",
    ) -> dict[str, Any]:
        """The SQL of a spec. It is not run."""
        return await answered(partial(answers.compile, spec, text, dialect))

    @made.tool(annotations=reads)
    async def query(
        spec: Spec = "",
        text: Text = "",
        period: Annotated[str, Field(description="In place of the spec's own: 2026-Q3, last_month.")] = "",
        each: Annotated[str, Field(description="Of a spec with `for_each`: the value.")] = "",
    ) -> dict[str, Any]:
        """The figures of a spec, section by section. Rows are limited; `rows_there` says how many there are."""
        return await answered(partial(answers.query, spec, text, period, each))

    @made.tool(annotations=reads)
    async def explain(
        figure: Annotated[str, Field(description="A metric of the report; all of them without one.")] = "",
        spec: Spec = "",
        text: Text = "",
        row: Annotated[str, Field(description="The key of a record: why it counts in the figure, or does not.")] = "",
    ) -> dict[str, Any]:
        """What a figure is made of: definition, rows, time, tables and columns, SQL; or why a record counts in it."""
        return await answered(partial(answers.explain, spec, text, figure, row))

    @made.tool(annotations=reads)
    async def audit(
        entity: Annotated[str, Field(description="Only the records of this entity.")] = "",
        examples: Annotated[int, Field(description="How many broken records of each check.", ge=0, le=100)] = 3,
    ) -> dict[str, Any]:
        """What is wrong with the records: duplicates, gaps, contradictions, by check, with how many rows."""
        return await answered(partial(answers.audit, entity, examples))

    @made.tool(annotations=reads)
    async def explain_error(
        code: Annotated[str, Field(description="The code of a message, such as `unknown-metric`.")],
    ) -> dict[str, Any]:
        """What the code of a message means, its likeliest causes, and an example, wrong and right."""
        return await answered(partial(answers.message, code))

    return made
