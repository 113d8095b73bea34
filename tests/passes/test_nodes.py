"""What is looked for in trees is found as sqlglot finds it."""

from __future__ import annotations

from sqlglot import exp

from reportspec.catalogue.load import packaged
from reportspec.expression.trees import column, copied, nodes_in


def test_nodes_are_those_of_find_all_in_its_order() -> None:
    trees = [entity.derived.where for entity in packaged().entities.values() if entity.derived is not None]
    trees += [tree for e in packaged().entities.values() if e.derived for tree in e.derived.fields.values()]
    looked_at = 0
    for tree in filter(None, trees):
        for kinds in ((exp.Column,), (exp.Dot, exp.Column), (exp.Case,), (exp.Not, exp.EQ, exp.NEQ, exp.In)):
            found = nodes_in(tree, *kinds)
            assert list(map(id, found)) == [id(node) for node in tree.find_all(*kinds)]
            looked_at += len(found)
    assert looked_at > 100


def test_shared_names_of_columns_keep_nothing_alive() -> None:
    first, second = column("deal", "amount"), column("deal", "amount")
    whole = exp.Select(expressions=[exp.Alias(this=copied(first), alias=exp.to_identifier("a")), second])
    assert first == second
    assert whole.sql() == 'SELECT "deal"."amount" AS a, "deal"."amount"'
    assert all(name.parent is None for node in (first, *nodes_in(whole, exp.Column)) for name in node.args.values())
