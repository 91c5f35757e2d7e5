"""Metrics in the metadata: numbers, texts and several calls."""

from typing import NamedTuple

from kfp import dsl
from kfp.dsl import Metrics, Output


@dsl.component(base_image='python:3.11', packages_to_install=[])
def train(rate: float, metrics: Output[Metrics]) -> float:
    loss = 1 / rate
    metrics.log_metric('loss', loss)
    metrics.log_metric('root-mean-squared-error', loss / 2)
    metrics.log_metric('epochs', 3)
    metrics.metadata['note'] = 'made up'
    return loss


@dsl.pipeline(name='py-metrics')
def pipeline(rate: float = 4.0) -> NamedTuple('O', [('loss', float), ('metrics', Metrics)]):
    t = train(rate=rate)
    O = NamedTuple('O', [('loss', float), ('metrics', Metrics)])
    return O(t.outputs['Output'], t.outputs['metrics'])
