"""the main job"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
EXACT = sa.Numeric(20, 8).with_variant(sa.String(40), "sqlite")

REFUSE_ON_SQLITE = """
CREATE TRIGGER audit_entry_no_{verb} BEFORE {verb} ON audit_entry
BEGIN SELECT RAISE(ABORT, 'audit entries are append-only'); END
"""
REFUSE_ON_POSTGRES = """
CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'audit entries are append-only'; END $$
"""


def upgrade() -> None:
    op.create_table(
        "dispatcher",
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("beat_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_dispatcher")),
    )
    op.create_table(
        "generation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_generation")),
    )
    op.create_table(
        "role",
        sa.Column("id", KEY, nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("permissions", sa.UnicodeText(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_role")),
        sa.UniqueConstraint("name", name=op.f("uq_role_name")),
    )
    op.create_table(
        "user_account",
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("email", sa.String(length=255), nullable=False),
        sa.Column("password", sa.String(length=255), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("fs_uniquifier", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_account")),
        sa.UniqueConstraint("email", name=op.f("uq_user_account_email")),
        sa.UniqueConstraint("fs_uniquifier", name=op.f("uq_user_account_fs_uniquifier")),
        sa.UniqueConstraint("public_id", name=op.f("uq_user_account_public_id")),
    )
    op.create_table(
        "api_token",
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("user", KEY, nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["user"], ["user_account.id"], name=op.f("fk_api_token_user_user_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_token")),
        sa.UniqueConstraint("public_id", name=op.f("uq_api_token_public_id")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_api_token_token_hash")),
    )
    op.create_index(op.f("ix_api_token_user"), "api_token", ["user"], unique=False)
    op.create_table(
        "connection",
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("user", KEY, nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("environment", sa.String(length=8), nullable=False),
        sa.Column("server", sa.String(length=80), nullable=False),
        sa.Column("email", sa.String(length=255), nullable=False),
        sa.Column("password_sealed", sa.Text(), nullable=False),
        sa.Column("tokens_sealed", sa.Text(), nullable=True),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("state_reason", sa.Text(), nullable=True),
        sa.Column("state_at", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user"], ["user_account.id"], name=op.f("fk_connection_user_user_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_connection")),
        sa.UniqueConstraint("public_id", name=op.f("uq_connection_public_id")),
        sa.UniqueConstraint(
            "user",
            "environment",
            "server",
            "email",
            name=op.f("uq_connection_user_environment_server_email"),
        ),
        sa.UniqueConstraint("user", "name", name=op.f("uq_connection_user_name")),
    )
    op.create_index(op.f("ix_connection_user"), "connection", ["user"], unique=False)
    op.create_table(
        "data_key",
        sa.Column("user", KEY, nullable=False),
        sa.Column("wrapped", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user"], ["user_account.id"], name=op.f("fk_data_key_user_user_account")
        ),
        sa.PrimaryKeyConstraint("user", name=op.f("pk_data_key")),
    )
    op.create_table(
        "hook",
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("user", KEY, nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("dialect", sa.String(length=20), nullable=False),
        sa.Column("time", sa.String(length=8), nullable=False),
        sa.Column("window", sa.Integer(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("secret_hash", sa.String(length=64), nullable=True),
        sa.Column("allow_from", sa.Text(), nullable=True),
        sa.Column("signature", sa.String(length=20), nullable=True),
        sa.Column("signature_secrets", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user"], ["user_account.id"], name=op.f("fk_hook_user_user_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hook")),
        sa.UniqueConstraint("public_id", name=op.f("uq_hook_public_id")),
        sa.UniqueConstraint("user", "name", name=op.f("uq_hook_user_name")),
    )
    op.create_index(op.f("ix_hook_user"), "hook", ["user"], unique=False)
    op.create_table(
        "user_role",
        sa.Column("user_id", KEY, nullable=False),
        sa.Column("role_id", KEY, nullable=False),
        sa.ForeignKeyConstraint(["role_id"], ["role.id"], name=op.f("fk_user_role_role_id_role")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name=op.f("fk_user_role_user_id_user_account")
        ),
        sa.PrimaryKeyConstraint("user_id", "role_id", name=op.f("pk_user_role")),
    )
    op.create_table(
        "account",
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("user", KEY, nullable=False),
        sa.Column("connection", KEY, nullable=False),
        sa.Column("ref_kind", sa.String(length=8), nullable=False),
        sa.Column("ref", sa.String(length=40), nullable=False),
        sa.Column("broker_id", sa.String(length=40), nullable=True),
        sa.Column("acc_num", sa.String(length=20), nullable=True),
        sa.Column("name", sa.String(length=120), nullable=True),
        sa.Column("currency", sa.String(length=10), nullable=True),
        sa.Column("trouble", sa.Text(), nullable=True),
        sa.Column("resolved_at", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection"], ["connection.id"], name=op.f("fk_account_connection_connection")
        ),
        sa.ForeignKeyConstraint(
            ["user"], ["user_account.id"], name=op.f("fk_account_user_user_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint(
            "connection", "broker_id", name=op.f("uq_account_connection_broker_id")
        ),
        sa.UniqueConstraint(
            "connection", "ref_kind", "ref", name=op.f("uq_account_connection_ref_kind_ref")
        ),
        sa.UniqueConstraint("public_id", name=op.f("uq_account_public_id")),
    )
    op.create_index(op.f("ix_account_connection"), "account", ["connection"], unique=False)
    op.create_index(op.f("ix_account_user"), "account", ["user"], unique=False)
    op.create_table(
        "alert",
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("user", KEY, nullable=False),
        sa.Column("hook", KEY, nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("source_time", sa.BigInteger(), nullable=True),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("dialect", sa.String(length=20), nullable=True),
        sa.Column("test", sa.Boolean(), nullable=False),
        sa.Column("code", sa.String(length=60), nullable=True),
        sa.Column("field", sa.String(length=120), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("duplicate_of", KEY, nullable=True),
        sa.Column("conflict", sa.Boolean(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.String(length=80), nullable=False),
        sa.Column("content_type", sa.String(length=200), nullable=True),
        sa.Column("sender", sa.String(length=60), nullable=True),
        sa.Column("signals", sa.Text(), nullable=False),
        sa.Column("repairs", sa.Text(), nullable=False),
        sa.Column("not_honoured", sa.Text(), nullable=False),
        sa.Column("unmatched", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["duplicate_of"], ["alert.id"], name=op.f("fk_alert_duplicate_of_alert")
        ),
        sa.ForeignKeyConstraint(["hook"], ["hook.id"], name=op.f("fk_alert_hook_hook")),
        sa.ForeignKeyConstraint(
            ["user"], ["user_account.id"], name=op.f("fk_alert_user_user_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert")),
        sa.UniqueConstraint("public_id", name=op.f("uq_alert_public_id")),
    )
    op.create_index(op.f("ix_alert_hook"), "alert", ["hook"], unique=False)
    op.create_index("ix_alert_user_id", "alert", ["user", "id"], unique=False)
    op.create_index("ix_alert_user_received_at", "alert", ["user", "received_at"], unique=False)
    op.create_table(
        "hook_token",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("hook", KEY, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["hook"], ["hook.id"], name=op.f("fk_hook_token_hook_hook")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_hook_token")),
    )
    op.create_index(op.f("ix_hook_token_hook"), "hook_token", ["hook"], unique=False)
    op.create_table(
        "rate",
        sa.Column("connection", KEY, nullable=False),
        sa.Column("route", sa.String(length=40), nullable=False),
        sa.Column("tat", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection"], ["connection.id"], name=op.f("fk_rate_connection_connection")
        ),
        sa.PrimaryKeyConstraint("connection", "route", name=op.f("pk_rate")),
    )
    op.create_table(
        "rule",
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("user", KEY, nullable=False),
        sa.Column("hook", KEY, nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("mode", sa.String(length=8), nullable=False),
        sa.Column("spec", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("removed_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["hook"], ["hook.id"], name=op.f("fk_rule_hook_hook")),
        sa.ForeignKeyConstraint(
            ["user"], ["user_account.id"], name=op.f("fk_rule_user_user_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule")),
        sa.UniqueConstraint("public_id", name=op.f("uq_rule_public_id")),
    )
    op.create_index(op.f("ix_rule_hook"), "rule", ["hook"], unique=False)
    op.create_index(op.f("ix_rule_user"), "rule", ["user"], unique=False)
    op.create_index(
        "uq_rule_user_name",
        "rule",
        ["user", "name"],
        unique=True,
        sqlite_where=sa.text("removed_at IS NULL"),
        postgresql_where=sa.text("removed_at IS NULL"),
    )
    op.create_table(
        "execution",
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("user", KEY, nullable=False),
        sa.Column("alert", KEY, nullable=False),
        sa.Column("signal_no", sa.Integer(), nullable=False),
        sa.Column("rule", KEY, nullable=False),
        sa.Column("account", KEY, nullable=False),
        sa.Column("turn", KEY, nullable=False),
        sa.Column("leg", sa.Integer(), nullable=False),
        sa.Column("instrument", sa.String(length=80), nullable=True),
        sa.Column("action", sa.String(length=10), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("direction", sa.String(length=8), nullable=False),
        sa.Column("intent", sa.Text(), nullable=False),
        sa.Column("shadow", sa.String(length=20), nullable=True),
        sa.Column("status", sa.String(length=14), nullable=False),
        sa.Column("code", sa.String(length=60), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("waiting", sa.Text(), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("tag", sa.String(length=31), nullable=False),
        sa.Column("fence", KEY, nullable=True),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("looks", sa.Integer(), nullable=False),
        sa.Column("absent_reads", sa.Integer(), nullable=False),
        sa.Column("side", sa.String(length=5), nullable=True),
        sa.Column("quantity", EXACT, nullable=True),
        sa.Column("plan", sa.Text(), nullable=True),
        sa.Column("arithmetic", sa.Text(), nullable=False),
        sa.Column("broker_order_id", sa.String(length=40), nullable=True),
        sa.Column("position_id", sa.String(length=40), nullable=True),
        sa.Column("fill_price", EXACT, nullable=True),
        sa.Column("fill_lots", EXACT, nullable=True),
        sa.Column("source_time", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=True),
        sa.Column("answered_at", sa.BigInteger(), nullable=True),
        sa.Column("final_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account"], ["account.id"], name=op.f("fk_execution_account_account")
        ),
        sa.ForeignKeyConstraint(["alert"], ["alert.id"], name=op.f("fk_execution_alert_alert")),
        sa.ForeignKeyConstraint(["rule"], ["rule.id"], name=op.f("fk_execution_rule_rule")),
        sa.ForeignKeyConstraint(
            ["user"], ["user_account.id"], name=op.f("fk_execution_user_user_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_execution")),
        sa.UniqueConstraint(
            "alert",
            "signal_no",
            "rule",
            "account",
            "leg",
            name=op.f("uq_execution_alert_signal_no_rule_account_leg"),
        ),
        sa.UniqueConstraint("public_id", name=op.f("uq_execution_public_id")),
        sa.UniqueConstraint("tag", name=op.f("uq_execution_tag")),
    )
    op.create_index(
        "ix_execution_lane",
        "execution",
        ["account", "turn", "leg"],
        unique=False,
        sqlite_where=sa.text(
            "status NOT IN ('cancelled', 'denied', 'expired', 'filled', 'not_placed', 'rejected', 'shadowed')"
        ),
        postgresql_where=sa.text(
            "status NOT IN ('cancelled', 'denied', 'expired', 'filled', 'not_placed', 'rejected', 'shadowed')"
        ),
    )
    op.create_index("ix_execution_user_id", "execution", ["user", "id"], unique=False)
    op.create_index(
        "uq_execution_in_flight",
        "execution",
        ["account", "instrument"],
        unique=True,
        sqlite_where=sa.text("status IN ('sending', 'unknown')"),
        postgresql_where=sa.text("status IN ('sending', 'unknown')"),
    )
    op.create_index(
        "uq_execution_sending",
        "execution",
        ["account"],
        unique=True,
        sqlite_where=sa.text("status = 'sending'"),
        postgresql_where=sa.text("status = 'sending'"),
    )
    op.create_table(
        "lane",
        sa.Column("account", KEY, nullable=False),
        sa.Column("ready_at", sa.BigInteger(), nullable=True),
        sa.Column("last_turn", KEY, nullable=False),
        sa.Column("owner", sa.String(length=80), nullable=True),
        sa.Column("lease_until", sa.BigInteger(), nullable=False),
        sa.Column("fence", KEY, nullable=False),
        sa.ForeignKeyConstraint(["account"], ["account.id"], name=op.f("fk_lane_account_account")),
        sa.PrimaryKeyConstraint("account", name=op.f("pk_lane")),
        postgresql_with={"fillfactor": "70"},
    )
    op.create_index(
        "ix_lane_ready_at",
        "lane",
        ["ready_at"],
        unique=False,
        sqlite_where=sa.text("ready_at IS NOT NULL"),
        postgresql_where=sa.text("ready_at IS NOT NULL"),
    )
    op.create_table(
        "rule_account",
        sa.Column("rule", KEY, nullable=False),
        sa.Column("account", KEY, nullable=False),
        sa.Column("multiplier", EXACT, nullable=False),
        sa.ForeignKeyConstraint(
            ["account"], ["account.id"], name=op.f("fk_rule_account_account_account")
        ),
        sa.ForeignKeyConstraint(["rule"], ["rule.id"], name=op.f("fk_rule_account_rule_rule")),
        sa.PrimaryKeyConstraint("rule", "account", name=op.f("pk_rule_account")),
    )
    op.create_table(
        "seen",
        sa.Column("hook", KEY, nullable=False),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("alert", KEY, nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["alert"], ["alert.id"], name=op.f("fk_seen_alert_alert")),
        sa.ForeignKeyConstraint(["hook"], ["hook.id"], name=op.f("fk_seen_hook_hook")),
        sa.PrimaryKeyConstraint("hook", "key", name=op.f("pk_seen")),
    )
    op.create_table(
        "attempt",
        sa.Column("execution", KEY, nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("fence", KEY, nullable=False),
        sa.Column("request_hash", sa.String(length=64), nullable=False),
        sa.Column("target", sa.String(length=40), nullable=True),
        sa.Column("seen", EXACT, nullable=True),
        sa.Column("sent_at", sa.BigInteger(), nullable=False),
        sa.Column("wire", sa.String(length=14), nullable=True),
        sa.Column("answered_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["execution"], ["execution.id"], name=op.f("fk_attempt_execution_execution")
        ),
        sa.PrimaryKeyConstraint("execution", "n", name=op.f("pk_attempt")),
    )
    op.create_table(
        "audit_entry",
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("user", KEY, nullable=True),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("event", sa.String(length=60), nullable=False),
        sa.Column("alert", KEY, nullable=True),
        sa.Column("execution", KEY, nullable=True),
        sa.Column("subject", sa.String(length=120), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("data", sa.Text(), nullable=True),
        sa.Column("call", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["alert"], ["alert.id"], name=op.f("fk_audit_entry_alert_alert")),
        sa.ForeignKeyConstraint(
            ["execution"], ["execution.id"], name=op.f("fk_audit_entry_execution_execution")
        ),
        sa.ForeignKeyConstraint(
            ["user"], ["user_account.id"], name=op.f("fk_audit_entry_user_user_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entry")),
        sa.UniqueConstraint("public_id", name=op.f("uq_audit_entry_public_id")),
    )
    op.create_index("ix_audit_entry_alert", "audit_entry", ["alert"], unique=False)
    op.create_index("ix_audit_entry_execution", "audit_entry", ["execution"], unique=False)
    op.create_index("ix_audit_entry_user_id", "audit_entry", ["user", "id"], unique=False)
    _only_append()
    op.execute("INSERT INTO generation (id, number) VALUES (1, 1)")


def _only_append() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(REFUSE_ON_SQLITE.format(verb=verb))
        return
    op.execute(REFUSE_ON_POSTGRES)
    op.execute(
        "CREATE TRIGGER audit_entry_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entry "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()"
    )
