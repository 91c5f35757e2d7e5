"""An output of each system type."""

from kfp import dsl
from kfp.dsl import Artifact, ClassificationMetrics, Dataset, HTML, Markdown, Metrics, Model, Output, SlicedClassificationMetrics


@dsl.component(base_image='python:3.11', packages_to_install=[])
def make(a: Output[Artifact], d: Output[Dataset], m: Output[Model], h: Output[HTML], k: Output[Markdown],
         s: Output[Metrics], c: Output[ClassificationMetrics], l: Output[SlicedClassificationMetrics]):
    for artifact in (a, d, m):
        with open(artifact.path, 'w') as f:
            f.write(type(artifact).__name__)
    with open(h.path, 'w') as f:
        f.write('<h1>Report</h1>')
    with open(k.path, 'w') as f:
        f.write('# Report')
    s.log_metric('accuracy', 0.75)
    c.log_confusion_matrix(['cat', 'dog'], [[8, 2], [1, 9]])
    c.log_roc_curve([0.0, 0.5, 1.0], [0.0, 0.9, 1.0], [1.0, 0.5, 0.1])


@dsl.pipeline(name='py-artifact-kinds')
def pipeline():
    make()
