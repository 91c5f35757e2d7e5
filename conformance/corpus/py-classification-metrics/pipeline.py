"""A confusion matrix and a curve lie in the metadata of their artifact."""

from kfp import dsl
from kfp.dsl import ClassificationMetrics, Output


@dsl.component(base_image='python:3.11', packages_to_install=[])
def judge(metrics: Output[ClassificationMetrics]):
    metrics.log_confusion_matrix(['cat', 'dog'], [[8, 2], [1, 9]])
    metrics.log_roc_data_point(fpr=0.1, tpr=0.9, threshold=0.5)


@dsl.pipeline(name='py-classification-metrics')
def pipeline():
    judge()
