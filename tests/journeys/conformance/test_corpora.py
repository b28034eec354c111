"""Each case of the corpora comes out as we choose: none forbidden by an RFC, none merely lenient."""
from conformance import corpora


def test_http1():
    result = corpora.run_http1()
    assert len(result.verdicts) >= 450
    assert not result.failures, "\n".join(result.failures)
