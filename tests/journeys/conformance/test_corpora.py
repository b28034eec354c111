"""Each case of the corpora comes out as we choose: none forbidden by an RFC, none merely lenient."""
from conformance import corpora


def check(result, least):
    assert len(result.verdicts) >= least
    assert not result.failures, "\n".join(result.failures)


def test_http1():
    check(corpora.run_http1(), least=450)


def test_http2():
    check(corpora.run_http2(), least=150)


def test_floods():
    check(corpora.run_floods(), least=20)
