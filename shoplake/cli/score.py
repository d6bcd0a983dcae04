"""`shoplake score`: how well frauds, lifts and dirt were found, against what really happened."""

from decimal import Decimal
from typing import Annotated, Any

import typer

from shoplake.cli.options import JsonOption, ReleaseOption
from shoplake.cli.output import Output
from shoplake.core.settings import load_settings


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(score)


def score(
    table: Annotated[
        str | None,
        typer.Option("--table", help="Grade the frauds of this table instead: order_id, and is_fraud or score. Such as my.fraud."),
    ] = None,
    release: ReleaseOption = None,
    threshold: Annotated[
        float, typer.Option(help="From which score on an order of --table counts as fraud, where it has no is_fraud.")
    ] = 0.5,
    as_json: JsonOption = False,
) -> None:
    """Show how well the lake tells frauds, what vouchers bring, and dirty messages, against what really happened.

    The shop's ground truth knows; nothing of the pipeline can read it. Shares are 0 to 1.

    Example: shoplake score --table my.fraud
    """
    from scoring.score import score as run

    output = Output(as_json)
    scores = run(load_settings(), table, release, threshold)

    def share(value: float | None) -> Any:
        """Shares need more digits than people are otherwise shown."""
        return Decimal(f"{value:.4f}") if value is not None and not output.as_json else value

    output.fields("score", {"release": scores.release_id, "fraud_table": scores.fraud_table})
    output.table(
        "fraud",
        ("kind", "frauds", "caught", "recall", "flagged", "right", "precision"),
        [(one.kind, one.frauds, one.caught, share(one.recall), one.flagged, one.right, share(one.precision)) for one in scores.frauds],
        title="Frauds; of each kind, flagged counts the orders that look like it, right those that are any fraud",
    )
    if scores.feed is not None:
        output.table(
            "dirt",
            ("kind", "dirty", "caught", "caught_share", "named"),
            [(one.kind, one.dirty, one.caught, share(one.caught_share), one.named) for one in scores.feed.dirt],
            title="Dirty messages of the marketplaces; named: found as what they are",
        )
        output.fields(
            "clean",
            {
                "clean_messages": scores.feed.clean,
                "clean_messages_refused": scores.feed.refused,
                "clean_share_refused": share(scores.feed.refused_share),
            },
        )
        output.table(
            "lift",
            ("campaign", "treated_orders", "caused_orders", "true_lift", "estimated_lift", "error"),
            [
                (one.campaign, one.treated_orders, one.caused_orders, *map(share, (one.true, one.estimated, one.error)))
                for one in scores.lifts
            ],
            title="What voucher campaigns brought: orders of those who got one, over what these would have ordered without",
        )
    output.close()
