"""The checked-in table of KFP's schema is what KFP's own descriptors give."""

import pytest

from kalelike.lint.document.schema import load_schema, snake_case

from .schema_generator import TABLE, derive_schema, render


@pytest.mark.kfp
def test_table_is_that_of_kfp() -> None:
    assert TABLE.read_text("utf-8") == render(derive_schema())


def test_fields_are_known_by_both_spellings() -> None:
    fields = load_schema().messages["PipelineTaskSpec"]
    assert fields["dependent_tasks"] is fields["dependentTasks"]
    assert snake_case("backoffMaxDuration") == "backoff_max_duration"
