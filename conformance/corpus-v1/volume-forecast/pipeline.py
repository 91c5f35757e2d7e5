"""Steps that hand everything on through a volume at a path that is a parameter, with a secret for the first and
metrics from the last: the shape of a published forecasting pipeline."""

from kfp import components, dsl
from kfp.components import OutputPath


def download(dataset: str, data_path: str):
    import os
    secret = '/secret/kaggle-secret'
    with open(os.path.join(secret, 'username')) as user, open(os.path.join(secret, 'password')) as key:
        assert (user.read(), key.read()) == ('somebody', 'something')
    with open(os.path.join(data_path, 'train.csv'), 'w') as out:
        out.write('timestamp,close\n' + ''.join('%d,%d\n' % (n, n * n % 97) for n in range(200)))
    assert dataset == 'prices'


def features(data_path: str):
    import csv
    import json
    with open(data_path + '/train.csv') as rows:
        closes = [float(row['close']) for row in csv.DictReader(rows)]
    with open(data_path + '/features.json', 'w') as out:
        json.dump([[a, b] for a, b in zip(closes, closes[1:])], out)


def evaluate(data_path: str, metrics: OutputPath(str), mlpipeline_metrics: OutputPath('Metrics')):
    import json
    with open(data_path + '/features.json') as rows:
        pairs = json.load(rows)
    error = sum((a - b) ** 2 for a, b in pairs) / len(pairs)
    result = {'metrics': [{'name': 'root-mean-squared-error', 'numberValue': error ** 0.5, 'format': 'RAW'}]}
    for path in (metrics, mlpipeline_metrics):
        with open(path, 'w') as out:
            json.dump(result, out)


download_op = components.create_component_from_func(download)
features_op = components.create_component_from_func(features)
evaluate_op = components.create_component_from_func(evaluate)


@dsl.pipeline(name='volume-forecast')
def pipeline(dataset: str, data_path: str):
    volume = dsl.VolumeOp(name='create data volume', resource_name='data-volume', modes=dsl.VOLUME_MODE_RWO,
                          size='1Gi')
    downloaded = download_op(dataset, data_path).add_pvolumes({data_path: volume.volume})
    downloaded.add_pod_label('forecast-data', 'true')
    downloaded.apply(secret)
    featured = features_op(data_path).add_pvolumes({data_path: volume.volume}).after(downloaded)
    evaluate_op(data_path).add_pvolumes({data_path: volume.volume}).after(featured)


def secret(task):
    from kubernetes.client import V1SecretVolumeSource, V1Volume, V1VolumeMount
    source = V1SecretVolumeSource(secret_name='forecast-secret')
    task.add_volume(V1Volume(name='forecast-secret', secret=source))
    task.container.add_volume_mount(V1VolumeMount(name='forecast-secret', mount_path='/secret/kaggle-secret'))
    return task
