"""Lifecycle, maintenance with its states, chains, and what pages state of each connector."""

import django.core.validators
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("registry", "0003_append_only"),
    ]

    operations = [
        migrations.CreateModel(
            name="Maintenance",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "state",
                    models.CharField(
                        choices=[("active", "Active"), ("emeritus", "Emeritus"), ("seeking", "Seeking a maintainer")],
                        max_length=10,
                    ),
                ),
                ("since", models.DateField(blank=True, help_text="Empty: no source says.", null=True)),
                (
                    "last_confirmed",
                    models.DateField(
                        blank=True, help_text="When a source, or they themselves, last said so.", null=True
                    ),
                ),
                (
                    "source",
                    models.CharField(
                        blank=True, help_text="Who says so: an address, or a file and its commit.", max_length=300
                    ),
                ),
            ],
            options={
                "ordering": ["exchange_id", "state", "pk"],
            },
        ),
        migrations.AddField(
            model_name="bounty",
            name="fingerprint",
            field=models.CharField(
                blank=True,
                db_index=True,
                help_text="Of the evidence it was drafted from, empty for one that was not.",
                max_length=64,
            ),
        ),
        migrations.AddField(
            model_name="component",
            name="api_docs_url",
            field=models.URLField(blank=True, max_length=500),
        ),
        migrations.AddField(
            model_name="component",
            name="configs_url",
            field=models.URLField(blank=True, help_text="Its default configuration.", max_length=500),
        ),
        migrations.AddField(
            model_name="component",
            name="connector_version",
            field=models.CharField(
                blank=True, help_text="Of the bot's connector standard, such as v2.1.", max_length=10
            ),
        ),
        migrations.AddField(
            model_name="component",
            name="removed_in",
            field=models.CharField(
                blank=True, help_text="The first release without it, such as 1.13.0.", max_length=20
            ),
        ),
        migrations.AddField(
            model_name="component",
            name="v2_strategies",
            field=models.BooleanField(
                blank=True, help_text="Whether the bot's V2 strategies run on it; empty where nobody says.", null=True
            ),
        ),
        migrations.AddField(
            model_name="exchange",
            name="chains",
            field=models.JSONField(
                blank=True,
                default=list,
                help_text='Where it runs: a list of {"chain": "ethereum", "networks": ["mainnet"]}.',
            ),
        ),
        migrations.AddField(
            model_name="exchange",
            name="lifecycle",
            field=models.CharField(
                choices=[
                    ("active", "In the current release"),
                    ("removed", "Removed"),
                    ("renamed", "Renamed"),
                    ("proposed", "Never in a release"),
                ],
                default="active",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="exchange",
            name="lifecycle_source",
            field=models.CharField(blank=True, help_text="Where that is stated.", max_length=300),
        ),
        migrations.AddField(
            model_name="exchange",
            name="partnership",
            field=models.CharField(
                blank=True,
                choices=[("partner", "Foundation partner"), ("sponsor", "Foundation sponsor")],
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="exchange",
            name="removed_in",
            field=models.CharField(
                blank=True, help_text="The first release without it, such as 1.13.0.", max_length=20
            ),
        ),
        migrations.AddField(
            model_name="exchange",
            name="renamed_to",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="former_entries",
                to="registry.exchange",
            ),
        ),
        migrations.AlterField(
            model_name="component",
            name="connector_id",
            field=models.CharField(
                blank=True,
                help_text="The bot's own name for it, such as kucoin_perpetual.",
                max_length=80,
                validators=[
                    django.core.validators.RegexValidator(
                        "^[A-Za-z0-9_\\-/\\[\\]]+\\Z",
                        "Letters, digits and _ - / [ ] only, as in kucoin_perpetual or jupiter/router.",
                    )
                ],
            ),
        ),
        migrations.AlterField(
            model_name="component",
            name="paper_connector_id",
            field=models.CharField(
                blank=True,
                help_text="What to connect instead of the connector id.",
                max_length=80,
                validators=[
                    django.core.validators.RegexValidator(
                        "^[A-Za-z0-9_\\-/\\[\\]]+\\Z",
                        "Letters, digits and _ - / [ ] only, as in kucoin_perpetual or jupiter/router.",
                    )
                ],
            ),
        ),
        migrations.AlterField(
            model_name="exchange",
            name="market_type",
            field=models.CharField(
                blank=True,
                choices=[
                    ("clob", "Central limit order book (CLOB)"),
                    ("amm", "Automated market maker (AMM)"),
                    ("clmm", "Concentrated liquidity market maker (CLMM)"),
                    ("amm_clmm", "AMM and CLMM"),
                    ("clob_amm", "CLOB and AMM"),
                    ("aggregator", "Aggregator"),
                ],
                max_length=20,
            ),
        ),
        migrations.AlterField(
            model_name="exchangelink",
            name="kind",
            field=models.CharField(
                choices=[
                    ("website", "Website"),
                    ("coinmarketcap", "CoinMarketCap"),
                    ("coingecko", "CoinGecko"),
                    ("defillama", "DefiLlama"),
                    ("api_docs", "API docs"),
                    ("sdk", "SDK"),
                    ("fees", "Fees"),
                    ("explorer", "Explorer"),
                    ("referral", "Referral link"),
                    ("guide", "Connector guide"),
                ],
                max_length=20,
            ),
        ),
        migrations.AddConstraint(
            model_name="exchange",
            constraint=models.CheckConstraint(
                condition=models.Q(("lifecycle", "renamed"), ("renamed_to__isnull", True), _connector="XOR"),
                name="renamed_to_its_new_entry",
            ),
        ),
        migrations.AddConstraint(
            model_name="exchange",
            constraint=models.CheckConstraint(
                condition=models.Q(("renamed_to", models.F("id")), _negated=True), name="not_renamed_to_itself"
            ),
        ),
        migrations.AddField(
            model_name="maintenance",
            name="exchange",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="maintenances", to="registry.exchange"
            ),
        ),
        migrations.AddField(
            model_name="maintenance",
            name="maintainer",
            field=models.ForeignKey(
                blank=True,
                help_text="Empty: seeking one.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="maintenances",
                to="registry.maintainer",
            ),
        ),
        migrations.AddConstraint(
            model_name="maintenance",
            constraint=models.UniqueConstraint(
                fields=("exchange", "maintainer"), name="one_maintenance_per_maintainer"
            ),
        ),
        migrations.AddConstraint(
            model_name="maintenance",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "seeking")), fields=("exchange",), name="seeking_is_said_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="maintenance",
            constraint=models.CheckConstraint(
                condition=models.Q(("state", "seeking"), ("maintainer__isnull", False), _connector="XOR"),
                name="only_seeking_names_nobody",
            ),
        ),
        migrations.AlterField(
            model_name="component",
            name="connection_type",
            field=models.CharField(
                blank=True,
                choices=[
                    ("websocket", "WebSocket"),
                    ("rest", "REST"),
                    ("rest_websocket", "REST and WebSocket"),
                    ("grpc", "gRPC"),
                    ("websocket_grpc", "WebSocket via gRPC"),
                    ("rest_websocket_grpc", "REST, WebSocket and gRPC"),
                    ("gateway", "REST via Gateway"),
                    ("websocket_gateway", "WebSocket via Gateway"),
                ],
                max_length=30,
            ),
        ),
    ]
